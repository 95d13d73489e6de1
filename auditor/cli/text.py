"""How a command prints one text, and `auditor schema`, which does only that."""

from collections.abc import Callable

from auditor.cli.terminal.streams import guarded_stderr, write_result


def print_text(make: Callable[[], str], *, show: Callable[[str], str] = write_result, next_step: str = "") -> None:
    """Print the text and a line end on stdout; `show` writes it, and returns why it could not, else an empty text.

    The next step, if there is one, is said on stderr: the text is for a file.

    Raises:
        SystemExit: It could not be made or written; why has been said on stderr, in one sentence.
    """
    # Loaded where a text is printed: help and completions start without.
    from auditor.cli.terminal.console import ConsoleOutput  # noqa: PLC0415 - said above
    from auditor.cli.terminal.signals import one_sentence  # noqa: PLC0415 - said above

    output = ConsoleOutput(guarded_stderr().console())
    with one_sentence(output):
        failure = show(make())
    if failure:
        output.say(f"Error: The text could not be written: {failure}.")
        raise SystemExit(1)
    if next_step:
        output.say(next_step)


def schema() -> None:
    """Print the JSON Schema that each line of a journal keeps to.

    Exit codes: 0 printed; 1 not printed.

    Example: auditor schema > journal.schema.json
    """
    # With it comes pydantic, which no other command needs before it has begun.
    from auditor.journal.schema import shipped_schema  # noqa: PLC0415 - said above

    print_text(lambda: shipped_schema().rstrip())
