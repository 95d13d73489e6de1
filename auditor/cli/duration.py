"""How long something may take, as a person writes it."""

import re

from auditor.errors import ConfigurationError

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smh])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def parse_duration(text: str) -> float:
    """The seconds that a number with a unit means: 90s, 14m, 1.5h.

    Raises:
        ConfigurationError: It is no such thing, or no time at all.
    """
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not seconds:
        raise ConfigurationError(f"{text!r} is no duration: give a number above zero and a unit, such as 90s, 14m, 1h.")
    return seconds
