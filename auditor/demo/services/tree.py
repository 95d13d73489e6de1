"""Organizations: the units and the accounts in them, and what is tagged."""

import re
from collections.abc import Mapping

from auditor.demo.facts import Account
from auditor.demo.protocol import ServiceError
from auditor.demo.services.call import Action, Call
from auditor.demo.services.organizations import arn_prefix, must_list, page_of, shown_account
from auditor.demo.units import ROOT, Unit

_ROOT = r"r-[0-9a-z]{4,32}"
_UNIT = r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}"
_ACCOUNT = r"\d{12}"
_PATTERNS = {
    "ParentId": f"{_ROOT}|{_UNIT}",
    "ChildId": f"{_ACCOUNT}|{_UNIT}",
    "OrganizationalUnitId": _UNIT,
    "AccountId": _ACCOUNT,
    "ResourceId": f"{_ROOT}|{_ACCOUNT}|{_UNIT}|p-[0-9a-zA-Z_]{{8,128}}|rp-[0-9a-zA-Z_]{{4,128}}",
}


def list_roots(call: Call) -> object:
    """The root; there is always one."""
    must_list(call)
    organization, tree = call.organization, call.organization.tree
    root = {
        "Id": tree.root_id,
        "Arn": f"{arn_prefix(organization)}:root/{organization.id}/{tree.root_id}",
        "Name": ROOT,
        "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
    }
    return page_of(call, "Roots", [root], lambda one: one)


def list_organizational_units_for_parent(call: Call) -> object:
    """A page of the units directly in a root or unit."""
    must_list(call)
    parent = _parent(call)
    units = call.organization.tree.units_in(parent)
    return page_of(call, "OrganizationalUnits", units, lambda unit: _shown_unit(call, unit), place=parent)


def list_accounts_for_parent(call: Call) -> object:
    """A page of the accounts directly in a root or unit."""
    must_list(call)
    parent = _parent(call)
    accounts = call.organization.tree.accounts_in(parent)
    return page_of(call, "Accounts", accounts, lambda one: shown_account(call.organization, one), place=parent)


def list_children(call: Call) -> object:
    """A page of the ids of what is directly in a root or unit."""
    must_list(call)
    parent, kind, tree = _parent(call), call.parameters.get("ChildType"), call.organization.tree
    if kind not in ("ACCOUNT", "ORGANIZATIONAL_UNIT"):
        raise _invalid()

    found = tree.accounts_in(parent) if kind == "ACCOUNT" else tree.units_in(parent)
    ids = [one.id for one in found]
    return page_of(call, "Children", ids, lambda one: {"Id": one, "Type": kind}, place=f"{parent}/{kind}")


def list_parents(call: Call) -> object:
    """The one root or unit that an account or unit stands in directly."""
    must_list(call)
    child = _id(call, "ChildId")
    parent = call.organization.tree.parent_of(child)
    if parent is None:
        raise ServiceError("ChildNotFoundException", "You specified a child that doesn't exist.")

    kind = "ROOT" if parent == call.organization.tree.root_id else "ORGANIZATIONAL_UNIT"
    return page_of(call, "Parents", [parent], lambda one: {"Id": one, "Type": kind}, place=child)


def describe_organizational_unit(call: Call) -> object:
    """One unit."""
    must_list(call)
    unit = call.organization.tree.units.get(_id(call, "OrganizationalUnitId"))
    if unit is None:
        message = "You specified an organizational unit that doesn't exist."
        raise ServiceError("OrganizationalUnitNotFoundException", message)

    return {"OrganizationalUnit": _shown_unit(call, unit)}


def describe_account(call: Call) -> object:
    """One account."""
    must_list(call)
    account = call.organization.account(_id(call, "AccountId"))
    if account is None:
        raise ServiceError("AccountNotFoundException", "You specified an account that doesn't exist.")

    return {"Account": shown_account(call.organization, account)}


def list_delegated_administrators(call: Call) -> object:
    """The caller's account where it is a delegated administrator, for whichever service is asked."""
    must_list(call)
    organization = call.organization
    delegated = [organization.caller] if organization.scenario.delegated_administrator else []

    def shown(account: Account) -> object:
        enabled = {"DelegationEnabledDate": account.joined.timestamp()}
        # A delegated administrator's members are the account's, but for its paths.
        account_members = shown_account(organization, account)
        return {name: value for name, value in account_members.items() if name != "Paths"} | enabled

    return page_of(call, "DelegatedAdministrators", delegated, shown)


def list_tags_for_resource(call: Call) -> object:
    """A page of an account's tags; the root and its units have none."""
    must_list(call)
    organization, target = call.organization, _id(call, "ResourceId")
    account = organization.account(target)
    if account is None and not organization.tree.holds(target):
        raise ServiceError("TargetNotFoundException", "You specified a target that doesn't exist.")

    tags = [] if account is None else list(organization.tags(account).items())
    return page_of(call, "Tags", tags, lambda tag: {"Key": tag[0], "Value": tag[1]}, place=target)


def _shown_unit(call: Call, unit: Unit) -> object:
    organization = call.organization
    return {
        "Id": unit.id,
        "Arn": f"{arn_prefix(organization)}:ou/{organization.id}/{unit.id}",
        "Name": unit.name,
        **({"Path": organization.tree.path_of(unit.id)} if organization.scenario.paths else {}),
    }


def _parent(call: Call) -> str:
    parent = _id(call, "ParentId")
    if not call.organization.tree.holds(parent):
        raise ServiceError("ParentNotFoundException", "You specified a root or OU that doesn't exist.")

    return parent


def _id(call: Call, name: str) -> str:
    value = call.parameters.get(name)
    if not isinstance(value, str) or not re.fullmatch(_PATTERNS[name], value, re.ASCII):
        raise _invalid()

    return value


def _invalid() -> ServiceError:
    message = "You provided a value that does not match the required pattern."
    return ServiceError("InvalidInputException", message)


ACTIONS: Mapping[str, Action] = {
    "DescribeAccount": describe_account,
    "DescribeOrganizationalUnit": describe_organizational_unit,
    "ListAccountsForParent": list_accounts_for_parent,
    "ListChildren": list_children,
    "ListDelegatedAdministrators": list_delegated_administrators,
    "ListOrganizationalUnitsForParent": list_organizational_units_for_parent,
    "ListParents": list_parents,
    "ListRoots": list_roots,
    "ListTagsForResource": list_tags_for_resource,
}
"""The actions by name."""
