"""One thing each that may be wrong with files that are right, and the kind of problem that it is."""

from collections.abc import Callable

from tests.chaos.files import SECTIONS, Tables
from tests.chaos.user_facts import Row
from tests.chaos.verdict import Kind

ROOT = "<root_account>"


def entered(tables: Tables) -> Row:
    """An account's coverage in which all is complete, and that has keys and events."""
    return next(
        row
        for row in tables.coverage
        if not row["error_code"] and row["key_count"] != "0" and row["event_count"] != "0"
    )


def lose_a_key(tables: Tables) -> None:
    """A key is in no row, and not counted either."""
    row = entered(tables)
    tables.findings.remove(next(one for one in tables.findings if one["account_id"] == row["account_id"]))
    row["key_count"] = str(int(row["key_count"]) - 1)


def lose_an_event(tables: Tables) -> None:
    """An event is in no row, and not counted either."""
    row = entered(tables)
    tables.events.remove(next(one for one in tables.events if one["account_id"] == row["account_id"]))
    row["event_count"] = str(int(row["event_count"]) - 1)


def user_of(tables: Tables, *, keys: bool = True) -> Row:
    """The row of a user with a key, or without, in an account in which all is complete."""
    whole = {row["account_id"] for row in tables.coverage if row["role"] == "complete" and not row["error_code"]}
    return next(
        row
        for row in tables.users
        if row["account_id"] in whole and row["username"] != ROOT and (row["active_keys"] != "0") is keys
    )


def root_of(tables: Tables) -> Row:
    """Root's row in an account in which all is complete."""
    account = entered(tables)["account_id"]
    return next(row for row in tables.users if (row["account_id"], row["username"]) == (account, ROOT))


def count_users(tables: Tables, account: str) -> None:
    """The coverage counts those who are in the table."""
    row = next(row for row in tables.coverage if row["account_id"] == account)
    row["user_count"] = str(sum(one["account_id"] == account and one["username"] != ROOT for one in tables.users))


def lose_a_user(tables: Tables) -> None:
    """A user without a key is in no row, and not counted either."""
    row = user_of(tables, keys=False)
    tables.users.remove(row)
    count_users(tables, row["account_id"])


def lose_a_counted_user(tables: Tables) -> None:
    """A user is in no row, and was counted."""
    tables.users.remove(user_of(tables))


def lose_root(tables: Tables) -> None:
    """Root has no row."""
    tables.users.remove(root_of(tables))


def double_a_user(tables: Tables) -> None:
    """A user is there twice, and counted twice."""
    row = user_of(tables)
    tables.users.append(row)
    count_users(tables, row["account_id"])


def double_root(tables: Tables) -> None:
    """Root is there twice."""
    tables.users.append(root_of(tables))


def invent_a_user(tables: Tables) -> None:
    """There is a row of a user whom IAM does not have."""
    row = user_of(tables)
    tables.users.append({**row, "username": "nobody"})
    count_users(tables, row["account_id"])


def tell_a_lie_about_root(tables: Tables) -> None:
    """Root is said to have another MFA than it has."""
    row = root_of(tables)
    row["mfa_status"] = "Hardware" if row["mfa_status"] != "Hardware" else "None"


def tell_a_lie_about_a_user(tables: Tables) -> None:
    """A user without a key is said to have a password, or not to have the one that they have."""
    row = user_of(tables, keys=False)
    row["password_status"] = "Configurada" if row["password_status"] != "Configurada" else "No configurada"


def count_a_credential_more(tables: Tables) -> None:
    """A user is said to have a service credential more than they have."""
    row = user_of(tables)
    row["service_credentials"] = str(int(row["service_credentials"]) + 1)


def not_know_root(tables: Tables) -> None:
    """Root's password is said to be unknown, and its section to be complete."""
    root_of(tables)["password_status"] = "Desconocido (AccessDenied)"


