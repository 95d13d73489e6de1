"""Accounts are sent as their pages arrive, and a list that ends early is never a smaller organization."""

from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from botocore.exceptions import EndpointConnectionError

from auditor.aws.gateway import open_gateway
from auditor.demo import Scenario
from auditor.errors import OrganizationError
from auditor.model.facts import Account
from auditor.model.progress import AccountsListed, AuditWarning, ProgressEvent
from auditor.run.listing import Listing, list_accounts
from tests.fakes import JUMPING, FakeClients, FakeService, accounts_page, gateway, refusal
from tests.organizations import served

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


class Heard:
    """What a listing sent, told and warned of."""

    def __init__(self) -> None:
        self.listing = Listing()
        self.accounts: list[Account] = []
        self.events: list[ProgressEvent] = []
        self.warnings: list[str] = []

    async def take(self, answers: Any) -> "Heard":
        """List an organization that answers so."""
        client = FakeService("organizations", list_accounts=answers)
        sent, received = anyio.create_memory_object_stream[Account](1000)
        async with received:
            await list_accounts(
                gateway(FakeClients(organizations=client)),
                sent,
                listing=self.listing,
                observe=self._hear,
            )
            self.accounts = [account async for account in received]
        return self

    def _hear(self, event: ProgressEvent) -> None:
        if isinstance(event, AuditWarning):
            self.warnings.append(event.message)
        else:
            self.events.append(event)


async def test_all_accounts_are_sent_and_counted() -> None:
    """Accounts of all pages are sent in order, each page is told of, and then the end."""
    heard = await Heard().take([accounts_page("1", "2", token="a"), accounts_page(token="b"), accounts_page("3")])

    assert [account.id for account in heard.accounts] == ["1", "2", "3"]
    assert (heard.listing.count, heard.listing.interruption, heard.listing.rest) == (3, None, None)
    assert heard.events == [
        AccountsListed(2, finished=False),
        AccountsListed(2, finished=False),
        AccountsListed(3, finished=False),
        AccountsListed(3, finished=True),
    ]


async def test_a_list_that_ends_early_says_so() -> None:
    """The accounts before a refused page are sent, and the listing has the reason and is not finished."""
    heard = await Heard().take([accounts_page("1", "2", token="a"), refusal("AccessDeniedException")])
    interruption = heard.listing.interruption

    assert [account.id for account in heard.accounts] == ["1", "2"]
    assert interruption is not None
    assert (interruption.code, interruption.listed, interruption.exit_code) == ("AccessDeniedException", 2, 3)
    assert "The list of accounts ended early, after 2" in str(interruption)
    assert interruption is heard.listing.rest
    assert heard.events[-1] == AccountsListed(2, finished=False)


@pytest.mark.parametrize(
    "second",
    [accounts_page(token="a"), {}, {"Accounts": {"Id": "2"}}, refusal("ServiceException", status=500)],
    ids=["repeated token", "no list", "another type", "server error"],
)
async def test_no_page_that_fails_is_the_end(second: Any) -> None:
    """Whatever is wrong with a page, the organization is not taken to end before it."""
    answers = iter([accounts_page("1", token="a")])
    heard = await Heard().take(lambda **_: next(answers, second))

    assert [account.id for account in heard.accounts] == ["1"]
    assert heard.listing.interruption is not None


@pytest.mark.parametrize("odd", [{"Name": "no id"}, {}, None, "text", {"Id": 7}, {"Id": "", "Arn": "arn:odd"}], ids=str)
async def test_an_account_without_id_is_said_and_costs_no_other(odd: Any) -> None:
    """All others are sent, and the listing that came to its end says that not all of it can be audited."""
    pages = [{**accounts_page("1", token="a"), "Accounts": [odd, *accounts_page("1")["Accounts"]]}, accounts_page("2")]
    heard = await Heard().take(pages)
    interruption = heard.listing.interruption

    assert (["1", "2"], 2) == ([account.id for account in heard.accounts], heard.listing.count)
    assert interruption is not None
    assert ("InvalidResponse", 1, 3) == (interruption.code, interruption.unnamed, interruption.exit_code)
    assert str(interruption).startswith("1 of the listed accounts can't be entered: InvalidResponse: an account has no")
    assert (interruption, AccountsListed(2, finished=True)) == (heard.listing.rest, heard.events[-1])
    assert [warning.startswith("An account was listed that can't be entered") for warning in heard.warnings] == [True]


async def test_an_account_without_id_is_known_by_its_arn() -> None:
    """The end of its ARN is the account: nothing of it is missing."""
    arn = "arn:aws:organizations::111111111111:account/o-abc/222222222222"
    heard = await Heard().take(
        {"Accounts": [{"Arn": arn, "Name": "b", "State": "ACTIVE"}, *accounts_page("1")["Accounts"]]}
    )

    assert ["222222222222", "1"] == [account.id for account in heard.accounts]
    assert heard.listing.interruption is None


