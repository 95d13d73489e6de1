"""Where account reports go."""

from auditor.writers.csv import CsvWriter, open_csv_writer
from auditor.writers.interface import BatchWriter, Writer
from auditor.writers.keeping import keep, tell

__all__ = ["BatchWriter", "CsvWriter", "Writer", "keep", "open_csv_writer", "tell"]
