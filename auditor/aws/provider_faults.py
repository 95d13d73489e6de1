"""What is wrong where credentials come from: a program, a container's variables, the cache of SSO."""

import errno
import json
import os
from traceback import walk_tb

from botocore.exceptions import CredentialRetrievalError

from auditor.aws.errors import PARSER_ERRORS
from auditor.aws.profiles import Profile, broken_process, process_programs
from auditor.aws.redaction import without_secrets
from auditor.aws.wire.urls import fault_of_url

_PROCESS = "custom-process"
_NOT_RUN = frozenset({errno.ENOENT, errno.EACCES, errno.ENOTDIR, errno.ENOEXEC})
_CONTAINER_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_CONTAINER_TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - a variable
_CONTAINER_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 - as above
_READING_SSO_TOKENS = frozenset(
    {
        "SSOTokenLoader.__call__",
        "AioSSOTokenProvider._refresher",
        "AioSSOTokenProvider._refresh_access_token",
        "AioSSOCredentialFetcher._get_credentials",
    }
)
_ASKING_SSO = frozenset({"AioSSOTokenProvider._attempt_create_token", "AioSession._create_client"})


def fault_of_provider(error: Exception, profiles: tuple[Profile, ...]) -> str:
    """Why a link of the SDK's chain gave nothing, empty where the error itself says it."""
    steps = _steps_to(error)
    if fault := _fault_of_container(error, steps):
        return fault
    if isinstance(error, ValueError | TypeError) and (name := broken_process(profiles)):
        why = "is empty" if isinstance(error, TypeError) else "has a quote that is left open, or a backslash at its end"
        return f"the credential_process of profile {name!r} {why}"
    programs = process_programs(profiles)
    if isinstance(error, OSError) and programs:
        return _fault_of_program(error, programs)
    if isinstance(error, CredentialRetrievalError) and _says_nothing(error):
        named = f"the program {' or '.join(map(repr, programs))} of its credential_process" if programs else "a program"
        return f"{named} has failed, and does not say why"
    return ""


def has_no_sso_token(error: Exception) -> bool:
    """Whether the cached token of an SSO session can't be read, or is none."""
    steps = _steps_to(error)
    if not isinstance(error, PARSER_ERRORS) or not steps.isdisjoint(_ASKING_SSO):
        return False
    # A member that is missing further on is one of the service's reply.
    own = steps & _READING_SSO_TOKENS
    return bool(own - {"AioSSOCredentialFetcher._get_credentials"} if isinstance(error, KeyError) else own)


def fault_of_shape(error: Exception, profiles: tuple[Profile, ...]) -> str:
    """What is wrong with what was given."""
    giver = "its credential_process printed" if process_programs(profiles) else "its provider gave"
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}: what {giver} is no JSON"
    if isinstance(error, KeyError):
        return f"what {giver} has no {without_secrets(str(error))}"
    return f"what {giver} is not what credentials look like ({type(error).__name__})"


def _steps_to(error: Exception) -> frozenset[str]:
    """The methods that an error has passed, each with its class: which of the SDK's could not go on."""
    frames = (frame for frame, _ in walk_tb(error.__traceback__))
    return frozenset(f"{type(frame.f_locals.get('self')).__name__}.{frame.f_code.co_name}" for frame in frames)


def _fault_of_container(error: Exception, steps: frozenset[str]) -> str:
    if "AioContainerProvider._build_headers" in steps:
        if isinstance(error, OSError):
            return f"the file that {_CONTAINER_TOKEN_FILE} names can't be read: {error.strerror}"
        named = _CONTAINER_TOKEN_FILE if _CONTAINER_TOKEN_FILE in os.environ else _CONTAINER_TOKEN
        return f"the token of {named} is no text in one line"
    if "AioContainerMetadataFetcher.retrieve_full_uri" not in steps:
        return ""
    if fault := fault_of_url(os.environ.get(_CONTAINER_URI, ""), example="http://127.0.0.1:8080/credentials"):
        return f"{_CONTAINER_URI} can't be used: {fault}"
    if "AioContainerMetadataFetcher._validate_allowed_url" in steps:
        return (
            f"{_CONTAINER_URI} names a host that the SDK takes no credentials from: it must be localhost, a loopback "
            "address, 169.254.170.2, 169.254.170.23 or fd00:ec2::23"
        )
    return ""


def _fault_of_program(error: OSError, programs: tuple[str, ...]) -> str:
    # Not every event loop says which file it was.
    program = error.filename or programs[0]
    if program not in programs or error.errno not in _NOT_RUN:
        return ""
    why = "is not there" if error.errno == errno.ENOENT else "can't be run"
    return f"the program {program!r} of its credential_process {why}"


def _says_nothing(error: CredentialRetrievalError) -> bool:
    return error.kwargs.get("provider") == _PROCESS and not str(error.kwargs.get("error_msg", "")).strip()
