"""What a local organization holds, and that it follows from its seed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditor.demo import AccessKey, Organization, Scenario, Truth, User, build_organization, truth
from auditor.demo.event_record import event_record
from auditor.demo.facts import IAM

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
START = NOW - timedelta(days=90)


def _build(**changes: object) -> Organization:
    return build_organization(replace(Scenario(now=NOW), **changes))  # type: ignore[arg-type]  # each by its own name


def _truth(organization: Organization) -> Truth:
    return truth(organization, start=START, end=NOW)


def _users(organization: Organization) -> Iterator[User]:
    for account in organization.accounts:
        yield from organization.facts(account).users


def _keys(organization: Organization) -> list[AccessKey]:
    return [key for user in _users(organization) for key in user.keys]


def test_same_seed_same_truth() -> None:
    """Two organizations of one scenario tell the same truth."""
    assert _truth(_build()) == _truth(_build())


def test_facts_do_not_depend_on_the_order_of_asking() -> None:
    """An account holds the same whether it is asked for first or last."""
    forward, backward = _build(), _build()
    for account in reversed(backward.accounts):
        backward.facts(account)

    assert [forward.facts(account) for account in forward.accounts] == [
        backward.facts(account) for account in backward.accounts
    ]


def test_other_seed_other_truth() -> None:
    """Another seed gives other accounts, keys and events."""
    one, other = _truth(_build()), _truth(_build(seed=8))
    assert set() == set(one.audited_accounts) & set(other.audited_accounts)
    assert set() == {row["access_key_id"] for row in one.findings} & {row["access_key_id"] for row in other.findings}


def test_names_and_ids_are_unique_over_all_accounts() -> None:
    """No user name and no key id is found in two places, so that a wrong signer shows."""
    organization = _build(accounts=300, users=5)
    names = [user.name.lower() for user in _users(organization)]
    ids = [key.id for key in _keys(organization)]
    accounts = [account.id for account in organization.accounts]
    assert (len(names), len(ids), 300) == (len(set(names)), len(set(ids)), len(set(accounts)))


def test_account_states() -> None:
    """Every state there is occurs, and only the working ones are audited."""
    organization = _build()
    states = {account.state for account in organization.accounts}
    assert {"ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION"} == states
    told = _truth(organization)
    closing = next(account.id for account in organization.accounts if account.state == "PENDING_CLOSURE")
    assert closing in told.audited_accounts
    assert [account.index for account in organization.accounts if account.refuses_role] == [11, 22, 33]
    assert tuple(organization.accounts[index].id for index in (11, 22, 33)) == told.denied_accounts
    assert tuple(organization.accounts[index].id for index in (5, 7, 8)) == told.skipped_accounts


def test_account_names() -> None:
    """Account names have what makes CSV and spreadsheets stumble."""
    names = [account.name for account in _build().accounts]
    for part in ('"', ",", "研", "'", "<"):
        assert any(part in name for name in names), part

    assert {"=", "+", "-", "@", "'"} <= {name[0] for name in names}


def test_user_names_have_all_legal_signs() -> None:
    """User names use every sign that IAM allows, at the beginning, too."""
    names = [user.name for user in _users(_build())]
    assert {"=", "+", "-", "@"} <= {name[0] for name in names}
    assert set("=+,.@-_") <= {sign for name in names for sign in name}
    assert max(len(name) for name in names) <= 64


@pytest.mark.parametrize("count", [0, 1, 2])
def test_users_with_so_many_keys(count: int) -> None:
    """There are users with no key, one and two."""
    assert count in {len(user.keys) for user in _users(_build())}


def test_key_kinds() -> None:
    """There are active, inactive and expired keys, unused ones, and pairs made in the same second."""
    organization = _build()
    assert {"Active", "Inactive", "Expired"} == {key.status for key in _keys(organization)}
    unused = [key for key in _keys(organization) if key.last_used is None]
    assert {("N/A", "N/A")} == {(key.service, key.region) for key in unused}
    pairs = [user.keys for user in _users(organization) if len(user.keys) == 2]
    assert any(first.created == second.created for first, second in pairs)


def test_device_kinds() -> None:
    """Every kind of MFA device is there, alone and with others, and the serials look like AWS's."""
    organization = _build()
    kinds = {tuple(device.kind for device in user.devices) for user in _users(organization)}
    alone = {("virtual",), ("totp",), ("fido",), ("passkey",), ("sms",), ("unknown",)}
    together = {("virtual", "fido"), ("virtual", "virtual"), ("virtual", "totp", "fido", "passkey")}
    assert alone | together | {()} <= kinds
    devices = [device for user in _users(organization) for device in user.devices]
    marks = {
        "virtual": ":mfa/",
        "totp": "GAKT",
        "fido": ":u2f/user/",
        "passkey": ":u2f/user/",
        "sms": ":sms-mfa/",
        "unknown": ":quantum/",
    }
    assert [device for device in devices if marks[device.kind] not in device.serial] == []
    assert any(":mfa/devices/" in device.serial for device in devices)
    assert any("virtual" in device.serial for device in devices if device.kind == "fido")


