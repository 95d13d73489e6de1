"""Names that are loaded late have their types all the same, and a wrong name is refused by mypy and by Python.

mypy checks the tests too, and complains where what is ignored here is no error to it.
"""

from typing import assert_type

import pytest

import auditor
from auditor import AuditConfig, RequestError


def test_a_name_has_its_type() -> None:
    """Neither the package's attribute nor the imported name is `Any`."""
    config = auditor.AuditConfig(role="Reader")
    assert_type(config, AuditConfig)
    assert_type(config.session_name, str)
    assert_type(auditor.Rates().iam, float)


def test_a_wrong_argument_is_refused() -> None:
    """The signature is known as well."""
    with pytest.raises(TypeError):
        auditor.AuditConfig(rolle="Reader")  # type: ignore[call-arg]  # there is no such setting


def test_a_wrong_name_is_refused() -> None:
    """A name that is not there is an error of the attribute, with the name that was meant."""
    with pytest.raises(AttributeError, match="module 'auditor' has no attribute 'run_adit'"):
        auditor.run_adit  # type: ignore[attr-defined]  # noqa: B018 - it is read for its error


def test_a_wrong_import_is_refused() -> None:
    """A name that is not there can't be imported."""
    with pytest.raises(ImportError, match="cannot import name 'RequestEror'"):
        from auditor import RequestEror  # type: ignore[attr-defined] # noqa: F401, PLC0415 - imported for its error


def test_an_error_has_its_facts() -> None:
    """What is caught by type has typed facts."""
    error = RequestError(code="Odd", message="odd", service="iam", operation="list_users")
    assert_type(error.code, str)
    assert_type(error.status, int)
