"""`python -m tests.manual`: write into README and manual what the program prints: help texts and the picture."""

import sys

import anyio

from tests.manual.pages import PAGES, helped_commands, with_help
from tests.manual.picture import PICTURE, picture


def main() -> None:
    """Write what has changed, and name it."""
    texts = {path: path.read_text(encoding="utf-8") for path in PAGES.values()}
    new = {path: with_help(text) for path, text in texts.items() if helped_commands(text)}
    new[PICTURE] = anyio.run(picture, backend="asyncio")
    for path, text in new.items():
        if not path.exists() or text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
