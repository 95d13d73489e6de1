"""Where account reports go."""

from auditor.output.csv import CsvWriter, open_csv_writer
from auditor.output.dispatch import (
    BatchWriter,
    BeginningWriter,
    FirstReadingWriter,
    UnlistedWriter,
    Writer,
    begin,
    broadcast,
    check_writers,
    dispatch,
    dispatch_first,
    dispatch_unlisted,
)

__all__ = [
    "BatchWriter",
    "BeginningWriter",
    "CsvWriter",
    "FirstReadingWriter",
    "UnlistedWriter",
    "Writer",
    "begin",
    "broadcast",
    "check_writers",
    "dispatch",
    "dispatch_first",
    "dispatch_unlisted",
    "open_csv_writer",
]
