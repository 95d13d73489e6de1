"""An audit that was cut off, gone on with: what its journal lacks is audited, and the CSV files are made anew."""

from collections.abc import Iterator
from concurrent.futures import Executor

import aioboto3
import anyio
from anyio import to_thread

from auditor.config import DEFAULT_CONCURRENCY, Labels
from auditor.earlier_run import EarlierRun
from auditor.journal.rendering import csv_paths, render_csv_files
from auditor.journal.writer import JournalWriter
from auditor.models import AccountReport
from auditor.orchestrator import run_audit
from auditor.progress import AuditFinished, AuditStarted, Observer, ProgressEvent, ignore
from auditor.summary import AuditSummary
from auditor.tally import Tally


async def resume_audit(  # noqa: PLR0913 - what a caller may choose anew
    journal: JournalWriter,
    *,
    profile: str | None = None,
    concurrency: int = DEFAULT_CONCURRENCY,
    session: aioboto3.Session | None = None,
    observe: Observer = ignore,
    executor: Executor | None = None,
    workers: int | None = None,
) -> AuditSummary:
    """Go on with the audit of a reopened journal, with its settings and its period, and return what all of it came to.

    Accounts of which nothing is missing are passed over, all others are audited and appended. At the end, after a
    cancellation and an error too, the CSV files of the interrupted run are replaced by new ones with the rows of all
    accounts of the journal. The summary counts them all; its seconds and warnings are this run's.

    Raises:
        AuditError: Nothing could be audited, the caller is not of the account that began the audit, or a file could
            not be written.
    """
    paths = csv_paths(journal.path)
    config = journal.header.config(profile=profile, concurrency=concurrency)
    tally = Tally(config.labels)
    started = False

    def hear(event: ProgressEvent) -> None:
        nonlocal started
        started = started or isinstance(event, AuditStarted)
        # What this run came to is not yet what all of the audit came to.
        if not isinstance(event, AuditFinished):
            observe(event)

    def render() -> None:
        render_csv_files(paths, _counted(journal, tally), labels=Labels(config.labels))

    try:
        summary = await run_audit(
            config,
            session=session,
            writers=[journal],
            observe=hear,
            executor=executor,
            workers=workers,
            earlier=EarlierRun(journal.header.started, journal.finished),
        )
    finally:
        if started:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(render)
    whole = tally.summary(
        caller=journal.header.started.caller if summary.caller is None else summary.caller,
        period=journal.header.started.period,
        seconds=summary.seconds,
        warnings=summary.warnings,
        interruption=summary.interruption,
    )
    observe(AuditFinished(whole))
    return whole


def _counted(journal: JournalWriter, tally: Tally) -> Iterator[AccountReport]:
    for report in journal.reports():
        tally.add(report)
        yield report
    yield from journal.unreached
