"""What stands in the place of what was not read, and says why: reports of accounts, and one value for all unlisted."""

from dataclasses import dataclass, replace

from auditor.errors import ListingInterrupted
from auditor.model.coverage import Completeness, Failure, Section, SectionCoverage
from auditor.model.facts import Account
from auditor.model.report import AccountReport


@dataclass(frozen=True, slots=True)
class Unlisted:
    """The accounts that may be there and were not listed: nothing is known of them but why."""

    code: str
    message: str


def unasked(account: Account) -> AccountReport | None:
    """The report of an account that is not asked anything, None for one that is.

    Nothing is missing of an account that is suspended, closed or not yet active. One whose state is unknown is a
    failure: it may well be in use.
    """
    if account.state is None:
        return _unknown_state(account)
    return None if account.state.auditable else _report(account, Completeness.SKIPPED)


def failed(account: Account, failure: Failure) -> AccountReport:
    """The report of an account that could not even be begun with."""
    return _report(account, Completeness.SKIPPED, failure)


def not_reached(account: Account, failure: Failure | None = None) -> AccountReport:
    """The report of an account that was listed and not finished when the run was cut off, or ended by this failure."""
    failures = () if failure is None else (failure,)
    return replace(_report(account, Completeness.NOT_REACHED), failures=failures)


def excluded(account: Account) -> AccountReport:
    """The report of an account that was listed and that the filters left out: nothing is missing of it."""
    report = _report(account, Completeness.SKIPPED)
    role = SectionCoverage(Section.ROLE, Completeness.EXCLUDED)
    return replace(report, coverage=(role, *(each for each in report.coverage if each.section is not Section.ROLE)))


def not_listed(error: ListingInterrupted) -> Unlisted:
    """What stands for all accounts behind the last one that was listed."""
    return Unlisted(error.code, str(error))


def _unknown_state(account: Account) -> AccountReport:
    said = f"the state {account.state_word!r}, which is not known" if account.state_word else "no state"
    return failed(account, Failure(Section.ROLE, "UnknownAccountState", f"Organizations gave this account {said}"))


def _report(account: Account, completeness: Completeness, failure: Failure | None = None) -> AccountReport:
    sections = (_coverage(section, completeness, failure) for section in Section)
    return AccountReport(
        account=account, role="", coverage=tuple(sections), failures=() if failure is None else (failure,)
    )


def _coverage(section: Section, completeness: Completeness, failure: Failure | None) -> SectionCoverage:
    if failure is not None and section is failure.section:
        return SectionCoverage(section, Completeness.FAILED, asked=1)
    return SectionCoverage(section, completeness)
