"""`auditor schema`: what stands in a journal, for programs that read one."""

from auditor.cli.text import print_text
from auditor.journal.schema import shipped_schema


def schema() -> None:
    """Print the JSON Schema that each line of a journal keeps to.

    Exit codes: 0 printed; 1 not printed.

    Example: auditor schema > journal.schema.json
    """
    print_text(lambda: shipped_schema().rstrip())
