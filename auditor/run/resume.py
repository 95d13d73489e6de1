"""An audit that was cut off, resumed: what its journal lacks is audited, and the CSV files are made anew."""

from collections.abc import Iterator
from concurrent.futures import Executor
from itertools import chain
from typing import Unpack

import aioboto3
from anyio import to_thread

from auditor.concurrency.tasks import completed
from auditor.engines import check_pool
from auditor.errors import ListingInterrupted
from auditor.files.run_names import names_beside
from auditor.journal import FreeSettings, JournalWriter
from auditor.model.kinds import check_callable, check_kind
from auditor.model.placeholders import Unlisted, not_listed
from auditor.model.progress import AuditFinished, AuditStarted, Observer, ProgressEvent, ignore
from auditor.model.report import AccountReport
from auditor.model.summary import AuditSummary
from auditor.output.csv import check_rendering, render_csv_files
from auditor.run.earlier import EarlierRun
from auditor.run.orchestrator import run_audit
from auditor.run.totals import Totals


async def resume_audit(
    journal: JournalWriter,
    *,
    session: aioboto3.Session | None = None,
    observe: Observer = ignore,
    executor: Executor | None = None,
    workers: int | None = None,
    **free: Unpack[FreeSettings],
) -> AuditSummary:
    """Go on with the audit of a reopened journal, with its settings and its period, and return what all of it came to.

    Settings that decide nothing in the rows may be chosen anew, by their names in AuditConfig: `profile`,
    `lister_profile`, `lister_role`, `session_duration`, `source_identity`, `concurrency`, `rates`, `report_wait`,
    `longest_silence` and `patience`. Accounts of which nothing is missing
    are passed over, all others are audited and appended; where less is read of one than before, what was read
    before stays. An audit that was cut off before its caller was known begins anew. At the end, after a
    cancellation and an error too, the CSV files of the interrupted run are replaced by new ones with the rows of
    all accounts of the journal. The summary counts them all; its seconds and warnings are this run's.

    Raises:
        AuditError: Nothing could be audited, the caller is not of the account that began the audit, or a file could
            not be written; that no file can be made beside the journal is said before anything is asked.
    """
    check_kind("journal, as reopen_journal gives it,", journal, JournalWriter)
    check_callable("observe", observe)
    check_pool(workers, executor=executor, session=session)
    config = journal.header.config(**free)
    paths = names_beside(journal.path).tables
    await to_thread.run_sync(check_rendering, paths)
    began = journal.header.started
    totals = Totals(config.labels)
    started = False

    def hear(event: ProgressEvent) -> None:
        nonlocal started
        started = started or isinstance(event, AuditStarted)
        # What this run came to is not yet what all of the audit came to.
        if not isinstance(event, AuditFinished):
            observe(event)

    def render() -> None:
        rest, rows = _unlisted(journal), _counted(journal, totals)
        render_csv_files(paths, rows, unlisted=rest, labels=config.labels, bom=config.csv_bom)

    try:
        summary = await run_audit(
            config,
            session=session,
            writers=[journal],
            observe=hear,
            executor=executor,
            workers=workers,
            earlier=None if began is None else EarlierRun(began, journal.finished, journal.excluded),
        )
    finally:
        if started:
            await completed(lambda: to_thread.run_sync(render))
    whole = totals.summary(
        caller=summary.caller,
        period=summary.period,
        seconds=summary.seconds,
        warnings=summary.warnings,
        interruption=summary.interruption,
    )
    observe(AuditFinished(whole))
    return whole


def _counted(journal: JournalWriter, totals: Totals) -> Iterator[AccountReport]:
    for report in chain(journal.reports(), journal.unread):
        totals.add(report)
        yield report
    yield from journal.unreached


def _unlisted(journal: JournalWriter) -> Unlisted | None:
    """Why accounts were not listed; of a journal that was told nothing, too: empty tables would say that none exist."""
    if journal.used:
        return journal.unlisted
    return not_listed(ListingInterrupted(code="NotListed", message="the run was cut off", listed=0))
