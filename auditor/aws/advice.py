"""What to do about a first request that was refused, or not answered."""

from auditor.aws.errors import request_error
from auditor.errors import RequestError
from auditor.model import codes
from auditor.model.codes import CERTIFICATE_REFUSED, CONNECTION_FAILED, REGION_DISABLED, TIMEOUT, TLS_FAILED

_UNKNOWN_KEYS = frozenset({"InvalidClientTokenId", "UnrecognizedClientException"})
_NOBODY_THERE = frozenset({CONNECTION_FAILED, TIMEOUT, TLS_FAILED})
_SERVER_ERRORS = 500
_UNKNOWN_ISSUERS = ("issuer", "self-signed", "self signed", "first certificate")
"""OpenSSL's words where it does not know who has signed a certificate."""
_WRONG_TIMES = ("expired", "not yet valid")


def refusal_advice(code: str, *, region: str) -> str:
    """What to do where AWS refuses a caller's keys, or STS its region; empty where something else is why."""
    if code in _UNKNOWN_KEYS:
        return _of_unknown_key(region)
    if codes.is_expired(code):
        return "These credentials have ended: sign in again, or put new ones where they are from"
    if code == REGION_DISABLED and region:
        return f"STS is switched off in {region}: set AWS_REGION to another region, such as us-east-1, or switch it on"
    return ""


def with_advice(error: RequestError, *, region: str, endpoint_from: str = "") -> RequestError:
    """The same error with what to do about it, where that is known: about keys, region, endpoint or certificate.

    The endpoint is `endpoint_from` a variable or a setting; where that is empty, it is AWS's own.
    """
    advice = refusal_advice(error.code, region=region) or _of_way(error, endpoint_from=endpoint_from)
    message = f"{error.message.rstrip('.')}. {advice}" if advice else error.message
    return request_error(**{**vars(error), "message": message})


def _of_unknown_key(region: str) -> str:
    keys = "See whether the access key is right and active, and a key that begins with ASIA has its session token"
    if not region:
        return keys
    if region.startswith(("us-gov-", "cn-")):
        return f"{keys}. STS was asked in {region}: keys of other partitions are not known there"
    return (
        f"{keys}. STS was asked in {region}: keys of GovCloud and China are known in their own regions only, and none "
        "in a region that is not enabled; set AWS_REGION to one of theirs, such as us-gov-west-1 or cn-north-1"
    )


def _of_way(error: RequestError, *, endpoint_from: str) -> str:
    """What to do where no service answered, or one that can't."""
    if error.code == CERTIFICATE_REFUSED:
        return _of_certificate(error.message)
    unanswered = error.code in _NOBODY_THERE
    if endpoint_from and (unanswered or error.status >= _SERVER_ERRORS):
        works = "has started" if unanswered else "works"
        return f"This endpoint is the one that {endpoint_from} names: see whether it is right and {works}"
    return "Check network, VPN, name server and proxy" if unanswered else ""


def _of_certificate(message: str) -> str:
    if any(words in message for words in _UNKNOWN_ISSUERS):
        return "If its authority is to be trusted, as that of a company's proxy, name a bundle with it in AWS_CA_BUNDLE"
    return "See whether this machine's clock is right" if any(words in message for words in _WRONG_TIMES) else ""
