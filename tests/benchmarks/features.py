"""Which of the measured features the product has."""

import dataclasses
import inspect

from auditor import AuditConfig
from auditor.commands.audit import audit


def has_report() -> bool:
    """Whether facts may be taken from the credential report."""
    return "freshness" in {field.name for field in dataclasses.fields(AuditConfig)}


def has_processes() -> bool:
    """Whether the command can use more than one process."""
    return "processes" in inspect.signature(audit).parameters
