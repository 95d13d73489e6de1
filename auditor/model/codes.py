"""Error codes, AWS's and our own: which of them are denials, and which tell of what may pass."""

_DENIALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "RegionDisabledException",
    }
)
_LASTING = frozenset(
    {
        "CertificateRefused",
        "EventsDropped",
        "InternalError",
        "NoSuchEntity",
        "UnknownAccountState",
        "WrongAccount",
    }
)


def is_denial(code: str) -> bool:
    """Whether the code says that the identity may not ask that."""
    return code in _DENIALS


def may_pass(code: str) -> bool:
    """Whether the same question may well be answered later; a denial is decided, and asking again decides nothing."""
    return not is_denial(code) and code not in _LASTING
