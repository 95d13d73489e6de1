"""The signature by hand is the SDK's own."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.aws.wire.sigv4 import Signer

TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "X-Amz-Target", "User-Agent", "X-Amzn-Trace-Id", "Expect", "x-custom"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
)
URLS = st.sampled_from(
    [
        "https://iam.amazonaws.com/",
        "https://iam.amazonaws.com",
        "https://IAM.example:443/",
        "http://localhost:80/",
        "http://127.0.0.1:4566/some/./../path%20with/",
        "http://[::1]:4566/",
        "https://user:word@host.example:8443/a//b~c/",
        "https://sts.cn-north-1.amazonaws.com.cn/?b=2&a=%20&a=1&a-b=1&empty",
    ]
)


class _FixedTime(SigV4Auth):
    """The SDK's signer, but the clock's reading is the request's."""

    def add_auth(self, request: Any) -> None:
        """Sign as the SDK does, at the time in the request's context."""
        stamp = request.context["timestamp"]
        self._modify_request_before_signing(request)  # type: ignore[attr-defined]  # private, so not in the stubs
        text = self.string_to_sign(request, self.canonical_request(request))
        assert stamp == request.context["timestamp"]
        self._inject_signature_to_request(request, self.signature(text, request))  # type: ignore[attr-defined]  # private, so not in the stubs


@settings(max_examples=60, deadline=None)
@given(
    url=URLS,
    headers=HEADERS,
    body=st.binary(max_size=50),
    keys=st.tuples(TEXT, TEXT, st.none() | TEXT),
    scope=st.tuples(st.sampled_from(["us-east-1", "cn-north-1", "us-gov-west-1"]), st.sampled_from(["iam", "sts"])),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - as asked for
)
def test_the_signature_is_the_sdks(  # noqa: PLR0913 - all that is signed
    *,
    url: str,
    headers: dict[str, str],
    body: bytes,
    keys: tuple[str, str, str | None],
    scope: tuple[str, str],
    at: datetime,
) -> None:
    """Whatever is signed, the headers are those that the SDK's own signer makes."""
    credentials = ReadOnlyCredentials(*keys, None)
    region, service = scope
    request: Any = AWSRequest("POST", url, dict(headers), body)
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    _FixedTime(credentials, service, region).add_auth(request)

    mine = Signer(region=region, service=service).sign(headers, url=url, body=body, credentials=credentials, at=at)

    assert dict(request.headers.items()) == mine


def test_keys_are_kept_apart() -> None:
    """A signer that has signed with other secrets and on other days signs as a new one does."""
    times = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)]
    identities = [ReadOnlyCredentials("KEY", secret, None, None) for secret in ("one", "two")]
    worn = Signer(region="us-east-1", service="iam")

    def sign(signer: Signer, credentials: ReadOnlyCredentials, at: datetime) -> str:
        headers = signer.sign({}, url="https://host/", body=b"", credentials=credentials, at=at)
        return headers["Authorization"]

    signed = [sign(worn, who, at) for who in identities * 2 for at in times]

    fresh = [sign(Signer(region="us-east-1", service="iam"), who, at) for who in identities * 2 for at in times]
    assert fresh == signed
    assert len(set(signed)) == 4


@pytest.mark.parametrize("header", ["host", "Host"])
def test_a_host_header_that_is_given_is_signed(header: str) -> None:
    """Who names a host is signed with that name."""
    credentials = ReadOnlyCredentials("KEY", "secret", None, None)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    signer = Signer(region="us-east-1", service="iam")

    given_host = signer.sign({header: "other"}, url="https://host/", body=b"", credentials=credentials, at=at)
    from_url = signer.sign({}, url="https://other/", body=b"", credentials=credentials, at=at)

    assert from_url["Authorization"] == given_host["Authorization"]
