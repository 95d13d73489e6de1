"""Where account reports go."""

from auditor.writers.csv import CsvWriter, open_csv_writer
from auditor.writers.interface import Writer

__all__ = ["CsvWriter", "Writer", "open_csv_writer"]
