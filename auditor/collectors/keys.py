"""The access keys of a user, and when each was last used."""

from auditor.aws.faults import is_denial
from auditor.aws.gateway import IamAccess
from auditor.aws.pages import pages
from auditor.collectors.vanished import GONE, Gone, or_gone
from auditor.errors import RequestError
from auditor.models import AccessKey, KeyUse


async def list_keys(account: IamAccess, user_name: str) -> tuple[AccessKey, ...]:
    """The user's access keys, their last use not asked yet."""
    listing = pages(account.access, account.iam.list_access_keys, UserName=user_name)
    return tuple(
        [
            AccessKey(raw["AccessKeyId"], raw["Status"], raw.get("CreateDate"), last_use=None)
            async for page in listing
            for raw in page["AccessKeyMetadata"]
        ]
    )


async def last_use(account: IamAccess, user_name: str, key_id: str) -> KeyUse | Gone | None:
    """The last use of a key, None for a key that was never used.

    AWS has kept it since 2015-04-22, and denies it for a key that is no more as for one that may not be read: only
    the list of the user's keys tells the two apart.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
    """
    try:
        answer = await or_gone(account.access.request(account.iam.get_access_key_last_used, AccessKeyId=key_id))
    except RequestError as error:
        if is_denial(error.code) and await _is_gone(account, user_name, key_id):
            return GONE
        raise
    if answer is GONE:
        return GONE
    use = answer["AccessKeyLastUsed"]
    at = use.get("LastUsedDate")
    return None if at is None else KeyUse(at, use.get("ServiceName", ""), use.get("Region", ""))


async def is_user_gone(account: IamAccess, user_name: str) -> bool:
    """Whether AWS says that there is no such user (any more); what it refuses to say is no."""
    try:
        return await or_gone(list_keys(account, user_name)) is GONE
    except RequestError:
        return False


async def _is_gone(account: IamAccess, user_name: str, key_id: str) -> bool:
    try:
        keys = await or_gone(list_keys(account, user_name))
    except RequestError:
        return False
    return keys is GONE or key_id not in {key.id for key in keys}
