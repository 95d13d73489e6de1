"""The regions of IAM, of its events and of Organizations in each AWS partition."""

from dataclasses import dataclass

from auditor.errors import CallerError


@dataclass(frozen=True, slots=True)
class Partition:
    """The regions that sign for the global services of one partition."""

    name: str
    iam: str
    events: str
    """Where CloudTrail keeps the events of IAM: the region that IAM itself is in."""
    organizations: str


# The endpoints are those of the SDK's own rulesets; in China, Organizations is in another region than IAM.
# https://docs.aws.amazon.com/general/latest/gr/iam-service.html
_PARTITIONS = {
    partition.name: partition
    for partition in (
        Partition("aws", "us-east-1", "us-east-1", "us-east-1"),
        Partition("aws-cn", "cn-north-1", "cn-north-1", "cn-northwest-1"),
        Partition("aws-us-gov", "us-gov-west-1", "us-gov-west-1", "us-gov-west-1"),
        Partition("aws-eusc", "eusc-de-east-1", "eusc-de-east-1", "eusc-de-east-1"),
        Partition("aws-iso", "us-iso-east-1", "us-iso-east-1", "us-iso-east-1"),
        Partition("aws-iso-b", "us-isob-east-1", "us-isob-east-1", "us-isob-east-1"),
        Partition("aws-iso-e", "eu-isoe-west-1", "eu-isoe-west-1", "eu-isoe-west-1"),
        Partition("aws-iso-f", "us-isof-south-1", "us-isof-south-1", "us-isof-south-1"),
    )
}

DEFAULT_REGION = "us-east-1"
"""Where the caller is asked for when neither environment nor profile names a region."""


def partition_named(name: str) -> Partition:
    """The partition of that name; raises CallerError for one that is not known."""
    try:
        return _PARTITIONS[name]
    except KeyError:
        raise CallerError(f"The AWS partition {name!r} is not known to this version.") from None
