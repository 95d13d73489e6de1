"""A local AWS organization that speaks the wire protocols and can tell the truth about itself."""

from auditor.demo.facts import AccessKey, Account, AccountFacts, Device, Event, User
from auditor.demo.organization import Organization, build_organization
from auditor.demo.scenario import FaultMix, Outage, Scenario
from auditor.demo.server import Request
from auditor.demo.serving import Connections, LocalServer, serve, serve_forever
from auditor.demo.truth import Truth, truth

__all__ = [
    "AccessKey",
    "Account",
    "AccountFacts",
    "Connections",
    "Device",
    "Event",
    "FaultMix",
    "LocalServer",
    "Organization",
    "Outage",
    "Request",
    "Scenario",
    "Truth",
    "User",
    "build_organization",
    "serve",
    "serve_forever",
    "truth",
]
