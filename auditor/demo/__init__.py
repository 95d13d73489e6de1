"""A local AWS organization that speaks the wire protocols and can tell the truth about itself."""

from auditor.demo.facts import (
    AccessKey,
    Account,
    AccountFacts,
    Certificate,
    Device,
    Event,
    Root,
    ServiceCredential,
    User,
)
from auditor.demo.organization import Organization, build_organization
from auditor.demo.scenario import FaultMix, Outage, Scenario
from auditor.demo.selection import Filters, PlacedAccount, placed_accounts, selected
from auditor.demo.server import Request
from auditor.demo.serving import Connections, LocalServer, serve, serve_forever
from auditor.demo.truth import Truth, truth
from auditor.demo.units import Tree, Unit
from auditor.demo.users_truth import UsersTruth, users_truth

__all__ = [
    "AccessKey",
    "Account",
    "AccountFacts",
    "Certificate",
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
    "Root",
    "Scenario",
    "ServiceCredential",
    "Tree",
    "Truth",
    "Unit",
    "User",
    "UsersTruth",
    "build_organization",
    "placed_accounts",
    "selected",
    "serve",
    "serve_forever",
    "truth",
    "users_truth",
]
