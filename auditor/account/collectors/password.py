"""Whether a user has a password for the console."""

from auditor.account.collectors.vanished import GONE, or_gone
from auditor.aws.gateway import IamAccess


async def has_password(account: IamAccess, user_name: str) -> bool:
    """Whether the user has a login profile; False also for a user who is gone.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html
    """
    answer = await or_gone(account.access.request(account.iam.get_login_profile, UserName=user_name))
    return answer is not GONE
