"""Why a caller has no usable credentials: one sentence, with what to do about it."""

import errno
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidConfigError,
    NoCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
)

from auditor.aws.causes import clock_fault
from auditor.aws.errors import PARSER_ERRORS, reason_of, request_error, translate
from auditor.aws.profiles import Profile, login_profile, mfa_serial, process_programs
from auditor.aws.redaction import without_secrets
from auditor.errors import CallerError, RequestError
from auditor.model.codes import CONNECTION_FAILED, CREDENTIALS_UNAVAILABLE, REGION_DISABLED, TIMEOUT, TLS_FAILED

_SSO_ERRORS = ("SSOTokenLoadError", "TokenRetrievalError", "UnauthorizedSSOTokenError")
_UNKNOWN_KEYS = frozenset({"InvalidClientTokenId", "UnrecognizedClientException"})
_NOBODY_THERE = frozenset({CONNECTION_FAILED, TIMEOUT, TLS_FAILED})
_NO_ENDPOINT = "Invalid endpoint: "
_NOT_OF_A_KEY = re.compile(r"[^\x21-\x7e]")
_REGION = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")


class UnusableText(Exception):  # noqa: N818 - it says what is wrong with a text
    """Raised where a key, a token or a region has a letter that none has; its text says which, and where it is from."""


@dataclass(frozen=True, slots=True)
class CallerSettings:
    """Where a caller's credentials come from, as far as it is known."""

    profile: str | None = None
    """The profile that an option or a variable names."""
    profiles: tuple[Profile, ...] = ()
    """That profile or the default one, and those that it takes its credentials from."""
    region: str = ""

    @property
    def whose(self) -> str:
        """A subject for sentences."""
        return f"profile {self.profile!r}" if self.profile else "the default credentials"

    @property
    def option(self) -> str:
        """The profile as an option of AWS's own command."""
        return f" --profile {self.profile}" if self.profile else ""


def whole(sentence: str) -> str:
    """The sentence with its full stop."""
    return sentence if sentence.endswith((".", "…")) else f"{sentence}."


def refresh_error(error: Exception, *, settings: CallerSettings) -> RequestError:
    """The error of a request for which no credentials could be had, though there were some when the run began."""
    message = caller_sentence(error, settings=settings, given=True)
    return request_error(code=CREDENTIALS_UNAVAILABLE, message=message, service="credentials", operation="refresh")


def caller_sentence(error: Exception, *, settings: CallerSettings, given: bool = False) -> str:
    """What keeps a caller from having credentials; without a full stop.

    Where something may have been `given`, by a provider, the words of an error over its shape may be all of it.
    """
    if known := _of_kind(error, settings):
        return known
    if str(error).startswith(_NO_ENDPOINT):
        url = without_secrets(str(error).removeprefix(_NO_ENDPOINT))
        advice = "give its scheme, too, in AWS_ENDPOINT_URL, in the variable of one service, or in the profile"
        return f"{url} is not the URL of an endpoint: {advice}"
    fault = clock_fault(translate(error, service="sts", operation="assume_role"), now=datetime.now(UTC))
    if fault is not None:
        return fault
    verb = "was refused" if isinstance(error, ClientError) else "could not be used"
    shapeless = given and isinstance(error, PARSER_ERRORS) and not isinstance(error, BotoCoreError)
    reason = _of_shape(error, settings) if shapeless else _reason(error, settings)
    return f"{_capital(settings.whose)} {verb}: {reason}"


def region_advice(code: str, *, region: str) -> str:
    """What to do where STS refuses a caller because of the region; empty where the region is not why."""
    if code in _UNKNOWN_KEYS and region:
        return (
            f"STS was asked in {region}: keys of GovCloud and China are known in their own regions only, and none in a "
            "region that is not enabled; set AWS_REGION to one of theirs, such as us-gov-west-1 or cn-north-1"
        )
    if code == REGION_DISABLED and region:
        return f"STS is switched off in {region}: set AWS_REGION to another region, such as us-east-1, or switch it on"
    return ""


def with_advice(error: RequestError, *, region: str, endpoint_from: str = "") -> RequestError:
    """The same error with what to do about the region in which STS was asked, or its endpoint, where that is why.

    The endpoint is `endpoint_from` a variable or a setting; where that is empty, it is AWS's own.
    """
    advice = region_advice(error.code, region=region)
    if error.code in _NOBODY_THERE:
        named = f"This endpoint is the one that {endpoint_from} names: see whether it is right and has started"
        advice = named if endpoint_from else "Check network, VPN, name server and proxy"
    message = f"{error.message.rstrip('.')}. {advice}" if advice else error.message
    return request_error(**{**vars(error), "message": message})


