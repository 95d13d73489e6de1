"""Where account reports go."""

from auditor.output.csv import CsvWriter, open_csv_writer
from auditor.output.dispatch import begin, keep, tell
from auditor.output.interface import BatchWriter, BeginningWriter, Writer

__all__ = ["BatchWriter", "BeginningWriter", "CsvWriter", "Writer", "begin", "keep", "open_csv_writer", "tell"]
