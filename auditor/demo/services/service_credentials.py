"""IAM: credentials that are good for one service, of one user or of all."""

from collections.abc import Iterator

from auditor.demo.facts import ServiceCredential, User, wire_time
from auditor.demo.protocol import ServiceError, element, members
from auditor.demo.services.call import Call
from auditor.demo.services.iam import existing_user, exists, page_of


def list_service_specific_credentials(call: Call) -> str:
    """A page of the credentials of all users, of the named one, or of the caller, where that is a user."""
    service = call.parameters.get("ServiceName")
    held = tuple(
        _credential(user, credential)
        for user in _asked_users(call)
        for credential in user.service_credentials
        if service in (None, credential.service)
    )
    page, rest = page_of(call, held)
    return members("ServiceSpecificCredentials", list(page)) + rest


def _asked_users(call: Call) -> Iterator[User]:
    of_all = call.parameters.get("AllUsers")
    if of_all not in (None, "true", "false"):
        raise ServiceError("ValidationError", "AllUsers is neither true nor false")
    if of_all is not None and call.organization.scenario.all_users_refused:
        raise ServiceError("ValidationError", "Unknown parameter: AllUsers")
    if of_all == "true":
        if "UserName" in call.parameters:
            raise ServiceError("ValidationError", "AllUsers and UserName cannot be specified together.")
        yield from (user for user in call.facts.users if exists(call, user))
    elif "UserName" in call.parameters:
        yield existing_user(call)
    elif call.identity.assumed:
        raise ServiceError("ValidationError", "Must specify userName when calling with non-User credentials")


def _credential(user: User, credential: ServiceCredential) -> str:
    expires = None if credential.expires is None else wire_time(credential.expires)
    return (
        element("UserName", user.name)
        + element("Status", credential.status)
        + element("ServiceUserName", credential.service_user)
        + element("ServiceCredentialAlias", credential.alias)
        + element("CreateDate", wire_time(credential.created))
        + element("ExpirationDate", expires)
        + element("ServiceSpecificCredentialId", credential.id)
        + element("ServiceName", credential.service)
    )