def check_workers_can_share(settings: CallerSettings) -> None:
    """Raise CallerError where each worker would ask for an MFA code, and none has a terminal of its own."""
    if mfa_serial(settings.profiles):
        raise CallerError(whole(_of_mfa(settings, why="each worker would have to ask for one of its own")))


def check_endpoint(url: str, *, service: str) -> None:
    """Raise CallerError where an endpoint's port is none: the SDK looks at its host only."""
    try:
        urlsplit(url).port  # noqa: B018 - it is read when it is asked for
    except ValueError as error:
        raise CallerError(f"The endpoint of {service} has an invalid port: {without_secrets(url)}.") from error


def check_keys(keys: Iterable[tuple[str, str]]) -> None:
    """Raise UnusableText where a key or a token, each with where it is from, has a line break or another odd letter."""
    for where, text in keys:
        if found := _NOT_OF_A_KEY.search(text):
            raise UnusableText(f"{_capital(where)} has {_in_words(found[0])} in it, which no key has: set it anew")


def check_region(region: str, *, where: str) -> None:
    """Raise UnusableText where a text is no region's name."""
    if not _REGION.fullmatch(region):
        found = _NOT_OF_A_KEY.search(region)
        why = f"{_in_words(found[0])} is in it" if found else repr(region)
        raise UnusableText(f"{_capital(where)} is no region: {why}")


def _in_words(letter: str) -> str:
    if letter in "\r\n":
        return "a line break"
    return "a blank" if letter.isspace() else f"the character {letter!a}"


def _capital(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


def _of_kind(error: Exception, settings: CallerSettings) -> str:
    """The sentence of a fault that has one of its own, empty where it has none."""
    if isinstance(error, ProfileNotFound):
        return f"The profile {error.kwargs['profile']!r} is not configured: see `aws configure list-profiles`"
    if isinstance(error, UnusableText):
        return str(error)
    if isinstance(error, NoCredentialsError | InvalidConfigError):
        return _of_none(error, settings)
    if type(error).__name__ in _SSO_ERRORS:
        command = f"aws sso login{settings.option}"
        return f"The SSO session of {settings.whose} has expired or is missing: run `{command}`"
    if isinstance(error, EOFError | RefreshWithMFAUnsupportedError):
        no_terminal = isinstance(error, EOFError)
        why = (
            "there is no terminal to ask for it at"
            if no_terminal
            else "the credentials that one was given for have ended"
        )
        return _of_mfa(settings, why=why)
    return ""


def _of_none(error: Exception, settings: CallerSettings) -> str:
    if name := login_profile(settings.profiles):
        return (
            f"The profile {name!r} is one of `aws login`, which this SDK can't read: give a profile with the line "
            f"`credential_process = aws configure export-credentials --profile {name} --format process`"
        )
    if not isinstance(error, NoCredentialsError):
        return ""
    if settings.profile:
        return (
            f"Profile {settings.profile!r} has no credentials: it names no keys, role, SSO session or "
            "credential_process that could be used"
        )
    return "No AWS credentials were found: give --profile, or set up the SDK's own chain"


def _of_mfa(settings: CallerSettings, *, why: str) -> str:
    serial = mfa_serial(settings.profiles)
    device = f" of {serial}" if serial else ""
    return (
        f"{_capital(settings.whose)} needs an MFA code{device}, and {why}: first get credentials of a session, with "
        f"`aws configure export-credentials{settings.option} --format env` for one, and leave the profile out"
    )


def _reason(error: Exception, settings: CallerSettings) -> str:
    if isinstance(error, OSError):
        return _of_system(error, settings)
    if isinstance(error, PARSER_ERRORS):
        return without_secrets(str(error)) or type(error).__name__
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        advice = region_advice(code, region=settings.region)
        return f"{without_secrets(str(error))}{'. ' if advice else ''}{advice}"
    if isinstance(error, RuntimeError) and "still expired" in str(error):
        return "what its provider gave had already expired"
    return reason_of(error)


def _of_shape(error: Exception, settings: CallerSettings) -> str:
    """What is wrong with what was given."""
    giver = "its credential_process printed" if process_programs(settings.profiles) else "its provider gave"
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}: what {giver} is no JSON"
    if isinstance(error, KeyError):
        return f"what {giver} has no {without_secrets(str(error))}"
    return f"what {giver} is not what credentials look like ({type(error).__name__})"


def _of_system(error: OSError, settings: CallerSettings) -> str:
    programs = process_programs(settings.profiles)
    # Not every event loop says which file it was.
    program = error.filename or next(iter(programs), "")
    if program in programs and error.errno in {errno.ENOENT, errno.EACCES, errno.ENOTDIR, errno.ENOEXEC}:
        why = "is not there" if error.errno == errno.ENOENT else "can't be run"
        return f"the program {program!r} of its credential_process {why}"
    return reason_of(error)
