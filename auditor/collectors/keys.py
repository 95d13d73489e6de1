"""The access keys of a user, and when each was last used."""

from contextlib import suppress

from auditor.aws.gateway import IamAccess
from auditor.aws.pages import listed
from auditor.codes import is_denial
from auditor.collectors.vanished import GONE, Gone, or_gone
from auditor.errors import RequestError
from auditor.models import AccessKey, KeyUse


async def list_keys(account: IamAccess, user_name: str) -> tuple[AccessKey, ...]:
    """The user's access keys, their last use not asked yet."""
    listing = listed(
        account.access, account.iam.list_access_keys, member="AccessKeyMetadata", key="AccessKeyId", UserName=user_name
    )
    return tuple(
        [
            AccessKey(raw["AccessKeyId"], raw["Status"], raw.get("CreateDate"), last_use=None)
            async for page in listing
            for raw in page
        ]
    )


class SecondLook:
    """A user's keys, listed once more where one of them seems to be gone: once, however many seem so."""

    def __init__(self, account: IamAccess, user_name: str) -> None:
        self._account = account
        self._user_name = user_name
        self._taken = False
        self._keys: tuple[AccessKey, ...] | Gone | None = None

    async def misses(self, key_id: str) -> bool:
        """Whether AWS lists the key no more; of a list that it refuses nothing is missing."""
        keys = await self._listed()
        return keys is GONE or (keys is not None and key_id not in {key.id for key in keys})

    async def misses_user(self) -> bool:
        """Whether AWS says that there is no such user any more; what it refuses to say is no."""
        return await self._listed() is GONE

    async def _listed(self) -> tuple[AccessKey, ...] | Gone | None:
        if not self._taken:
            self._taken = True
            with suppress(RequestError):
                self._keys = await or_gone(list_keys(self._account, self._user_name))
        return self._keys


async def last_use(account: IamAccess, key_id: str, *, again: SecondLook) -> KeyUse | Gone | None:
    """The last use of a key, None for a key that was never used.

    AWS has kept it since 2015-04-22, and denies it for a key that is no more as for one that may not be read: only
    the list of the user's keys tells the two apart.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
    """
    try:
        answer = await or_gone(account.access.request(account.iam.get_access_key_last_used, AccessKeyId=key_id))
    except RequestError as error:
        if is_denial(error.code) and await again.misses(key_id):
            return GONE
        raise
    if answer is GONE:
        return GONE
    use = answer["AccessKeyLastUsed"]
    at = use.get("LastUsedDate")
    return None if at is None else KeyUse(at, use.get("ServiceName", ""), use.get("Region", ""))
