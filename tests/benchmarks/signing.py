"""Signature Version 4 by hand: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request is signed with; the token is empty where there is none."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    signing_keys: dict[tuple[str, str], bytes] = field(default_factory=dict, repr=False)
    """By date and service, made when first needed."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go."""

    host: str
    region: str


def signed_headers(
    credentials: Credentials, endpoint: Endpoint, *, service: str, body: bytes, headers: Mapping[str, str]
) -> dict[str, str]:
    """The headers of a POST to `/`, with its signature."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    date = stamp[:8]
    whole = {**headers, "host": endpoint.host, "x-amz-date": stamp}
    if credentials.token:
        whole["x-amz-security-token"] = credentials.token
    names = sorted(whole)
    listed = ";".join(names)
    lines = "".join(f"{name}:{whole[name]}\n" for name in names)
    canonical = f"POST\n/\n\n{lines}\n{listed}\n{sha256(body).hexdigest()}"
    scope = f"{date}/{endpoint.region}/{service}/aws4_request"
    text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = _signing_key(credentials, date=date, region=endpoint.region, service=service)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"Credential={credentials.key_id}/{scope}"
    whole["authorization"] = f"{_ALGORITHM} {credential}, SignedHeaders={listed}, Signature={signature}"
    return whole


def _signing_key(credentials: Credentials, *, date: str, region: str, service: str) -> bytes:
    kept = credentials.signing_keys.get((date, service))
    if kept is not None:
        return kept
    key = f"AWS4{credentials.secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    credentials.signing_keys[date, service] = key
    return key