def not_have_asked(tables: Tables) -> None:
    """The password of a user is said not to have been asked for, though it was to be."""
    user_of(tables, keys=False)["password_status"] = "Desconocido (NotAsked)"


def blame_another_error(tables: Tables) -> None:
    """A user's service credentials are said to be unknown for an error that nobody met."""
    row = user_of(tables)
    row["service_credentials"] = "Desconocido (Timeout)"
    next(one for one in tables.coverage if one["account_id"] == row["account_id"])["service_credentials"] = "partial"


def skip_root(tables: Tables) -> None:
    """Root is said not to be in what was asked for, and is not there."""
    lose_root(tables)
    entered(tables)["root"] = "skipped"


def report_without_report(tables: Tables) -> None:
    """Facts are said to be from a report that nobody asked for."""
    entered(tables)["freshness"] = "report"


def lose_an_account(tables: Tables) -> None:
    """An account is in none of the files."""
    row = entered(tables)
    for table in (tables.findings, tables.events, tables.users, tables.coverage):
        table[:] = [one for one in table if one["account_id"] != row["account_id"]]


def double_a_key(tables: Tables) -> None:
    """A key is there twice, and counted twice."""
    row = entered(tables)
    tables.findings.append(next(one for one in tables.findings if one["account_id"] == row["account_id"]))
    row["key_count"] = str(int(row["key_count"]) + 1)


def double_an_event(tables: Tables) -> None:
    """An event is there twice, and counted twice."""
    row = entered(tables)
    tables.events.append(next(one for one in tables.events if one["account_id"] == row["account_id"]))
    row["event_count"] = str(int(row["event_count"]) + 1)


def double_an_account(tables: Tables) -> None:
    """An account has two rows of coverage."""
    tables.coverage.append(entered(tables))


def tell_a_lie(tables: Tables) -> None:
    """A cell says what is not so."""
    tables.findings[0]["mfa_status"] = "Hardware" if tables.findings[0]["mfa_status"] != "Hardware" else "None"


def accuse(tables: Tables) -> None:
    """A section is said to have failed in which nothing went wrong."""
    entered(tables)["events"] = "partial"


def hide_a_denial(tables: Tables) -> None:
    """An account that refused the role is said to be complete."""
    row = next(row for row in tables.coverage if row["role"] == "denied")
    row.update(dict.fromkeys(SECTIONS, "complete"))


def give_up(tables: Tables) -> None:
    """An account is said not to have been reached, although the audit came to its end."""
    row = entered(tables)
    row.update(dict.fromkeys(SECTIONS, "not reached"))


def miscount(tables: Tables) -> None:
    """More events of other services are said to have been passed over than there are."""
    row = entered(tables)
    row["foreign_event_count"] = str(int(row["foreign_event_count"]) + 1)


WRONG: dict[Callable[[Tables], None], Kind] = {
    lose_a_key: Kind.LOST,
    lose_an_event: Kind.LOST,
    lose_a_user: Kind.LOST,
    lose_a_counted_user: Kind.LOST,
    lose_root: Kind.LOST,
    double_a_user: Kind.DOUBLED,
    double_root: Kind.DOUBLED,
    invent_a_user: Kind.FALSE,
    tell_a_lie_about_root: Kind.FALSE,
    tell_a_lie_about_a_user: Kind.FALSE,
    count_a_credential_more: Kind.FALSE,
    not_know_root: Kind.LOST,
    not_have_asked: Kind.FALSE,
    blame_another_error: Kind.FALSE,
    skip_root: Kind.LOST,
    report_without_report: Kind.FALSE,
    lose_an_account: Kind.LOST,
    double_a_key: Kind.DOUBLED,
    double_an_event: Kind.DOUBLED,
    double_an_account: Kind.DOUBLED,
    tell_a_lie: Kind.FALSE,
    accuse: Kind.FALSE,
    hide_a_denial: Kind.FALSE,
    give_up: Kind.LOST,
    miscount: Kind.FALSE,
}
