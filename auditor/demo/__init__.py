"""A local AWS organization that speaks the wire protocols and can tell the truth about itself."""

from auditor.demo.facts import AccessKey, Account, AccountFacts, Device, Event, User
from auditor.demo.organization import Organization, build_organization
from auditor.demo.scenario import FaultMix, Outage, Scenario
from auditor.demo.selection import Filters, PlacedAccount, placed_accounts, selected
from auditor.demo.server import Request
from auditor.demo.serving import Connections, LocalServer, serve, serve_forever
from auditor.demo.truth import Truth, truth
from auditor.demo.units import Tree, Unit

__all__ = [
    "AccessKey",
    "Account",
    "AccountFacts",
    "Connections",
    "Device",
    "Event",
    "FaultMix",
    "Filters",
    "LocalServer",
    "Organization",
    "Outage",
    "PlacedAccount",
    "Request",
    "Scenario",
    "Tree",
    "Truth",
    "Unit",
    "User",
    "build_organization",
    "placed_accounts",
    "selected",
    "serve",
    "serve_forever",
    "truth",
]
