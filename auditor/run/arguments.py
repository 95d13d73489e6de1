"""What `run_audit` and `open_audit` are given, checked before anything is asked."""

from collections.abc import Awaitable, Callable, Sequence

from auditor.config import AuditConfig
from auditor.model.kinds import check_callable, check_kind
from auditor.model.progress import AuditStarted, Observer
from auditor.output import Writer, check_writers
from auditor.run.earlier import EarlierRun


def check_arguments(  # noqa: PLR0913 - what a caller may choose
    config: AuditConfig,
    *,
    observe: Observer,
    earlier: EarlierRun | None,
    begin: Callable[[AuditStarted], Awaitable[None]] | None = None,
    writers: Sequence[Writer] = (),
    collect: bool = False,
) -> None:
    """Raise ConfigurationError for the first that is of another kind; the session and the workers have their own."""
    check_kind("config", config, AuditConfig)
    check_callable("observe", observe)
    check_kind("earlier", earlier, EarlierRun | None)
    if begin is not None:
        check_callable("begin", begin)
    check_writers(writers)
    check_kind("collect", collect, bool)