def test_passwords() -> None:
    """There are passwords never used, and last uses that outlive their password."""
    organization = _build()
    states = {(bool(user.password_created), bool(user.password_last_used)) for user in _users(organization)}
    assert {(True, True), (True, False), (False, True), (False, False)} == states


def test_what_vanishes_gives_no_row() -> None:
    """Users and keys that are deleted between two calls are in no row, and are told apart."""
    told = _truth(_build())
    assert len(told.vanished) == 4
    cells = {cell for row in told.findings for cell in (row["username"], row["access_key_id"])}
    assert set() == cells & set(told.vanished)


def test_account_sizes() -> None:
    """One account has more than a page of users, one has none, and no users at all is possible."""
    organization = _build()
    sizes = [len(organization.facts(account).users) for account in organization.accounts]
    assert sizes[1] == 120
    assert 0 in sizes
    assert list(_users(_build(users=0))) == []
    assert len(_build(largest_account=1005).facts(organization.accounts[1]).users) == 1005


def test_events() -> None:
    """There are failed events, anonymous ones, old ones, other names and another region's."""
    organization = _build()
    events = [event for account in organization.accounts for event in organization.facts(account).events]
    for kind in (
        [event for event in events if event.error_code],
        [event for event in events if event.username is None],
        [event for event in events if event.time < START],
        [event for event in events if event.region == "eu-west-1"],
        [event for event in events if event.name in ("UpdateAccessKey", "ListUsers")],
    ):
        assert kind

    ours = [event for event in events if event.source == IAM]
    created = [event for event in ours if event.name == "CreateUser" and event.error_code is None]
    assert {3} == {len(event.resources) for event in created}
    assert len(events) == len({event.id for event in events})


def test_foreign_events() -> None:
    """Other services' events have the audited names, are in no row, and are counted by account."""
    organization = _build()
    told = _truth(organization)
    events = {account.id: organization.facts(account).events for account in organization.accounts}
    foreign = {account: [event for event in events[account] if event.source != IAM] for account in told.foreign_events}
    assert {"CreateUser", "DeleteUser"} == {event.name for one in foreign.values() for event in one}
    assert any(told.foreign_events.values())
    assert told.foreign_events == {account: len(one) for account, one in foreign.items()}
    names = {name for one in foreign.values() for event in one for _, name in event.resources}
    assert not names & {row["resources"] for row in told.events}


def test_what_root_did() -> None:
    """Root has no name: in an account with an alias, the record has that instead, and the index has none of it."""
    organization = _build()
    account = organization.accounts[0]
    (event,) = [event for event in organization.facts(account).events if event.root_alias]
    identity = json.loads(event_record(event, account.id))["userIdentity"]
    assert ("Root", event.root_alias, "root") == (identity["type"], identity["userName"], event.username)
    assert str(event.root_alias) not in str(_truth(organization).events)


def test_success_is_no_refusal() -> None:
    """Events that are said to be a success took place."""
    organization = _build()
    events = [event for account in organization.accounts for event in organization.facts(account).events]
    codes = {event.error_code for event in events if event.happened}
    assert {None, "", "Success"} == codes


