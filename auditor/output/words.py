"""Facts as the texts of cells, in Spanish or English words; what is not known says why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.config import Labels
from auditor.model.facts import NOT_ASKED, MfaDevice, MfaKind, NotAsked, Unknown

NOT_APPLICABLE = "N/A"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    configured: str
    not_configured: str
    never: str
    never_used: str
    unknown: str


WORDS: Mapping[Labels, Words] = {
    Labels.ES: Words("Configurada", "No configurada", "Nunca", "Nunca utilizada", "Desconocido"),
    Labels.EN: Words("Configured", "Not configured", "Never", "Never used", "Unknown"),
}


def time_text(moment: datetime | None) -> str:
    """ISO 8601 in UTC, whole seconds; empty for None."""
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


def moment_text(moment: datetime | Unknown | None, *, words: Words, none: str) -> str:
    """The time, or the word `none` where there is none."""
    return unknown_text(moment, words=words) if isinstance(moment, Unknown) else time_text(moment) or none


def password_text(has_password: bool | Unknown | None, *, words: Words) -> str:  # noqa: FBT001 - a value of the model
    """Whether there is a password."""
    if isinstance(has_password, bool):
        return words.configured if has_password else words.not_configured
    return unknown_text(has_password, words=words)


def mfa_text(devices: tuple[MfaDevice, ...] | Unknown | None, *, words: Words) -> str:
    """The strongest kind among the devices."""
    if not isinstance(devices, tuple):
        return unknown_text(devices, words=words)
    kinds = {device.kind for device in devices}
    if any(kind.hardware for kind in kinds):
        return "Hardware"
    if MfaKind.VIRTUAL in kinds:
        return "Virtual"
    return f"{words.unknown} ({min(kinds)})" if kinds else "None"


def unknown_text(fact: Unknown | NotAsked | None, *, words: Words) -> str:
    """The word for what is not known, with the code that came instead, or that it was not asked."""
    return f"{words.unknown} ({fact.code if isinstance(fact, Unknown) else NOT_ASKED})"
