"""`auditor schema`: what stands in a journal, for programs that read one."""

from auditor.cli.text import print_text


def schema() -> None:
    """Print the JSON Schema that each line of a journal keeps to.

    Exit codes: 0 printed; 1 not printed.

    Example: auditor schema > journal.schema.json
    """
    # With it comes pydantic, which no other command needs before it has begun.
    from auditor.journal.schema import shipped_schema  # noqa: PLC0415 - said above

    print_text(lambda: shipped_schema().rstrip())
