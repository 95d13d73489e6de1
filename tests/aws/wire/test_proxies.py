"""Which proxy a request goes through: one that can't work is refused before anything is sent."""

import pytest

from auditor.aws.wire.proxies import Proxies, ProxyUrlError, proxy_name

SECRET = "pa55word"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("https://bob:pa55word@proxy.example/", "https://bob:pa55word@proxy.example/"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("//proxy.example:3128", "http://proxy.example:3128"),
        ("HTTP://Proxy.example:3128", "http://Proxy.example:3128"),
        ("[::1]:3128", "http://[::1]:3128"),
        ("http://[fe80::1%25eth0]:3128", "http://[fe80::1%25eth0]:3128"),
        ("http://10.0.0.255:3128", "http://10.0.0.255:3128"),
        ("http://proxy_1:3128", "http://proxy_1:3128"),
        ("http://pröxy.example.:3128", "http://pröxy.example.:3128"),
        ("http://b%40b:p%2Fw@proxy.example", "http://b%40b:p%2Fw@proxy.example"),
    ],
)
def test_a_proxy_that_can_work(given: str, url: str) -> None:
    """As for the SDK, one without a scheme is one of http; a scheme in capitals is known, too."""
    assert url == Proxies({"https": given}, {}).proxy_url_for("https://sts.amazonaws.com/")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (f"socks5://bob:{SECRET}@proxy.example:1080", "the scheme is socks5"),
        ("ftp://proxy.example", "the scheme is ftp"),
        (f"http://bob:{SECRET}@proxy.example:99999", "no valid host and port"),
        ("http://proxy.example:port", "no valid host and port"),
        ("http://[::1", "no valid host and port"),
        ("http://proxy.example:0", "its port is 0"),
        (f"http://bob:{SECRET}@:3128", "its URL has no host"),
        ("http//proxy.example:3128", "its URL has no scheme"),
        ("http:/proxy.example:3128", "its URL has no host: write it as http://proxy.example:3128"),
        ("http:3128", "its URL has no host"),
        ("HTTP:3128", "its URL has no host"),
        ("http:/", "its URL has no host"),
        ("http://proxy.example:3128\n", "a blank, a line break"),
        (" http://proxy.example:3128", "a blank, a line break"),
        ("http://proxy.example\u200b:3128", "an invisible character"),
        ("http://a..b:3128", "no valid host and port"),
        (f"http://{'a' * 70}:3128", "no valid host and port"),
        ("http://..:1", "no valid host and port"),
        ("http://[::1]x:3128", "no valid host and port"),
        ("http://[::g]:3128", "no valid host and port"),
        ("http://10.0.0.256:3128", "no valid host and port"),
        ("10.0.0.256:3128", "no valid host and port"),
        ("http://127.1:3128", "no valid host and port"),
        ("http://proxy|example:3128", "no valid host and port"),
        (f"http://bob:{SECRET}/x@proxy.example:3128", "write %2F, %3F or %23 instead"),
        (f"http://bob:1#{SECRET}@proxy.example:3128", "write %2F, %3F or %23 instead"),
        (f"http://bob%3Aby:{SECRET}@proxy.example:3128", "the user in its URL has a colon"),
        (f"http://bob:{SECRET}%D0%BF@proxy.example:3128", "none of Latin-1"),
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_a_proxy_that_can_not_work(variable: str, given: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the variable, or the session's configuration, and never the password."""
    proxies = Proxies({"https": given}, {})
    with pytest.raises(ProxyUrlError, match=f"^The proxy for https in the session's configuration .*{why}"):
        proxies.proxy_url_for("https://sts.amazonaws.com/")
    monkeypatch.setenv(variable, given)
    with pytest.raises(ProxyUrlError, match=f"^{variable} is no proxy that can be used: .*{why}") as caught:
        proxies.proxy_url_for("https://sts.amazonaws.com/")
    assert SECRET not in str(caught.value)


def test_a_proxy_of_another_scheme_is_nobodys_concern() -> None:
    """Only the proxy that a request would go through must work."""
    assert Proxies({"http": "socks5://x"}, {}).proxy_url_for("https://sts.amazonaws.com/") is None


def test_what_a_proxy_is_called() -> None:
    """Scheme, host and port."""
    assert "http://proxy.example:3128" == proxy_name(f"http://bob:{SECRET}@proxy.example:3128")