async def test_a_list_that_ends_early_says_so_first() -> None:
    """Behind an account without id there may be accounts that were not listed: that is what is said of the list."""
    heard = await Heard().take(
        [{"Accounts": [None, *accounts_page("1")["Accounts"]], "NextToken": "a"}, refusal("AccessDeniedException")]
    )
    interruption = heard.listing.interruption

    assert interruption is not None
    assert ("AccessDeniedException", 0, 1) == (interruption.code, interruption.unnamed, len(heard.warnings))


async def test_without_any_account_that_has_an_id_there_is_no_organization() -> None:
    """Where none can be entered, nothing can be audited."""
    with pytest.raises(OrganizationError, match=r"could not be listed .*an account has no Id"):
        await Heard().take({"Accounts": [{"Name": "a"}, None]})


REFUSALS = [
    (refusal("AWSOrganizationsNotInUseException"), "The caller's account is in no organization"),
    (refusal("AccessDeniedException"), "The caller may not list the accounts: use the management account"),
    (refusal("InvalidInputException"), "The accounts could not be listed"),
    (
        EndpointConnectionError(endpoint_url="https://organizations.us-east-1.amazonaws.com", error=OSError()),
        "The accounts could not be listed (ConnectionFailed",
    ),
]


@pytest.mark.parametrize(("error", "sentence"), REFUSALS, ids=lambda value: type(value).__name__)
async def test_without_a_first_page_there_is_no_organization(error: Exception, sentence: str) -> None:
    """Where no account could be listed, the audit ends with a sentence on why."""
    heard = Heard()

    with pytest.raises(OrganizationError) as caught:
        await heard.take(lambda **_: error)

    assert str(caught.value).startswith(sentence)
    assert caught.value.exit_code == 1
    assert heard.listing.interruption is None
    assert "NotListed" == getattr(heard.listing.rest, "code", None)


async def test_an_empty_first_page_is_no_organization_either() -> None:
    """A refusal before the first account is one, though an empty page came before it."""
    with pytest.raises(OrganizationError, match="may not list"):
        await Heard().take([accounts_page(token="a"), refusal("AccessDeniedException")])


async def test_accounts_that_are_being_closed_are_warned_of() -> None:
    """A person learns which accounts' keys will work until they are closed."""
    heard = await Heard().take([accounts_page("1", token="a"), accounts_page("2", state="PENDING_CLOSURE")])

    assert heard.warnings == ["The account name of 2 (2) is being closed; until then its keys and passwords work."]


@pytest.mark.parametrize("state", ["ACTIVE", "SUSPENDED", "CLOSED", "PENDING_ACTIVATION", "HIBERNATING"])
async def test_every_account_is_sent(state: str) -> None:
    """Accounts in any state go on to the engine, which says what becomes of them; no other state is warned of."""
    heard = await Heard().take(accounts_page("1", state=state))

    assert [account.state_word for account in heard.accounts] == [state]
    assert heard.warnings == []


async def test_a_page_is_sent_at_once() -> None:
    """The next one need not wait for turns of the loop, each of which takes long where many requests are under way."""
    turns, answered_at = 0, 0
    took: list[int] = []

    def answer(**_: Any) -> dict[str, Any]:
        nonlocal answered_at
        answered_at = turns
        return accounts_page(*(f"{number}" for number in range(20)))

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await checkpoint()

    fakes = gateway(FakeClients(organizations=FakeService("organizations", list_accounts=answer)))
    sent, received = anyio.create_memory_object_stream[Account](20)
    async with received, anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        await list_accounts(fakes, sent, listing=Listing(), observe=lambda _: took.append(turns - answered_at))
        tasks.cancel_scope.cancel()

    assert took[0] < 10


@pytest.mark.parametrize(
    "answers", [[accounts_page("1")], [accounts_page("1", token="a"), refusal("AccessDeniedException")]]
)
async def test_the_stream_is_closed_at_the_end(answers: Any) -> None:
    """Whoever takes the accounts learns that there are no more, however the listing ended."""
    client = FakeService("organizations", list_accounts=answers)
    sent, received = anyio.create_memory_object_stream[Account](10)
    fakes = gateway(FakeClients(organizations=client))
    await list_accounts(fakes, sent, listing=Listing(), observe=ignore)

    assert received.statistics().open_send_streams == 0
    received.close()


def ignore(_: object) -> None:
    """Look away."""


@pytest.mark.parametrize(
    ("scenario", "listed", "whole"),
    [
        (Scenario(accounts=45, users=0), 45, True),
        (Scenario(accounts=45, users=0, listing_denied_page=3), 40, False),
        (Scenario(accounts=5, users=0, page_size_organizations=2, organizations_rate=8.0), 5, True),
    ],
    ids=["whole", "denied", "rated"],
)
async def test_an_organization_is_listed(
    scenario: Scenario, listed: int, monkeypatch: pytest.MonkeyPatch, *, whole: bool
) -> None:
    """Every account of a local organization is listed, over empty pages, and a denial on the way is said."""
    async with served(scenario, monkeypatch) as server, open_gateway() as opened:
        sent, received = anyio.create_memory_object_stream[Account](100)
        listing = Listing()
        await list_accounts(opened, sent, listing=listing, observe=ignore)
        async with received:
            ids = [account.id async for account in received]

    assert ids == [account.id for account in server.organization.accounts[:listed]]
    assert (listing.interruption is None) == whole
