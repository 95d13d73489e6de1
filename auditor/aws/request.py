"""How one identity asks AWS: within its budgets, signed with its credentials, tried again where that helps."""

import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, ParamSpec, TypeVar

import anyio
from botocore.credentials import ReadOnlyCredentials

from auditor.aws.credentials import CallerCredentials, CredentialSource, signing_as
from auditor.aws.errors import (
    PARSER_ERRORS,
    SDK_ERRORS,
    fault_of_others,
    is_answer,
    is_contact,
    is_expired,
    is_of_proxy,
    is_throttle,
    passes,
    safe_cause,
    timed_out,
    translate,
)
from auditor.aws.limits.budgets import Api, Budgets, RunBudgets
from auditor.aws.limits.liveness import Liveness
from auditor.aws.limits.outage import CREDENTIALS, Held, Outage, Outages, PatienceEnded
from auditor.aws.limits.retry import Retries, RetryPolicy
from auditor.aws.limits.slots import Slots
from auditor.aws.replies import checked_reply
from auditor.config import LONGEST_SILENCE, Rates
from auditor.errors import RequestError, UnreachableError
from auditor.model.codes import CREDENTIALS_UNAVAILABLE

logger = logging.getLogger(__name__)

_OUT = 503
"""The HTTP status of a service that is out; whoever lacks an API answers 500, or with a page that says so."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class RunLimits:
    """What all identities of a run share: the slots for requests in flight, and which services answer."""

    slots: Mapping[str, Slots]
    """By service, no more requests in flight than connections: a signed request must not grow old in a queue."""
    rates: Rates = field(default_factory=Rates)
    budgets: RunBudgets = field(default_factory=RunBudgets)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    answered: set[str] = field(default_factory=set)
    """The services that have answered anything."""
    answered_apis: set[Api] = field(default_factory=set)
    """Their APIs that have."""
    longest_silence: float = LONGEST_SILENCE
    """Seconds for which a service may be asked on behalf of one account without a sign of life."""
    outages: Outages = field(default_factory=Outages)


@dataclass(slots=True)
class Usage:
    """What is asked on behalf of one account: how much, and how long without a sign of life."""

    longest_silence: float
    account: str = ""
    """Its id, for the log; empty where it is no account's."""
    calls: Counter[Api] = field(default_factory=Counter)
    """How often each API was asked, each attempt counted."""
    throttles: int = 0
    alone: dict[str, anyio.Lock] = field(default_factory=lambda: defaultdict(anyio.Lock))
    """A silent account gets one request at a time per service, which holds this lock.

    One lock for all services would not do: a task that holds IAM's may have to wait for STS to renew credentials.
    """
    _liveness: dict[str, Liveness] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """How much was asked."""
        return self.calls.total()

    def liveness(self, service: str) -> Liveness:
        """That of one service: one that is silent, or throttles all, says nothing of the others."""
        liveness = self._liveness.get(service)
        if liveness is None:
            liveness = self._liveness[service] = Liveness(self.longest_silence)
        return liveness


@dataclass(frozen=True, slots=True)
class _Question(Generic[R]):
    """What is asked of AWS, until it is answered."""

    api: Api
    ask: Callable[[], Awaitable[R]]
    retries: Retries
    liveness: Liveness


