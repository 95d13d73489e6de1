"""What is wrong with a URL is known before anything is sent there."""

import pytest

from auditor.aws.wire.urls import fault_of_url, fault_of_user

EXAMPLE = "https://aws.example:8443"


@pytest.mark.parametrize(
    "url",
    [
        EXAMPLE,
        "HTTP://AWS.example",
        "http://localhost:4566/path",
        "http://[::1]:4566",
        "http://127.0.0.1:4566/a@b",
        "http://10.0.0.1",
        "http://10.0.0.1.example",
        "http://bob:b%40b@aws.example",
        f"http://{'a' * 63}.example.",
    ],
)
def test_a_url_that_may_be_asked(url: str) -> None:
    """Names, addresses, ports, paths and users."""
    assert ("", "") == (fault_of_url(url, example=EXAMPLE), fault_of_user(url))


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("aws.example", f"its URL has no scheme: write it as {EXAMPLE}"),
        ("localhost:4566", f"its URL has no scheme: write it as {EXAMPLE}"),
        ("ftp://bob:pa55word@aws.example", "the scheme is ftp, and only http and https are known"),
        ("http://aws.example\n", "a blank, a line break or an invisible character is in its URL"),
        ("http:aws.example", f"its URL has no host: write it as {EXAMPLE}"),
        ("http://aws.example:0", "its port is 0"),
        (f"http://{'a' * 64}.example", f"its URL has no valid host and port: write it as {EXAMPLE}"),
        ("http://1.2.3", f"its URL has no valid host and port: write it as {EXAMPLE}"),
        ("http://bob:pa55word@[::1]]:1", f"its URL has no valid host and port: write it as {EXAMPLE}"),
        ("http://bob:pa55?word@aws.example", "the user or the password in its URL has a /, ? or #: write %2F, %3F or"),
    ],
)
def test_a_url_that_can_not_be_asked(url: str, fault: str) -> None:
    """It is said what is wrong, and the password is not."""
    said = fault_of_url(url, example=EXAMPLE)

    assert said.startswith(fault)
    assert "pa55" not in said
