"""What log records tell: ours all, those of other libraries a sentence at most, and none a secret."""

import logging
import warnings

import pytest

from auditor.cli.terminal.log import open_output
from auditor.cli.terminal.output import LogFormat, is_told, sentence_of, traceback_of

SECRET = "wJalrXUtnFEMI/K7MDENG"
FORMATS = [LogFormat.TEXT, LogFormat.JSON]


def record_of(name: str, message: str, *values: object, level: int = logging.WARNING) -> logging.LogRecord:
    """A record with the traceback of an error whose text has a secret."""
    try:
        int(f"aws_secret_access_key={SECRET}")
    except ValueError as error:
        reason = (ValueError, error, error.__traceback__)
    return logging.LogRecord(name, level, "x.py", 1, message, values, reason)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("Unclosed client session\nclient_session: <ClientSession object>", "Unclosed client session"),
        ("\n  Odd   blanks \n", "Odd blanks"),
        (f"got {{'SessionToken': '{SECRET}'}}", "got {'SessionToken…}"),
        ("%d of %s", "%d of %s"),
        ("ab " * 2000, f"{('ab ' * 2000)[:500]}…"),
        ("", ""),
    ],
)
def test_another_librarys_record_is_one_sentence(message: str, sentence: str) -> None:
    """Its first line, without secrets, as it is where its values do not fit, and not for pages."""
    record = record_of("asyncio", message, *(["one"] if "%" in message else []))
    assert (sentence, "") == (sentence_of(record), traceback_of(record))


def test_a_record_of_ours_keeps_its_traceback_and_no_secret() -> None:
    """A mistake of our own can be found, and what an error's text holds of credentials is left out."""
    record = record_of("auditor.account.audit", "unforeseen: %s", f"aws_secret_access_key={SECRET}")
    assert sentence_of(record) == "unforeseen: aws_secret_access_key…"
    assert "Traceback (most recent call last):" in traceback_of(record)
    assert SECRET not in traceback_of(record)


@pytest.mark.parametrize(
    ("name", "level", "lowest", "told"),
    [
        ("auditor.aws.request", logging.DEBUG, logging.DEBUG, True),
        ("auditor.aws.request", logging.DEBUG, logging.WARNING, False),
        ("auditor", logging.WARNING, logging.WARNING, True),
        ("auditors", logging.INFO, logging.DEBUG, False),
        ("botocore.credentials", logging.INFO, logging.DEBUG, False),
        ("botocore.credentials", logging.WARNING, logging.DEBUG, True),
        ("distributed", logging.WARNING, logging.ERROR, False),
        ("asyncio", logging.ERROR, logging.ERROR, True),
    ],
)
def test_what_is_told(name: str, level: int, lowest: int, *, told: bool) -> None:
    """Ours from the level on that was asked for; others' warnings and errors only, however much was asked for."""
    assert told is is_told(record_of(name, "x", level=level), level=lowest)


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("log_format", FORMATS)
def test_every_logger_of_the_process_goes_through_the_output(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str], *, verbose: bool
) -> None:
    """Loggers that nobody has heard of, the event loop's and Python's warnings write no line of their own."""
    open_output(log_format, verbose=verbose)
    for name in ("aiobotocore.credentials", "botocore.parsers", "asyncio", "loky.process", "distributed.client", "x.y"):
        logging.getLogger(name).handle(record_of(name, f"failed\n{SECRET}"))
        logging.getLogger(name).info("password=%s", SECRET)
        logging.getLogger(name).debug("token %s", SECRET)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"deprecated\n{SECRET}", stacklevel=1)
    lines = capsys.readouterr().err.splitlines()
    assert 7 == len(lines)
    assert not [line for line in lines if SECRET in line or "Traceback" in line]
    assert log_format is LogFormat.TEXT or all(line.startswith("{") for line in lines)


def test_an_output_takes_the_place_of_the_one_before(capsys: pytest.CaptureFixture[str]) -> None:
    """However often one is opened in a process, a record is told once."""
    for _ in range(3):
        open_output()
    logging.getLogger("auditor.x").warning("once")
    logging.getLogger("botocore").warning("once, too")
    assert ["once", "botocore: once, too"] == capsys.readouterr().err.splitlines()
