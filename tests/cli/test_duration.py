"""How long something may take, as a person writes it."""

import pytest

from auditor.cli.settings import parse_duration
from auditor.errors import ConfigurationError


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("14m", 840), ("1.5h", 5400), ("0.5s", 0.5)])
def test_durations(text: str, seconds: float) -> None:
    """A number and its unit."""
    assert seconds == parse_duration(text)


@pytest.mark.parametrize("text", ["", "14", "m", "1d", "-1s", "1 m", "٣m", "1e3s", "infh"])
def test_what_is_no_duration(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ConfigurationError):
        parse_duration(text)
