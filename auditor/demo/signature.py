"""Signature Version 4: whose request it is, and whether it is really theirs."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qsl, quote

from auditor.demo.identity import CredentialStore, Identity
from auditor.demo.protocol import JSON_SERVICES, ServiceError, expired

_ALGORITHM = "AWS4-HMAC-SHA256"
_SKEW = 15 * 60
_SCOPE_PARTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """The parts of an HTTP request that a signature covers; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What the Authorization header says."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


def read_authorization(header: str) -> Authorization:
    """The parts of an Authorization header; an error of AWS's where it is missing or damaged."""
    if not header:
        raise ServiceError("MissingAuthenticationToken", "Missing Authentication Token", status=403)

    algorithm, _, rest = header.partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    scope = parts.get("Credential", "").split("/")
    whole = algorithm == _ALGORITHM and len(scope) == _SCOPE_PARTS and scope[-1] == "aws4_request"
    if not whole or not parts.get("SignedHeaders") or not parts.get("Signature"):
        raise ServiceError("IncompleteSignature", "The Authorization header is not whole.")

    return Authorization(
        access_key_id=scope[0],
        date=scope[1],
        region=scope[2],
        service=scope[3],
        signed_headers=tuple(parts["SignedHeaders"].split(";")),
        signature=parts["Signature"],
    )


def identify(authorization: Authorization, request: SignedRequest, *, store: CredentialStore, now: float) -> Identity:
    """Whose request it is; an error of AWS's for a key, token, time or signature that is not right."""
    identity = store.get(authorization.access_key_id)
    service = authorization.service
    token = request.headers.get("x-amz-security-token")
    if identity is None or token != identity.token:
        raise unknown_key(service)

    _check_time(authorization, request, now=now)
    if not hmac.compare_digest(_signature(authorization, request, identity), authorization.signature):
        raise _refusal(service, "SignatureDoesNotMatch", "InvalidSignatureException", _mismatch(authorization, request))

    if identity.expires is not None and now >= identity.expires:
        raise expired(service)

    return identity


def unknown_key(service: str) -> ServiceError:
    """The refusal of a key, or its token, that nobody has been given here."""
    message = "The security token included in the request is invalid."
    return _refusal(service, "InvalidClientTokenId", "UnrecognizedClientException", message)


def scope_refusal(service: str, region: str) -> ServiceError:
    """The refusal of a signature for a region that the service is not signed for."""
    message = f"Credential should be scoped to a valid region, not '{region}'."
    return _refusal(service, "SignatureDoesNotMatch", "InvalidSignatureException", message)


def _refusal(service: str, query_code: str, json_code: str, message: str) -> ServiceError:
    if service in JSON_SERVICES:
        return ServiceError(json_code, message)

    return ServiceError(query_code, message, status=403)


def _mismatch(authorization: Authorization, request: SignedRequest) -> str:
    """AWS's words: they tell what should have been signed, the session token among it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
    """
    return (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.\n\n"
        "The Canonical String for this request should have been\n"
        f"'{_canonical(request, authorization.signed_headers)}'\n\n"
        "The String-to-Sign should have been\n"
        f"'{_text_to_sign(authorization, request)}'\n"
    )


def _check_time(authorization: Authorization, request: SignedRequest, *, now: float) -> None:
    stamp = request.headers.get("x-amz-date", "")
    try:
        signed = datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise ServiceError("IncompleteSignature", "X-Amz-Date is missing or no date.") from error

    covered = {"host", "x-amz-date"} <= set(authorization.signed_headers)
    if not covered or not stamp.startswith(authorization.date):
        raise ServiceError("IncompleteSignature", "Host and X-Amz-Date must be signed, for the scope's date.")
    if abs(signed - now) <= _SKEW:
        return

    here, early, late = (_stamp(now + seconds) for seconds in (0, -_SKEW, _SKEW))
    message = f"Signature expired: {stamp} is now earlier than {early} ({here} - 15 min.)"
    if signed > now:
        message = f"Signature not yet current: {stamp} is still later than {late} ({here} + 15 min.)"
    raise _refusal(authorization.service, "SignatureDoesNotMatch", "InvalidSignatureException", message)


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%dT%H%M%SZ")


def _signature(authorization: Authorization, request: SignedRequest, identity: Identity) -> str:
    text = _text_to_sign(authorization, request)
    return hmac.digest(_signing_key(authorization, identity), text.encode(), "sha256").hex()


def _text_to_sign(authorization: Authorization, request: SignedRequest) -> str:
    canonical = _canonical(request, authorization.signed_headers)
    scope = f"{authorization.date}/{authorization.region}/{authorization.service}/aws4_request"
    stamp = request.headers["x-amz-date"]
    return f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"


def _signing_key(authorization: Authorization, identity: Identity) -> bytes:
    place = (authorization.date, authorization.region, authorization.service)
    kept = identity.signing_keys.get(place)
    if kept is not None:
        return kept

    key = f"AWS4{identity.secret}".encode()
    for part in (*place, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")

    identity.signing_keys[place] = key
    return key


def _canonical(request: SignedRequest, signed_headers: tuple[str, ...]) -> str:
    values = ((name, request.headers.get(name, "")) for name in signed_headers)
    headers = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in values)
    return "\n".join(
        (
            request.method,
            quote(request.path, safe="/-_.~%"),
            _canonical_query(request.query),
            headers,
            ";".join(signed_headers),
            sha256(request.body).hexdigest(),
        )
    )


def _canonical_query(query: str) -> str:
    if not query:
        return ""

    pairs = parse_qsl(query, keep_blank_values=True)
    quoted = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in quoted)
