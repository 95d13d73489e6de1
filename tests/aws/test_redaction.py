"""No secret is left in what others have said, and everything else is."""

import pytest

from auditor.aws.redaction import redacted, without_secrets

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SAID = [
    '{"Version": 1, "SecretAccessKey": "%s", "Expiration": "2026"}',
    "{'sessionToken': '%s', 'expiration': 17}",
    r'"{\"accessToken\": \"%s\", \"region\": \"us-east-1\"}"',
    '{"Token" : "%s"}',
    "aws_secret_access_key=%s",
    "aws_session_token = %s",
    "AWS_SECRET_ACCESS_KEY: %s",
    "<Credentials><SessionToken>%s</SessionToken></Credentials>",
    "<SecretAccessKey>%s",
    "x-amz-security-token:%s",
    "X-Amz-Security-Token: %s, sorry",
    "https://sts.amazonaws.com/?Action=A&X-Amz-Security-Token=%s&Version=1",
    "Authorization: Bearer %s",
    "x-amz-sso_bearer_token: %s",
    "the header 'Bearer %s' is not known",
    "Proxy-Authorization: Basic %s",
    "Authorization: AWS4-HMAC-SHA256 Credential=A/b, SignedHeaders=host, Signature=%s",
    "The Canonical String for this request should have been\n'POST\n/\nx:%s'",
    "Cannot connect to proxy http://bob:%s@proxy:3128/",
    "refreshToken='%s'",
    "client_secret=%s",
    "password: %s",
    "session_token=b'%s'",
]
"""What a reply, a program, a header or a setting may look like."""


@pytest.mark.parametrize("said", SAID)
def test_a_secret_beside_its_name_is_left_out(said: str) -> None:
    """Whatever the notation."""
    secret = SECRET.replace("/", "%2F") if "://" in said else SECRET
    assert secret not in without_secrets(said % secret)
    assert "…" in redacted(said % secret)


@pytest.mark.parametrize(
    "secret",
    ["FwoGZXIvYXdzEBYaD" + "abC1+/" * 30, "eyJraWQiOiIx.eyJzdWIiOiIx.c2lnbmF0dXJl-_x", "aoaAAAAA" + "x9-_" * 40],
)
@pytest.mark.parametrize("said", ["%s", "Odd: %s", "the token '%s' is odd", "Odd token:%s", "a=%s"])
def test_a_token_is_left_out_without_a_name_too(said: str, secret: str) -> None:
    """It is longer than any word, or a JSON Web Token."""
    assert secret not in without_secrets(said % secret)


@pytest.mark.parametrize(
    "said",
    [
        f"User: x is not authorized to perform: sts:AssumeRole on arn:aws:iam::222222222222:role/{'a-b/' * 60}Audit",
        "The security token included in the request is invalid.",
        "Error loading SSO Token: Token for https://x.awsapps.com/start does not exist",
        "Check your AWS Secret Access Key and signing method.",
        "Signature expired: 20261127T000000Z is now earlier than 20261127T010000Z (15 min.)",
        f"[Errno 2] No such file or directory: '/tmp/{'long-folder/' * 20}token'",
        "MultiFactorAuthentication failed with invalid MFA one time pass code.",
        "Password: none, token: none? No password, no token.",
        "Error in account data (222222222222): password: AccessDenied: User: x is not authorized",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    """Sentences about tokens, ARNs with long paths, and paths of files are kept whole."""
    kept = said.replace("Password: none,", "Password…,")
    assert kept == without_secrets(said)


def test_lines_stay_lines() -> None:
    """A traceback is redacted without being folded."""
    assert "a\npassword…\n  b" == redacted("a\npassword=x\n  b")
    assert "a password… b" == without_secrets("a\npassword=x\n  b")
