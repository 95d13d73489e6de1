"""With filters nobody is entered before all that they rest on is listed."""

from typing import Any

import anyio
import pytest

from auditor import AccountFilters, AccountsListed, AuditWarning, ConfigurationError, OrganizationError
from auditor.model.facts import Account, AccountId
from auditor.model.progress import ProgressEvent
from auditor.run.listing import Listing, list_selected
from tests.fakes import JUMPING, FakeClients, FakeService, accounts_page, gateway, refusal

pytestmark = pytest.mark.anyio

ONE, TWO, THREE = (f"{number:012}" for number in (1, 2, 3))


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Rates and pauses take no time."""
    return JUMPING


class Heard:
    """What a listing sent, told and warned of."""

    def __init__(self) -> None:
        self.listing = Listing()
        self.sent: list[str] = []
        self.told: list[ProgressEvent] = []
        self.warnings: list[str] = []

    async def take(self, answers: Any, *, finished: Any = (), left_out: Any = (), **filters: Any) -> "Heard":
        """List an organization that answers so, with these filters."""
        client = FakeService("organizations", list_accounts=answers)
        sent, received = anyio.create_memory_object_stream[Account](1000)
        async with received:
            try:
                await list_selected(
                    gateway(FakeClients(organizations=client)),
                    sent,
                    filters=AccountFilters(**filters),
                    listing=self.listing,
                    finished=frozenset(map(AccountId, finished)),
                    left_out=frozenset(map(AccountId, left_out)),
                    observe=self._hear,
                )
            finally:
                self.sent = [account.id async for account in received]
        return self

    def _hear(self, event: ProgressEvent) -> None:
        if isinstance(event, AuditWarning):
            self.warnings.append(event.message)
        else:
            self.told.append(event)


async def test_the_others_are_left_out() -> None:
    """All are counted, the chosen ones are sent, and the rest is told."""
    heard = await Heard().take([accounts_page(ONE, TWO, token="a"), accounts_page(THREE)], excluded_accounts=(TWO,))
    assert ([ONE, THREE], [TWO]) == (heard.sent, [account.id for account in heard.listing.excluded])
    assert (3, [ONE, THREE], None) == (
        heard.listing.count,
        list(heard.listing.unfinished),
        heard.listing.rest,
    )
    assert [
        AccountsListed(2, finished=False),
        AccountsListed(3, finished=False),
        AccountsListed(3, finished=True, excluded=1),
    ] == heard.told


async def test_nobody_is_sent_before_the_list_is_whole() -> None:
    """Not even an account that was chosen by its id, and stands on the first page."""
    waiting, going_on = anyio.Event(), anyio.Event()

    async def answer(NextToken: str | None = None, **_: object) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if NextToken is None:
            return accounts_page(ONE, token="a")
        waiting.set()
        await going_on.wait()
        return accounts_page(TWO)

    client = FakeService("organizations", list_accounts=answer)
    sent, received = anyio.create_memory_object_stream[Account](10)
    filters = AccountFilters(accounts=(ONE,))
    async with received, anyio.create_task_group() as tasks:

        async def run() -> None:
            fakes = gateway(FakeClients(organizations=client))
            await list_selected(fakes, sent, filters=filters, listing=Listing(), observe=lambda _: None)

        tasks.start_soon(run)
        await waiting.wait()
        assert 0 == received.statistics().current_buffer_used
        going_on.set()
        assert ONE == (await received.receive()).id


@pytest.mark.parametrize(
    "filters", [{"accounts": (ONE, THREE)}, {"account_names": ("*",)}, {"excluded_accounts": (ONE,)}]
)
async def test_a_list_that_ends_early_chooses_nobody(filters: dict[str, Any]) -> None:
    """Whom the filters mean is not known: a sentence, exit code 1, and nothing of it in any file."""
    heard = Heard()
    with pytest.raises(
        OrganizationError, match=r"The list of accounts ended early, after 2 \(Access.*so none was"
    ) as e:
        await heard.take([accounts_page(ONE, TWO, token="a"), refusal("AccessDeniedException")], **filters)
    assert (1, [], 0, True) == (e.value.exit_code, heard.sent, heard.listing.count, heard.listing.over.is_set())


async def test_a_list_that_has_all_that_are_named_is_enough() -> None:
    """All ids were in it: that it ended early is said, and nothing is missing of what was asked for."""
    heard = await Heard().take([accounts_page(ONE, TWO, token="a"), refusal("AccessDeniedException")], accounts=(ONE,))
    assert ([ONE], [TWO], None) == (heard.sent, [each.id for each in heard.listing.excluded], heard.listing.rest)
    assert [True] == [warning.startswith("The list of accounts ended early, after 2") for warning in heard.warnings]


@pytest.mark.parametrize("code", ["AccessDeniedException", "AWSOrganizationsNotInUseException"])
async def test_without_a_list_ids_are_enough(code: str) -> None:
    """They are tried, and it is said what is not known of them and of all others."""
    heard = await Heard().take(refusal(code), accounts=(ONE, TWO), excluded_accounts=(TWO,))
    assert ([ONE], [], None) == (heard.sent, heard.listing.excluded, heard.listing.rest)
    assert f"No account could be listed ({code}: " in heard.warnings[0]
    assert "the 1 account that --account names is tried" in heard.warnings[0]


async def test_without_a_list_nothing_else_is_enough() -> None:
    """Names and states are not known."""
    with pytest.raises(OrganizationError, match="The caller may not list the accounts"):
        await Heard().take(refusal("AccessDeniedException"), accounts=(ONE,), excluded_account_names=("a",))


@pytest.mark.parametrize(
    "answer", [refusal("ServiceException", status=500), accounts_page()], ids=["server error", "empty"]
)
async def test_a_list_that_fails_is_no_denial(answer: Any) -> None:
    """Who may list is to do so: another time the list may be there."""
    with pytest.raises(OrganizationError, match="accounts could not be listed"):
        await Heard().take(lambda **_: answer, accounts=(ONE,))


async def test_what_is_wrong_with_filters_is_said_and_nobody_sent() -> None:
    """Exit code 2, and no account is known to anybody."""
    heard = Heard()
    with pytest.raises(ConfigurationError, match="this organization has no account 000000000003"):
        await heard.take(accounts_page(ONE, TWO), accounts=(ONE, THREE))
    assert ([], 0, []) == (heard.sent, heard.listing.count, list(heard.listing.unfinished))


@pytest.mark.parametrize(("filters", "missing"), [({"accounts": (ONE,)}, 0), ({"account_names": ("name*",)}, 1)])
async def test_an_account_without_id_matters_where_it_may_be_meant(filters: dict[str, Any], missing: int) -> None:
    """It may have the name that is looked for; it can't have the id."""
    answer = {"Accounts": [{"Name": "name of nobody"}, *accounts_page(ONE)["Accounts"]]}
    heard = await Heard().take(answer, **filters)
    interruption = heard.listing.interruption
    assert ([ONE], missing) == (heard.sent, 0 if interruption is None else interruption.unnamed)


