"""The service-specific credentials of an account's users: Bedrock API keys, Git and Keyspaces passwords.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from auditor.account.collectors.user_facts import GONE, or_gone
from auditor.account.draft import AccountDraft, Note
from auditor.aws.errors import invalid_response
from auditor.aws.gateway import IamAccess
from auditor.aws.pages import IAM_PAGE, listed
from auditor.aws.reading import UNREADABLE, text_in, time_in
from auditor.concurrency.tasks import fan_out
from auditor.errors import RequestError
from auditor.model.coverage import Section
from auditor.model.facts import ServiceCredential, Unknown

_USERS_AT_ONCE = 16
# What IAM, and what answers in its place, say to a parameter that they do not take.
_NOT_TAKEN = frozenset(
    {
        "InvalidInput",
        "InvalidParameterCombination",
        "InvalidParameterValue",
        "MissingParameter",
        "UnknownParameter",
        "ValidationError",
        "ValidationException",
    }
)


async def collect_service_credentials(account: IamAccess, draft: AccountDraft) -> None:
    """Give the draft the service credentials of all users: one ListServiceSpecificCredentials per page.

    Where `AllUsers` is refused as invalid, each user is asked, and the draft says so.
    """
    found: list[ServiceCredential] = []
    odd = draft.noting(Section.SERVICE_CREDENTIALS)
    answer = await draft.ask(Section.SERVICE_CREDENTIALS, _of_all(account, into=found, odd=odd))
    if isinstance(answer, RequestError):
        draft.fallbacks.append(f"Service credentials could not be listed for all at once, but user by user: {answer}")
        await _user_by_user(account, draft)
        return
    draft.other_service_credentials = () if answer is None else answer
    if answer is None:
        draft.service_credentials.update(_by_user(found))


async def _of_all(account: IamAccess, *, into: list[ServiceCredential], odd: Note) -> RequestError | None:
    """Add those of all users; returns the refusal where they can't be asked for at once."""
    try:
        async for page in _pages(account, odd=odd, AllUsers=True):
            into.extend(page)
    except RequestError as error:
        if error.code in _NOT_TAKEN and not into:
            return error
        raise
    return None


async def _user_by_user(account: IamAccess, draft: AccountDraft) -> None:
    names: list[str] = []
    answer = await draft.ask(Section.SERVICE_CREDENTIALS, _list_names(account, into=names), gathers=names)
    # Who is not in a whole list was not there, and had none.
    draft.other_service_credentials = answer if isinstance(answer, Unknown) else ()

    async def work(name: str) -> None:
        listing = _of_user(account, name, odd=draft.noting(Section.SERVICE_CREDENTIALS))
        credentials = await draft.ask(Section.SERVICE_CREDENTIALS, or_gone(listing))
        draft.service_credentials[name] = () if credentials is GONE else credentials

    await fan_out(names, work, limit=_USERS_AT_ONCE)


async def _list_names(account: IamAccess, *, into: list[str]) -> None:
    async for page in listed(account.access, account.iam.list_users, member="Users", key="UserName", MaxItems=IAM_PAGE):
        into.extend(name for raw in page if (name := text_in(raw, "UserName")))


async def _of_user(account: IamAccess, name: str, *, odd: Note) -> tuple[ServiceCredential, ...]:
    return tuple([credential async for page in _pages(account, odd=odd, UserName=name) for credential in page])


async def _pages(account: IamAccess, *, odd: Note, **whose: str | bool) -> AsyncIterator[list[ServiceCredential]]:
    listing = listed(
        account.access,
        account.iam.list_service_specific_credentials,
        member="ServiceSpecificCredentials",
        key="ServiceSpecificCredentialId",
        MaxItems=IAM_PAGE,
        **whose,
    )
    async for page in listing:
        yield [credential for raw in page if (credential := _credential_of(raw, odd=odd)) is not None]


def _credential_of(raw: Mapping[str, Any], *, odd: Note) -> ServiceCredential | None:
    """The credential, None where nobody can tell whose it is; what else can't be read of it is unknown."""

    def miss(what: str) -> None:
        odd(invalid_response(what, service="iam", operation="list_service_specific_credentials"))

    credential_id, user, status = (text_in(raw, name) for name in ("ServiceSpecificCredentialId", "UserName", "Status"))
    if not user:
        miss(f"the service credential {credential_id or 'without an id'} has no UserName")
        return None
    if not status:
        miss(f"the service credential {credential_id} of the user {user} has no Status")
    times = {member: time_in(raw, member) for member in ("CreateDate", "ExpirationDate")}
    for member, moment in times.items():
        if isinstance(moment, Unknown):
            miss(f"the {member} of the service credential {credential_id} of the user {user} can't be read")
    return ServiceCredential(
        user=user,
        id=credential_id,
        service=text_in(raw, "ServiceName"),
        # One of the two, by the service: a Git or Keyspaces user name, or the alias of an API key.
        alias=text_in(raw, "ServiceCredentialAlias") or text_in(raw, "ServiceUserName"),
        status=status or UNREADABLE,
        created_at=times["CreateDate"],
        expires_at=times["ExpirationDate"],
    )


def _by_user(credentials: Iterable[ServiceCredential]) -> dict[str, tuple[ServiceCredential, ...]]:
    found: defaultdict[str, list[ServiceCredential]] = defaultdict(list)
    for credential in credentials:
        found[credential.user].append(credential)
    return {user: tuple(those) for user, those in found.items()}
