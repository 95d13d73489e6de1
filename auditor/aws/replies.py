"""What a reply must have to be one."""

from collections.abc import Mapping
from typing import TypeVar

from auditor.aws.errors import invalid_response
from auditor.aws.limits.budgets import Api

R = TypeVar("R")

# A cut or foreign body of a 200 parses to a reply without members: without this one, it is no reply.
_REQUIRED = {
    "assume_role": "Credentials",
    "get_access_key_last_used": "AccessKeyLastUsed",
    "generate_credential_report": "State",
    "get_account_summary": "SummaryMap",
    "get_caller_identity": "Account",
    "get_credential_report": "Content",
    "get_login_profile": "LoginProfile",
    "list_access_keys": "AccessKeyMetadata",
    "list_accounts": "Accounts",
    "list_accounts_for_parent": "Accounts",
    "list_mfa_devices": "MFADevices",
    "list_organizational_units_for_parent": "OrganizationalUnits",
    "list_roots": "Roots",
    "list_service_specific_credentials": "ServiceSpecificCredentials",
    "list_tags_for_resource": "Tags",
    "list_users": "Users",
    "list_virtual_mfa_devices": "VirtualMFADevices",
    "lookup_events": "Events",
}
_LISTINGS = ("list_", "lookup_")
# Of these the service's model does not say that the list is always there: a page that says whether it is the last one
# may leave an empty one out.
_LISTS_LEFT_OUT = frozenset({"list_service_specific_credentials"})


def checked_reply(reply: R, api: Api) -> R:
    """The reply, with the list that it may leave out; raises RequestError where it lacks what all of the API have."""
    member = _REQUIRED.get(api.operation)
    if member is not None and isinstance(reply, dict) and _leaves_out(reply, member, api):
        reply[member] = []
    if member is not None and (not isinstance(reply, dict) or not _has(reply, member, api)):
        raise invalid_response(f"the reply has no {member}", service=api.service, operation=api.operation)
    return reply


def _leaves_out(reply: Mapping[str, object], member: str, api: Api) -> bool:
    return api.operation in _LISTS_LEFT_OUT and member not in reply and "IsTruncated" in reply


def _has(reply: Mapping[str, object], member: str, api: Api) -> bool:
    is_list = api.operation.startswith(_LISTINGS)
    return isinstance(reply.get(member), list) if is_list else member in reply
