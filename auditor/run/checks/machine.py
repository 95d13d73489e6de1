"""Checks of this machine: its configuration, its connection to AWS, and its clock."""

from datetime import timedelta

from auditor.aws.connection import Connection, try_connection
from auditor.aws.session import Sessions, open_sessions, settings_of
from auditor.errors import CallerError, RequestError
from auditor.model.diagnosis import Fault, Finding, Outcome
from auditor.run.checks.check import Result, Setup, well
from auditor.run.checks.faults import cure_of, of_error

_NOTABLE = timedelta(minutes=1)
# The most services take a signature within: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
_MOST = timedelta(minutes=15)


async def check_configuration(setup: Setup) -> Result:
    """Whether the SDK's configuration can be read, and has the profile and a region; gives its Sessions."""
    try:
        sessions = await open_sessions(profile=setup.config.profile, session=None)
    except CallerError as error:
        cure = "`aws configure list-profiles` shows which profiles there are; `aws configure list` what they hold."
        return failed(error, Fault.CONFIGURATION_UNUSABLE, cure=cure)
    settings = settings_of(sessions, profile=setup.config.profile)
    whose = f"profile {settings.profile}" if settings.profile else "no profile"
    return well(f"{whose}, region {sessions.region}", value=sessions)


async def check_connection(setup: Setup, sessions: Sessions) -> Result:
    """Whether STS answers, who verifies its certificate and through which proxy; gives the Connection."""
    try:
        connection = await try_connection(sessions, profile=setup.config.profile)
    except CallerError as error:
        return failed(error, Fault.CA_BUNDLE_UNUSABLE)
    except RequestError as error:
        return Result((of_error(error, "STS can't be reached", now=setup.now()),))
    named = f" ({connection.endpoint_from})" if connection.endpoint_from else ""
    through = f"through the proxy {connection.proxy}" if connection.proxy else "through no proxy"
    route = f"{connection.endpoint}{named} {through}"
    if connection.bundle:
        return well(f"{route}, verified by {connection.bundle} ({connection.bundle_from})", value=connection)
    if connection.local:
        return well(f"{route}, on this machine and without TLS", value=connection)
    found = f"{route} is not encrypted: whoever listens can read what AWS answers"
    cure = "Give an endpoint with https: `env | grep AWS_ENDPOINT` shows what names it."
    finding = Finding(outcome=Outcome.WARNING, found=found, fault=Fault.NOT_ENCRYPTED, cure=cure)
    return Result((finding,), connection)


async def check_clock(_setup: Setup, connection: Connection) -> Result:
    """Whether this machine's clock agrees with AWS's, to the second."""
    if connection.answered_at is None:
        found = "The answer of STS has no date"
        return Result((Finding(outcome=Outcome.WARNING, found=found, fault=Fault.CLOCK_WRONG),), value=True)
    ahead = connection.received_at - connection.answered_at
    seconds = round(abs(ahead).total_seconds())
    word = "ahead of" if ahead > timedelta(0) else "behind"
    if abs(ahead) < _NOTABLE:
        # A reply has whole seconds, and took a while to arrive.
        return well(f"{seconds} second{'' if seconds == 1 else 's'} {word} AWS's")
    outcome = Outcome.WARNING if abs(ahead) <= _MOST else Outcome.FAILED
    found = f"This machine's clock is {seconds:,} seconds {word} AWS's"
    cure = cure_of(Fault.CLOCK_WRONG)
    return Result((Finding(outcome=outcome, found=found, fault=Fault.CLOCK_WRONG, cure=cure),), value=True)


def failed(error: CallerError, fault: Fault, *, cure: str = "") -> Result:
    """The result of a check that failed with an error that is a whole sentence."""
    finding = Finding(outcome=Outcome.FAILED, found=str(error), fault=fault, cure=cure or cure_of(fault))
    return Result((finding,))
