"""Why a caller has no usable credentials: one sentence, with what to do about it."""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidConfigError,
    NoCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
)

from auditor.aws.advice import refusal_advice
from auditor.aws.causes import clock_fault
from auditor.aws.errors import PARSER_ERRORS, reason_of, request_error, translate
from auditor.aws.profiles import Profile, login_profile, mfa_serial, sso_profile
from auditor.aws.provider_faults import fault_of_provider, fault_of_shape, has_no_sso_token
from auditor.aws.redaction import without_secrets
from auditor.aws.wire.urls import fault_of_endpoint
from auditor.errors import CallerError, RequestError
from auditor.model.codes import CREDENTIALS_UNAVAILABLE

_SSO_ERRORS = ("SSOTokenLoadError", "TokenRetrievalError", "UnauthorizedSSOTokenError")
_DEFAULT = "default"
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
        return _option(self.profile)


def whole(sentence: str) -> str:
    """The sentence with its full stop."""
    return sentence if sentence.endswith((".", "…")) else f"{sentence}."


def _option(profile: str | None) -> str:
    return f" --profile {shlex.quote(profile)}" if profile else ""


def capital(words: str) -> str:
    """The words as a sentence begins."""
    return f"{words[0].upper()}{words[1:]}"


def refresh_error(error: Exception, *, settings: CallerSettings) -> RequestError:
    """The error of a request for which no credentials could be had, though there were some when the run began."""
    message = caller_sentence(error, settings=settings, given=True)
    return request_error(code=CREDENTIALS_UNAVAILABLE, message=message, service="credentials", operation="refresh")


def caller_sentence(error: Exception, *, settings: CallerSettings, given: bool = False) -> str:
    """What keeps a caller from having credentials; without a full stop.

    Where something may have been `given`, by a provider, the words of an error over its shape may be all of it.
    """
    if str(error).startswith(_NO_ENDPOINT):
        why = fault_of_endpoint(str(error).removeprefix(_NO_ENDPOINT)) or "the SDK takes no such URL"
        return f"An endpoint that the environment or the profile names can't be used: {why}"
    if known := _of_kind(error, settings):
        return known
    late = clock_fault(translate(error, service="sts", operation="assume_role"), now=datetime.now(UTC))
    if late is not None:
        return late
    verb = "was refused" if isinstance(error, ClientError) else "could not be used"
    fault = fault_of_provider(error, settings.profiles) if given else ""
    return f"{capital(settings.whose)} {verb}: {fault or _reason(error, settings, given=given)}"


def check_workers_can_share(settings: CallerSettings) -> None:
    """Raise CallerError where each worker would ask for an MFA code, and none has a terminal of its own."""
    if mfa_serial(settings.profiles):
        raise CallerError(whole(_of_mfa(settings, why="each worker would have to ask for one of its own")))


def check_keys(keys: Iterable[tuple[str, str]]) -> None:
    """Raise UnusableText where a key or a token, each with where it is from, has a line break or another odd letter."""
    for where, text in keys:
        if found := _NOT_OF_A_KEY.search(text):
            raise UnusableText(f"{capital(where)} has {_in_words(found[0])} in it, which no key has: set it anew")


def check_given(access_key: str | None, secret_key: str | None, token: str | None) -> None:
    """Raise UnusableText where what a provider gave can't sign: a key is empty, or one of them has an odd letter."""
    keys = {"the access key id": access_key or "", "the secret access key": secret_key or ""}
    for where, text in keys.items():
        if not text:
            raise UnusableText(f"{capital(where)} is empty: set it anew, or see why its provider gives none")
    check_keys({**keys, "the session token": token or ""}.items())


def check_region(region: str, *, where: str) -> None:
    """Raise UnusableText where a text is no region's name."""
    if not _REGION.fullmatch(region):
        found = _NOT_OF_A_KEY.search(region)
        why = f"{_in_words(found[0])} is in it" if found else repr(region)
        raise UnusableText(f"{capital(where)} is no region: {why}")


def _in_words(letter: str) -> str:
    if letter in "\r\n":
        return "a line break"
    return "a blank" if letter.isspace() else f"the character {letter!a}"


def _of_kind(error: Exception, settings: CallerSettings) -> str:
    """The sentence of a fault that has one of its own, empty where it has none."""
    if isinstance(error, ProfileNotFound):
        return f"The profile {error.kwargs['profile']!r} is not configured: see `aws configure list-profiles`"
    if isinstance(error, UnusableText):
        return str(error)
    if isinstance(error, NoCredentialsError | InvalidConfigError):
        return _of_none(error, settings)
    if (expired := type(error).__name__ in _SSO_ERRORS) or has_no_sso_token(error):
        return _of_sso(settings, why="has expired or is missing" if expired else "has an unreadable token")
    if isinstance(error, EOFError | RefreshWithMFAUnsupportedError):
        no_terminal = isinstance(error, EOFError)
        why = (
            "there is no terminal to ask for it at"
            if no_terminal
            else "the credentials that one was given for have ended"
        )
        return _of_mfa(settings, why=why)
    return ""


def _of_sso(settings: CallerSettings, *, why: str) -> str:
    """What to do about an SSO session: it is the one of the profile that has its settings, which may be a source."""
    signing_in = sso_profile(settings.profiles) or settings.profile
    # Where no profile was named, and the default one it is, none need be.
    named = settings if signing_in == _DEFAULT else CallerSettings(signing_in)
    return f"The SSO session of {named.whose} {why}: run `aws sso login{named.option}`"


def _of_none(error: Exception, settings: CallerSettings) -> str:
    if name := login_profile(settings.profiles):
        return (
            f"The profile {name!r} is one of `aws login`, which this SDK can't read: give a profile with the line "
            f"`credential_process = aws configure export-credentials{_option(name)} --format process`"
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
    needs = "needs" if settings.profile else "need"
    return (
        f"{capital(settings.whose)} {needs} an MFA code{device}, and {why}: first get credentials of a session, with "
        f"`aws configure export-credentials{settings.option} --format env` for one, and leave the profile out"
    )


def _reason(error: Exception, settings: CallerSettings, *, given: bool) -> str:
    if isinstance(error, PARSER_ERRORS) and not isinstance(error, BotoCoreError | OSError):
        said = without_secrets(str(error)) or type(error).__name__
        return fault_of_shape(error, settings.profiles) if given else said
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        advice = refusal_advice(code, region=settings.region)
        said = without_secrets(str(error))
        return f"{said.rstrip('.')}. {advice}" if advice else said
    if isinstance(error, RuntimeError) and "still expired" in str(error):
        return "what its provider gave had already expired: sign in again"
    return reason_of(error)
