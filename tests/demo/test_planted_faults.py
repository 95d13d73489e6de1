"""What can be wrong with a caller, an organization or a clock, in the words that AWS has for it."""

import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import pytest
from botocore.exceptions import ClientError

from auditor.demo import FaultMix, Scenario, build_organization
from tests.demo.reading import Reader, StoppedClock, code_of, read, refusal

pytestmark = pytest.mark.anyio

EVERYBODY = "*"


@pytest.mark.parametrize(
    ("skew", "message"),
    [(3600.0, "Signature expired"), (-3600.0, "Signature not yet current")],
    ids=["ahead", "behind"],
)
async def test_a_clock_that_is_far_off(skew: float, message: str) -> None:
    """Each signature is refused in the words of its service, and the answer's date tells the server's time."""
    clock = StoppedClock()

    def script(reader: Reader) -> tuple[str, str, float]:
        with pytest.raises(ClientError, match=message) as caught:
            reader.client("sts").get_caller_identity()
        headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
        date = parsedate_to_datetime(headers["date"]).timestamp()
        return code_of(caught.value), refusal(reader.client("organizations").list_accounts), date - clock.now

    (query, answer, ahead), _ = await read(script, Scenario(accounts=3, clock_skew=skew), clock)
    assert ("SignatureDoesNotMatch", "InvalidSignatureException") == (query, answer)
    assert skew == pytest.approx(ahead, abs=1)


async def test_a_clock_that_is_a_little_off() -> None:
    """Ten minutes are let pass, and still show in the answer's date."""
    clock = StoppedClock()

    def script(reader: Reader) -> float:
        reply = reader.client("sts").get_caller_identity()
        return parsedate_to_datetime(reply["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp() - clock.now

    ahead, _ = await read(script, Scenario(accounts=3, clock_skew=600), clock)
    assert pytest.approx(ahead, abs=1) == 600


def who(reader: Reader) -> object:
    """What STS says of the caller."""
    return reader.client("sts").get_caller_identity()


def listing(reader: Reader) -> object:
    """What Organizations lists."""
    return reader.client("organizations").list_accounts()


def enter(reader: Reader) -> object:
    """The role of the third account."""
    return reader.account(2)


def policies(reader: Reader) -> object:
    """An action of the role in the third account."""
    return reader.account(2).client("iam").list_users()


@pytest.mark.parametrize(
    ("scenario", "action", "expected"),
    [
        (Scenario(accounts=3, caller_is_role=True, caller_expired=True), who, "ExpiredToken"),
        (Scenario(accounts=3, caller_is_role=True, caller_expired=True), listing, "ExpiredTokenException"),
        (Scenario(accounts=3, caller_unknown=True), who, "InvalidClientTokenId"),
        (Scenario(accounts=3, caller_unknown=True, caller_is_role=True), listing, "UnrecognizedClientException"),
        (Scenario(accounts=3, no_organization=True), listing, "AWSOrganizationsNotInUseException"),
        (
            Scenario(accounts=3, denied_actions={EVERYBODY: frozenset({"organizations:ListAccounts"})}),
            listing,
            "AccessDeniedException",
        ),
        (
            Scenario(accounts=3, faults=FaultMix(throttled=1, only=frozenset({"organizations:ListAccounts"}))),
            listing,
            "TooManyRequestsException",
        ),
        (Scenario(accounts=3, sts_disabled=frozenset({"us-east-1"})), enter, "RegionDisabledException"),
        (
            Scenario(accounts=3, denied_actions={EVERYBODY: frozenset({"sts:AssumeRole"})}),
            enter,
            "AccessDenied",
        ),
        (Scenario(accounts=3, external_id="agreed"), enter, "AccessDenied"),
        (Scenario(accounts=3, denied_actions={EVERYBODY: frozenset({"iam:ListUsers"})}), policies, "AccessDenied"),
    ],
    ids=[
        "expired",
        "expired, json",
        "unknown key",
        "unknown key, json",
        "no organization",
        "listing denied",
        "listing throttled",
        "region disabled",
        "role denied",
        "external id",
        "action denied",
    ],
)
async def test_what_is_planted_is_found(scenario: Scenario, action: Callable[[Reader], object], expected: str) -> None:
    """Each fault shows as AWS's code for it, and none shows without it."""
    code, _ = await read(lambda reader: refusal(action, reader), scenario)
    assert expected == code
    await read(action, Scenario(accounts=3))


@pytest.mark.parametrize("action", ["iam:ListUsers", "sts:AssumeRole"])
async def test_a_service_control_policy_is_named_in_the_message(action: str) -> None:
    """At the end of the denial, and nowhere where an ordinary policy denies."""

    def script(reader: Reader) -> str:
        with pytest.raises(ClientError) as caught:
            policies(reader)
        return str(caught.value.response["Error"]["Message"])

    ends = []
    for by_scp in (True, False):
        denied = {EVERYBODY: frozenset({action})}
        message, _ = await read(script, Scenario(accounts=3, denied_actions=denied, denied_by_scp=by_scp))
        assert f"is not authorized to perform: {action}" in message
        ends.append(message.endswith(" with an explicit deny in a service control policy"))
    assert [True, False] == ends


async def test_a_session_policy_that_is_too_narrow_is_named_in_the_message() -> None:
    """It is the caller's own, and the message says what lacks it."""
    statement = {"Effect": "Allow", "Action": ["iam:ListUsers"], "Resource": "*"}

    def script(reader: Reader) -> str:
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        there = reader.assume(reader.server.organization.accounts[2].id, Policy=policy)
        with pytest.raises(ClientError, match="because no session policy allows") as caught:
            there.client("cloudtrail").lookup_events()
        return code_of(caught.value)

    code, _ = await read(script, Scenario(accounts=3))
    assert "AccessDeniedException" == code


async def test_secrets_of_the_lister_and_of_a_deleted_key_are_known_as_secrets() -> None:
    """So that a test that looks for secrets finds theirs, too."""
    _, server = await read(lambda _: None, Scenario(accounts=3, caller_unknown=True))
    assert server.environment()["AWS_SECRET_ACCESS_KEY"] in server.secrets
    assert 2 == sum(1 for secret in server.secrets if secret in server.credentials_file())


def test_only_sessions_expire() -> None:
    """A user's key has no end."""
    with pytest.raises(ValueError, match="only a session's credentials expire"):
        Scenario(caller_expired=True)


def test_accounts_stay_what_they_are_when_a_fault_is_planted() -> None:
    """No fault changes what the organization is."""
    planted = Scenario(accounts=9, clock_skew=60, no_organization=True, caller_unknown=True, longest_session=900)
    names = [[account.name for account in build_organization(one).accounts] for one in (planted, Scenario(accounts=9))]
    assert names[0] == names[1]
