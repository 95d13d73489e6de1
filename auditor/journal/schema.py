"""The JSON Schema of a journal's lines: made from the models, and shipped as a file."""

import json
from importlib import resources
from typing import Any

from auditor.journal.format import CHECKSUM, schemas_of
from auditor.journal.header import READ_TEXT, READ_VERSIONS, FirstLine
from auditor.journal.reader import KINDS

SHIPPED = resources.files("auditor.journal").joinpath("journal.schema.json")
"""Where it is shipped."""

_ABOUT = (
    "Each line is UTF-8 and ends with a line feed. Members that are not named here are to be passed over, and so are "
    "lines with none of these. Of several reports of an account the last counts that has as much as those before it. A "
    "first reading, of an account that was to be asked once more, counts where no report of the account is behind it."
)
_ABOUT_CHECKSUM = "CRC-32 of the bytes between this member's comma and the line feed."


def shipped_schema() -> str:
    """The text that is shipped: `make schema` writes there what `schema_text` makes."""
    return SHIPPED.read_text(encoding="utf-8")


def schema_text() -> str:
    """The JSON Schema, made from the models; takes a moment."""
    schemas, definitions = schemas_of(KINDS)
    definitions[FirstLine.__name__]["properties"]["version"]["enum"] = list(READ_VERSIONS)
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A line of an audit's journal, versions {READ_TEXT}",
        "description": _ABOUT,
        "oneOf": [_line(name, schema) for name, schema in schemas.items()],
        "$defs": definitions,
    }
    return json.dumps(whole, indent=2) + "\n"


def _line(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    checksum = {"type": "string", "pattern": "^[0-9a-f]{8}$", "description": _ABOUT_CHECKSUM}
    return {"type": "object", "properties": {CHECKSUM: checksum, name: schema}, "required": [CHECKSUM, name]}
