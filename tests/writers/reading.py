"""CSV read back."""

import csv
import io


def read_back(text: str) -> list[list[str]]:
    """The cells of a text, the guard taken off."""
    return [[cell.removeprefix("'") for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]
