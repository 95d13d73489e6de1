"""What a run that was cut off did not come to, as reports: coverage has a row for each of them, too."""

from auditor.coverage import Completeness, Failure, Section, SectionCoverage
from auditor.errors import ListingInterrupted
from auditor.models import Account, AccountId, AccountReport

ORGANIZATION = AccountId("organization")
"""In the place of an account's id: the accounts that may be there and were not listed."""


def not_reached(account: Account) -> AccountReport:
    """The report of an account that was listed and not finished."""
    return AccountReport(account=account, role="", coverage=_not_reached())


def not_listed(error: ListingInterrupted) -> AccountReport:
    """The report that stands for all accounts behind the last one that was listed."""
    organization = Account(id=ORGANIZATION, name="", arn="", email="", state=None, state_word="")
    failure = Failure(Section.ROLE, error.code, str(error))
    return AccountReport(account=organization, role="", coverage=_not_reached(), failures=(failure,))


def _not_reached() -> tuple[SectionCoverage, ...]:
    return tuple(SectionCoverage(section, Completeness.NOT_REACHED) for section in Section)