class Access:
    """One identity's way to AWS; `credentials` None is a client that signs by itself."""

    def __init__(
        self,
        *,
        credentials: CredentialSource | None,
        limits: RunLimits,
        usage: Usage | None = None,
        budgets: Budgets | None = None,
    ) -> None:
        self._credentials = credentials
        self._limits = limits
        self.usage = usage or Usage(limits.longest_silence)
        self._budgets = budgets or Budgets(limits.rates, run=limits.budgets)

    def on_behalf_of(self, usage: Usage) -> "Access":
        """This identity within the same budgets, on behalf of another account."""
        return Access(credentials=self._credentials, limits=self._limits, usage=usage, budgets=self._budgets)

    async def request(self, operation: Callable[P, Awaitable[R]], *args: P.args, **parameters: P.kwargs) -> R:
        """What AWS answers to one operation of a client, or to one page of it.

        Raises:
            RequestError: AWS refused it, did not answer it after the last attempt, or the service has answered nothing
                of what was asked for this account for too long (`NoAnswer`): then it is asked nothing more. Or an
                outage has ended the run.
        """
        api = api_of(operation)
        ask = partial(operation, *args, **parameters)
        asked = _Question(api, ask, Retries(self._limits.policy), self.usage.liveness(api.service))
        while True:
            asked.liveness.check(api)
            try:
                outage = self._outage(api)
                if outage is None:
                    return await self._attempt(asked)
                asked.retries.begin_anew()
                return await self._limits.outages.probe(outage, partial(self._attempt, asked, probing=outage))
            except Held:
                continue
            except PatienceEnded as ended:
                raise ended.error from None
            except RequestError as error:
                pause = self._pause(api, error, asked.retries)
                self._log(error, pause)
                if pause is None:
                    raise
            if pause:
                with asked.liveness.asking(api), asked.retries.trying():
                    await anyio.sleep(pause)

    async def _attempt(self, asked: _Question[R], *, probing: Outage | None = None) -> R:
        service = asked.api.service
        await self._budgets.spend(asked.api)
        # Renewed, where it is time, by a request of their own, before the slot is taken that this one needs.
        await self._current_credentials()
        slots = self._limits.slots[service]
        async with slots.one():
            if not asked.liveness.is_long:
                return await self._send(asked, probing=probing)
        # One at a time: else a few accounts that never answer hold all slots, and the others wait with them.
        async with self.usage.alone[service], slots.one():
            return await self._send(asked, probing=probing)

    async def _send(self, asked: _Question[R], *, probing: Outage | None) -> R:
        api, liveness = asked.api, asked.liveness
        if self._outage(api) is not probing:
            raise Held
        # Asked again: they may have ended while the slot was waited for.
        credentials = await self._current_credentials()
        signing = nullcontext() if credentials is None else signing_as(credentials)
        self.usage.calls[asked.api] += 1
        try:
            with asked.retries.trying(), liveness.asking(api) as scope, signing:
                reply = await asked.ask()
        except SDK_ERRORS as error:
            refused = translate(error, service=api.service, operation=api.operation)
            if self._credentials is not None and credentials is not None and is_expired(refused):
                self._credentials.expire(credentials)
            raise refused from safe_cause(error)
        except (*PARSER_ERRORS, OSError) as error:
            fault = fault_of_others(
                error, signs_itself=credentials is None, service=api.service, operation=api.operation
            )
            if fault is None:
                raise
            raise fault from safe_cause(error)
        if scope.cancelled_caught:
            raise timed_out("the reply took too long", service=api.service, operation=api.operation)
        self._limits.answered.add(api.service)
        checked = checked_reply(reply, api)
        self._limits.answered_apis.add(api)
        liveness.heard()
        self._all_is_well(api)
        return checked

    def _outage(self, api: Api) -> Outage | None:
        """The outage that a request must wait for, of its service or of what signs it."""
        outages = self._limits.outages
        if not outages.met:
            return None
        return outages.at(api.service) or (outages.at(CREDENTIALS) if self._signs_as_the_caller else None)

    @property
    def _signs_as_the_caller(self) -> bool:
        return self._credentials is None or isinstance(self._credentials, CallerCredentials)

    def _all_is_well(self, api: Api) -> None:
        """The service has answered, and so the request was signed."""
        outages = self._limits.outages
        if outages.met:
            outages.answered(api.service)
            if self._signs_as_the_caller:
                outages.answered(CREDENTIALS)

    async def _current_credentials(self) -> ReadOnlyCredentials | None:
        return None if self._credentials is None else await self._credentials.current()

    def _pause(self, api: Api, error: RequestError, retries: Retries) -> float | None:
        if error.service not in (api.service, CREDENTIALS):
            # The credentials' own request has been tried again already.
            return None
        if is_contact(error):
            self._limits.answered.add(api.service)
        contacted = api.service in self._limits.answered
        if passes(error, contacted=contacted):
            return self._pause_after_fault(api, error, retries)
        self._note_answer(api, error)
        pause = retries.pause_after(error, contacted=contacted)
        if not is_throttle(error):
            return pause
        liveness = self.usage.liveness(api.service)
        waited, liveness.only_throttles = liveness.only_throttles, liveness.only_throttles or pause is None
        return None if waited else pause

    def _pause_after_fault(self, api: Api, error: RequestError, retries: Retries) -> float | None:
        """Zero where the run waits for the service; what one account meets with alone is tried for longer."""
        outages, answered = self._limits.outages, self._limits.answered
        service, contacted = api.service, api.service in answered
        if error.code == CREDENTIALS_UNAVAILABLE:
            # Whose they are was answered at the start, with others of the same provider.
            service, contacted = CREDENTIALS, "sts" in answered
        elif self._fails_alone(api, error):
            # Emulators, and regions that are behind others, do not have every API: no waiting makes one.
            return retries.pause_after(error, contacted=contacted)
        if contacted and outages.failed(service, error, account=self.usage.account):
            self.usage.liveness(api.service).begin_anew()
            return 0.0
        pause = retries.pause_after(error, contacted=contacted)
        if pause is None and contacted and outages.may_pass(service):
            return self._limits.policy.longest_pause
        return pause

    def _fails_alone(self, api: Api, error: RequestError) -> bool:
        """Whether the API is not there, while others of its service have answered; AssumeRole is everywhere."""
        answered = self._limits.answered_apis
        if api in answered or api.service == "sts" or error.status == _OUT or isinstance(error, UnreachableError):
            return False
        return any(other.service == api.service for other in answered)

    def _note_answer(self, api: Api, error: RequestError) -> None:
        if not error.status or is_of_proxy(error):
            return
        self._all_is_well(api)
        if is_throttle(error):
            self.usage.throttles += 1
            self._budgets.throttled(api)
            self.usage.liveness(api.service).begin_anew()
        elif is_answer(error):
            self._limits.answered_apis.add(api)
            self.usage.liveness(api.service).heard()

    def _log(self, error: RequestError, pause: float | None) -> None:
        fields = {
            "account_id": self.usage.account,
            "service": error.service,
            "operation": error.operation,
            "error_code": error.code,
            "request_id": error.request_id,
            **({} if pause is None else {"again_in": round(pause, 3)}),
        }
        logger.debug("account %s: %s", self.usage.account or "of the caller", error, extra={"fields": fields})


def api_of(operation: Callable[..., object]) -> Api:
    """Which API a client's method is."""
    client = getattr(operation, "__self__", None)
    service = client.meta.service_model.service_name if client is not None else ""
    return Api(service, operation.__name__)
