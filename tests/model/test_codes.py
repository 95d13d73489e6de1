"""What codes mean: each means one thing, and what may pass is told from what stays."""

import pytest

from auditor.model import codes
from auditor.model.codes import is_denial, is_expired, is_invalid, is_throttle, is_transient, is_unreached, may_pass

CODES = sorted(
    {
        code
        for name, value in vars(codes).items()
        if not name.startswith("__")
        for code in (value if isinstance(value, frozenset) else [value])
        if isinstance(code, str)
    }
)
"""All codes that anything is known of."""


@pytest.mark.parametrize("code", CODES)
def test_a_code_means_one_thing(code: str) -> None:
    """No code is of two kinds."""
    kinds = [is_denial(code), is_throttle(code), is_expired(code), is_unreached(code), is_invalid(code)]
    assert sum(kinds) <= 1


@pytest.mark.parametrize("code", CODES)
def test_a_denial_never_passes(code: str) -> None:
    """What is denied is neither tried again in a moment nor asked again later."""
    assert not is_denial(code) or (is_transient(code), may_pass(code)) == (False, False)


def test_a_throttle_is_no_fault() -> None:
    """What is asked too often may be asked again later, but not in a moment."""
    throttles = [code for code in CODES if is_throttle(code)]
    assert "Throttling" in throttles
    assert [(False, True)] * len(throttles) == [(is_transient(code), may_pass(code)) for code in throttles]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("ConnectionFailed", True), ("TooManyOpenFiles", True), ("CertificateRefused", False), ("ProxyUnusable", False)],
)
def test_what_is_unreached_may_be_reached_in_a_moment(code: str, *, expected: bool) -> None:
    """A network may be there again; a certificate that is refused and a URL that can't work stay what they are."""
    assert is_unreached(code)
    assert expected is is_transient(code)


@pytest.mark.parametrize(
    ("status", "throttle", "transient"), [(0, False, False), (429, True, False), (500, False, True)]
)
def test_a_status_has_a_say(status: int, *, throttle: bool, transient: bool) -> None:
    """Of a code that nobody knows, the HTTP status says what it means."""
    assert (throttle, transient) == (is_throttle("Odd", status=status), is_transient("Odd", status=status))