def test_nothing_is_odd_unless_asked_for() -> None:
    """Odd items are in each account with users, of every kind, and in none of an organization without them."""
    organization = _build()
    assert not any(_truth(organization).odd.values())
    odd = _build(odd_items=True)
    told = _truth(odd)
    holding = {account.id for account in odd.accounts if odd.facts(account).users}
    # Root is odd in one account.
    sections = [set(found) - {"root"} for account, found in told.odd.items() if account in holding]
    assert sections
    assert [{"users", "keys", "last_used", "mfa", "events"}] * len(sections) == sections
    unreadable = {column for row in told.findings for column, cell in row.items() if cell.endswith("(InvalidResponse)")}
    assert unreadable == {
        *("password_last_used", "status", "created_date", "last_used_date", "service_name", "mfa_status"),
    }


def test_many_events_of_one_name() -> None:
    """One account has more than two pages of one event name in the audited time."""
    organization = _build()
    largest = organization.accounts[1].id
    rows = [row for row in _truth(organization).events if row["account_id"] == largest]
    assert sum(row["eventName"] == "CreateAccessKey" for row in rows) > 100


def test_only_what_happened_is_in_the_truth() -> None:
    """No failed, old or foreign event is told, and events of every audited name are."""
    organization = _build()
    told = _truth(organization)
    assert len({row["eventName"] for row in told.events}) == 5
    times = [datetime.fromisoformat(row["eventTime"]) for row in told.events]
    assert min(times) >= START
    failed = next(
        event
        for account in organization.accounts
        for event in organization.facts(account).events
        if event.error_code is not None
    )
    assert failed.error_code == json.loads(event_record(failed, "1"))["errorCode"]


def test_no_event_is_near_the_edge_of_the_history() -> None:
    """A run that takes an hour finds the same events as one that takes a second."""
    organization = _build(accounts=100)
    distances = [
        abs(event.time - START) for account in organization.accounts for event in organization.facts(account).events
    ]
    assert min(distances) >= timedelta(hours=36)


def test_recent_keys_have_their_event() -> None:
    """A key of the last 90 days is told of by a CreateAccessKey event at its own second."""
    organization = _build()
    for account in organization.accounts:
        facts = organization.facts(account)
        made = {(event.target_key, event.time) for event in facts.events if event.name == "CreateAccessKey"}
        keys = {(key.id, key.created) for user in facts.users for key in user.keys if key.created > START}
        assert keys <= made


def test_denied_facts_read_so() -> None:
    """A refused fact is told as refused, in the words of the labels."""
    actions = {"*": frozenset({"iam:GetLoginProfile", "iam:ListMFADevices", "iam:GetAccessKeyLastUsed"})}
    organization = _build(denied_actions=actions)
    for labels, word in (("es", "Desconocido (AccessDenied)"), ("en", "Unknown (AccessDenied)")):
        told = truth(organization, start=START, end=NOW, labels=labels)  # type: ignore[arg-type]  # not literal in a loop
        facts = ("password_status", "last_used_date", "service_name", "mfa_status")
        assert {word} == {row[fact] for row in told.findings for fact in facts}


def test_odd_states_are_told_as_unknown() -> None:
    """An account with no state, or with an unheard-of one, has no rows and is named."""
    organization = _build(odd_states={2: None, 3: "QUARANTINED"})
    told = _truth(organization)
    assert tuple(organization.accounts[index].id for index in (2, 3)) == told.unknown_accounts
    assert organization.state_words(organization.accounts[2]) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"accounts": 0},
        {"users": -1},
        {"partition": "aws-moon"},
        {"now": datetime(2026, 1, 1)},  # noqa: DTZ001 - a naive time is what is refused
        {"delegated_administrator": True, "accounts": 1},
        {"denied_every": 0},
    ],
)
def test_impossible_scenarios_are_refused(wrong: dict[str, object]) -> None:
    """A scenario that can't be built is refused when it is made."""
    with pytest.raises(ValueError, match=r"."):
        Scenario(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_keys_that_pass_are_told_apart() -> None:
    """Keys that are deleted while they are read are no findings, and their rows are there all the same."""
    told = _truth(_build())
    names = {row["username"].partition("-")[0] for row in told.passing}
    assert {"vanishes.listed", "vanishes.keys", "vanishes.key"} == names
    assert not {row["access_key_id"] for row in told.passing} & {row["access_key_id"] for row in told.findings}