async def test_what_is_finished_is_passed_over() -> None:
    """A resumed run sends the rest, and counts those that were left out before."""
    heard = await Heard().take(
        accounts_page(ONE, TWO, THREE), excluded_accounts=(TWO,), finished=(ONE, TWO), left_out=(TWO,)
    )
    assert ([THREE], []) == (heard.sent, heard.listing.excluded)
    assert AccountsListed(3, finished=True, excluded=1) == heard.told[-1]


async def test_accounts_that_are_being_closed_are_warned_of() -> None:
    """Those that are chosen, and no others."""
    heard = await Heard().take(accounts_page(ONE, TWO, state="PENDING_CLOSURE"), accounts=(TWO,))
    assert ([TWO], 1) == (heard.sent, len(heard.warnings))


async def test_nobody_takes_accounts_any_more() -> None:
    """The listing ends: whoever stopped taking them says why."""
    sent, received = anyio.create_memory_object_stream[Account](10)
    received.close()
    client = FakeService("organizations", list_accounts=accounts_page(ONE))
    listing, filters = Listing(), AccountFilters(accounts=(ONE,))
    await list_selected(
        gateway(FakeClients(organizations=client)), sent, filters=filters, listing=listing, observe=lambda _: None
    )
    assert listing.over.is_set()
