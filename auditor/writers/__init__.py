"""Where account reports go."""

from auditor.writers.csv import CsvWriter, open_csv_writer
from auditor.writers.interface import BatchWriter, BeginningWriter, Writer
from auditor.writers.keeping import begin, keep, tell

__all__ = ["BatchWriter", "BeginningWriter", "CsvWriter", "Writer", "begin", "keep", "open_csv_writer", "tell"]
