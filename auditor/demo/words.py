"""The words that an audit writes into cells, in its two languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["es", "en"]
DENIED, UNREADABLE = "AccessDenied", "InvalidResponse"
NOT_ASKED, NOT_IN_SUMMARY, ONLY_IN_REPORT = "NotAsked", "NotInSummary", "OnlyInReport"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one language."""

    configured: str
    not_configured: str
    never: str
    never_used: str
    not_known: str

    def unknown(self, reason: str) -> str:
        """A cell of which it is not known what should be in it, for the reason."""
        return f"{self.not_known} ({reason})"


WORDS: Mapping[Language, Words] = {
    "es": Words(
        configured="Configurada",
        not_configured="No configurada",
        never="Nunca",
        never_used="Nunca utilizada",
        not_known="Desconocido",
    ),
    "en": Words(
        configured="Configured",
        not_configured="Not configured",
        never="Never",
        never_used="Never used",
        not_known="Unknown",
    ),
}
