"""What to do about a first request that was refused, or not answered."""

import pytest

from auditor.aws.advice import with_advice
from auditor.aws.errors import request_error


def advised(code: str, message: str = "No", *, status: int = 0, region: str = "us-east-1", named: str = "") -> str:
    """What is said of an error of STS."""
    error = request_error(code=code, message=message, service="sts", operation="get_caller_identity", status=status)
    return with_advice(error, region=region, endpoint_from=named).message


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (advised("ServiceUnavailable", status=503, named="AWS_ENDPOINT_URL"), "the one that AWS_ENDPOINT_URL names"),
        (advised("TlsFailed", named="AWS_ENDPOINT_URL"), "the one that AWS_ENDPOINT_URL names"),
        (advised("ExpiredToken", status=403), "sign in again"),
        (advised("InvalidClientTokenId", status=403), "See whether the access key is right and active"),
        (advised("InvalidClientTokenId", status=403), "set AWS_REGION to one of theirs"),
        (advised("InvalidClientTokenId", region="us-gov-west-1"), "keys of other partitions are not known there"),
        (advised("CertificateRefused", "unable to get local issuer certificate"), "a bundle with it in AWS_CA_BUNDLE"),
        (advised("CertificateRefused", "certificate has expired"), "See whether this machine's clock is right"),
    ],
)
def test_what_to_do_is_said(said: str, expected: str) -> None:
    """Behind what happened."""
    assert said.startswith(("No. ", "unable", "certificate"))
    assert expected in said


def test_where_nothing_is_known_nothing_is_added() -> None:
    """A fault of AWS's own, and a certificate for another host."""
    assert ("No", "Hostname mismatch") == (
        advised("ServiceUnavailable", status=503),
        advised("CertificateRefused", "Hostname mismatch"),
    )
