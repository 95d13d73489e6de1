"""CSV read back."""

import csv
import io
import re


def unguarded(cell: str) -> str:
    """The cell as it was before it was guarded against spreadsheets: the one expression that the manual gives."""
    return re.sub(r"((?:^|[;\t\r\n])\"*)'", r"\1", cell)


def read_back(text: str) -> list[list[str]]:
    """The cells of a text, the guard taken off."""
    return [[unguarded(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]
