"""Where a service is asked, if not at AWS's own endpoint: what says so, and whether it can be."""

import os
from collections.abc import Iterable, Mapping

from aiobotocore.session import AioSession

from auditor.aws.caller_errors import UnusableText, capital
from auditor.aws.wire.urls import fault_of_endpoint


def endpoint_setting(session: AioSession, service: str) -> str:
    """What says where a service is asked, a variable or a setting of a profile; empty where nothing does."""
    return _setting(session, service)[0]


def check_endpoints(session: AioSession, services: Iterable[str]) -> None:
    """Raise UnusableText where one of the services is to be asked where nothing can be asked; it names the setting."""
    for service in services:
        where, url = _setting(session, service)
        if url and (fault := fault_of_endpoint(url)):
            raise UnusableText(f"{capital(where)} is no endpoint that can be used: {fault}")


def _setting(session: AioSession, service: str) -> tuple[str, str]:
    """What names the endpoint, and its URL, in the order in which the SDK looks for it."""
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return "", ""
    for variable in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
        if url := os.environ.get(variable):
            return variable, url
    scoped, sections = session.get_scoped_config(), session.full_config.get("services", {})
    section = str(scoped.get("services", ""))
    of_service = sections.get(section, {}).get(service, {})
    if isinstance(of_service, Mapping) and "endpoint_url" in of_service:
        where = f"the endpoint_url of {service} in section [services {section}] of the AWS configuration"
        return where, str(of_service["endpoint_url"])
    if "endpoint_url" not in scoped:
        return "", ""
    profile = session.get_config_variable("profile") or "default"
    return f"the endpoint_url of profile {profile!r}", str(scoped["endpoint_url"])
