"""IAM's summary of an account: what root has, how much of everything there is, and how much there may be."""

from collections.abc import Mapping

from auditor.demo.facts import AccountFacts
from auditor.demo.protocol import element
from auditor.demo.services.call import Call
from auditor.demo.services.iam import exists

_LIMITS: Mapping[str, int] = {
    "AccessKeysPerUserQuota": 2,
    "AssumeRolePolicySizeQuota": 2048,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerRoleQuota": 10,
    "AttachedPoliciesPerUserQuota": 10,
    "GlobalEndpointTokenVersion": 1,
    "GroupPolicySizeQuota": 5120,
    "GroupsPerUserQuota": 10,
    "GroupsQuota": 300,
    "InstanceProfilesQuota": 1000,
    "PoliciesQuota": 1500,
    "PolicySizeQuota": 6144,
    "PolicyVersionsInUseQuota": 10_000,
    "RolePolicySizeQuota": 10_240,
    "RolesQuota": 1000,
    "ServerCertificatesQuota": 20,
    "SigningCertificatesPerUserQuota": 2,
    "UserPolicySizeQuota": 2048,
    "UsersQuota": 5000,
    "VersionsPerPolicyQuota": 5,
}
# The organization has users, and in each account the role that the audit takes; of all else there is nothing.
_NOTHING_OF = ("Groups", "InstanceProfiles", "Policies", "PolicyVersionsInUse", "Providers", "ServerCertificates")


def get_account_summary(call: Call) -> str:
    """The counts and limits of the caller's account, less what its summary lacks."""
    facts = call.facts
    untold = facts.root.untold
    entries = {**_LIMITS, **dict.fromkeys(_NOTHING_OF, 0), "Roles": 1, **_of_root(facts), **_of_users(call, facts)}
    shown = "".join(
        f"<entry>{element('key', name)}{element('value', str(value))}</entry>"
        for name, value in sorted(entries.items())
        if name not in untold
    )
    return f"<SummaryMap>{shown}</SummaryMap>"


def _of_root(facts: AccountFacts) -> dict[str, int]:
    """Whether root has them: none of these is a count."""
    root = facts.root
    return {
        "AccountAccessKeysPresent": int(bool(root.keys)),
        "AccountMFAEnabled": int(root.has_mfa),
        "AccountPasswordPresent": int(root.has_password),
        "AccountSigningCertificatesPresent": int(bool(root.certificates)),
    }


def _of_users(call: Call, facts: AccountFacts) -> dict[str, int]:
    users = [user for user in facts.users if exists(call, user)]
    used = sum(len(user.devices) for user in users)
    return {
        "Users": len(users),
        "MFADevices": used + len(facts.unassigned_devices),
        "MFADevicesInUse": used,
    }
