"""The table of partitions, held against what the SDK itself knows."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

from auditor.aws.partitions import DEFAULT_REGION, partition_named
from auditor.errors import CallerError


@cache
def data(name: str, service: str | None = None) -> Any:
    """One of the SDK's data files."""
    loader = Loader()
    if service is None:
        return loader.load_data(name)
    return loader.load_service_model(service, name)


@cache
def rules(service: str) -> EndpointProvider:
    """The SDK's own rules for the endpoints of a service."""
    return EndpointProvider(data("endpoint-rule-set-1", service), data("partitions"))


def names() -> list[str]:
    """All partitions that the SDK knows."""
    return [partition["id"] for partition in data("partitions")["partitions"]]


def regions(name: str) -> Iterator[str]:
    """All regions of a partition, pseudo-regions included."""
    for partition in data("partitions")["partitions"]:
        if partition["id"] == name:
            yield from partition["regions"]


def signing_regions(service: str, name: str) -> set[str]:
    """The regions that the rules sign a service for, asked from each region of the partition, where they say so."""
    found = set()
    for region in regions(name):
        endpoint = rules(service).resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False)
        schemes = endpoint.properties.get("authSchemes", [])
        found |= {scheme["signingRegion"] for scheme in schemes if "signingRegion" in scheme}
    return found


@pytest.mark.parametrize("name", names())
def test_every_partition_of_the_sdk_is_known(name: str) -> None:
    """A caller of any partition can be served."""
    assert partition_named(name).name == name


@pytest.mark.parametrize("name", names())
def test_iam_is_signed_where_the_rules_say(name: str) -> None:
    """From whichever region one asks, the SDK's rules sign IAM for the region of the table."""
    assert signing_regions("iam", name) <= {partition_named(name).iam}
    assert partition_named(name).iam in set(regions(name))


@pytest.mark.parametrize("name", names())
def test_organizations_is_signed_where_the_rules_say(name: str) -> None:
    """From whichever region one asks, the SDK's rules sign Organizations for the region of the table."""
    assert signing_regions("organizations", name) <= {partition_named(name).organizations}
    assert partition_named(name).organizations in set(regions(name))


def test_the_rules_say_something() -> None:
    """The large partitions are in the rules, so that the comparison is one."""
    assert signing_regions("iam", "aws") == {"us-east-1"}
    assert signing_regions("iam", "aws-cn") == {"cn-north-1"}
    assert signing_regions("iam", "aws-us-gov") == {"us-gov-west-1"}
    assert signing_regions("organizations", "aws-cn") == {"cn-northwest-1"}


@pytest.mark.parametrize("name", names())
def test_the_events_of_iam_are_where_iam_is(name: str) -> None:
    """CloudTrail keeps IAM's events in the region that IAM is in."""
    assert partition_named(name).events == partition_named(name).iam


def test_the_region_without_settings_is_one() -> None:
    """Where nobody names a region, the caller is asked for in one that every account has."""
    assert DEFAULT_REGION in set(regions("aws"))


@pytest.mark.parametrize("name", ["", "aws-mars", "AWS"])
def test_an_unknown_partition_is_said(name: str) -> None:
    """A partition that is not in the table is an error of the caller's, in a sentence."""
    with pytest.raises(CallerError, match=f"partition '{name}' is not known"):
        partition_named(name)
