"""Models with all that the journal's format must tell apart, and how they are written and read."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor import KeyUse, MfaDevice, NotAsked, Unknown
from auditor.journal.format import decode, encode
from auditor.model.facts import NOT_ASKED, LoginProfile, Root


@dataclass(frozen=True, slots=True)
class Values:
    """One value of each union that the models have, and of those that they will have."""

    flag: bool | Unknown | None = None
    use: KeyUse | Unknown | None = None
    devices: tuple[MfaDevice, ...] | Unknown | None = None
    later_flag: bool | Unknown | NotAsked | None = NOT_ASKED
    later_use: KeyUse | Unknown | NotAsked | None = NOT_ASKED
    later_devices: tuple[MfaDevice, ...] | Unknown | NotAsked | None = NOT_ASKED
    profile: LoginProfile | Unknown | NotAsked | None = NOT_ASKED
    root: Root | NotAsked = NOT_ASKED
    status: str | Unknown = ""
    paths: tuple[str, ...] | NotAsked = NOT_ASKED
    later_number: int | NotAsked = NOT_ASKED
    later_at: datetime | NotAsked | None = NOT_ASKED
    expires: datetime | Unknown | None = None
    at: datetime | None = None
    number: int = 0
    share: float = 0.0
    text: str = ""


@dataclass(frozen=True, slots=True)
class LaterKey:
    """An access key as a later version has it."""

    id: str
    status: str
    created_at: datetime | None
    last_use: KeyUse | Unknown | None
    rotated: bool | NotAsked = NOT_ASKED
    notes: tuple[Unknown, ...] = field(default_factory=tuple)


def value_of(model: Any) -> dict[str, Any]:
    """What JSON has of a model."""
    value: dict[str, Any] = json.loads(encode(model))
    return value


def read(kind: type[Any], value: object) -> Any:
    """The model that a value of JSON is read as."""
    return decode(kind, json.dumps({"crc32": "00000000", "value": value}).encode(), name="value")
