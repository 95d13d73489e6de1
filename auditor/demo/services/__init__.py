"""The actions that the local organization answers, by service and name."""

from collections.abc import Mapping

from auditor.demo.services import cloudtrail, credential_report, iam, organizations, sts, tree
from auditor.demo.services.account_summary import get_account_summary
from auditor.demo.services.call import Action
from auditor.demo.services.service_credentials import list_service_specific_credentials

__all__ = ["registered_actions"]


def registered_actions() -> Mapping[tuple[str, str], Action]:
    """Every action there is; any other is refused as unknown."""
    return {
        ("sts", "AssumeRole"): sts.assume_role,
        ("sts", "GetCallerIdentity"): sts.get_caller_identity,
        ("organizations", "DescribeOrganization"): organizations.describe_organization,
        ("organizations", "ListAccounts"): organizations.list_accounts,
        **{("organizations", name): action for name, action in tree.ACTIONS.items()},
        ("iam", "GenerateCredentialReport"): credential_report.generate_credential_report,
        ("iam", "GetAccessKeyLastUsed"): iam.get_access_key_last_used,
        ("iam", "GetAccountSummary"): get_account_summary,
        ("iam", "GetCredentialReport"): credential_report.get_credential_report,
        ("iam", "GetLoginProfile"): iam.get_login_profile,
        ("iam", "GetUser"): iam.get_user,
        ("iam", "ListAccessKeys"): iam.list_access_keys,
        ("iam", "ListMFADevices"): iam.list_mfa_devices,
        ("iam", "ListServiceSpecificCredentials"): list_service_specific_credentials,
        ("iam", "ListUsers"): iam.list_users,
        ("iam", "ListVirtualMFADevices"): iam.list_virtual_mfa_devices,
        ("cloudtrail", "LookupEvents"): cloudtrail.lookup_events,
    }
