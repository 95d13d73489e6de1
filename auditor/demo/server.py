"""One request from arrival to answer: signature, rights, budget, action, and what goes wrong on purpose."""

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate

from aiohttp import web

from auditor.demo.faults import HTML_PAGE, Buckets, Mishap, draw_mishap, page_token, refusal, with_token
from auditor.demo.identity import Identity
from auditor.demo.organization import Organization
from auditor.demo.protocol import (
    SERVICES,
    Reply,
    ServiceError,
    access_denied,
    failure,
    read_action,
    success,
    unknown_action,
)
from auditor.demo.services.call import Action, Call, Memory
from auditor.demo.signature import (
    Authorization,
    SignedRequest,
    identify,
    read_authorization,
    scope_refusal,
    unknown_key,
)

THROTTLES = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException"})
_WITHOUT_RIGHTS = frozenset({"sts:GetCallerIdentity", "sts:AssumeRole"})
_LINGER_NOT = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as the log keeps it."""

    account_id: str
    """Whose signature it was; empty where that is not known."""
    service: str
    action: str
    status: int
    """Zero where the connection was reset."""
    error_code: str | None
    """AWS's error code, or the name of what went wrong on purpose."""


@dataclass(slots=True, kw_only=True)
class Log:
    """What was asked; each request only where `record` is on, the counts always."""

    record: bool
    hear: Callable[[Request], None] | None = None
    """Told of each request before it is answered."""
    requests: list[Request] = field(default_factory=list)
    counts: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)
    throttled: int = 0

    def add(self, request: Request) -> None:
        """Count the request, and keep it where that is wanted."""
        self.counts[request.account_id, request.action, request.error_code] += 1
        self.throttled += request.error_code in THROTTLES
        if self.record:
            self.requests.append(request)
        if self.hear is not None:
            self.hear(request)


@dataclass(slots=True, kw_only=True)
class _Exchange:
    """What is known of a request so far, for the log."""

    service: str = ""
    action: str = ""
    account_id: str = ""
    mishap: Mishap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Answers the requests of all services, as the organization's scenario says."""

    organization: Organization
    actions: Mapping[tuple[str, str], Action]
    memory: Memory
    log: Log
    buckets: Buckets
    clock: Callable[[], float]
    passed: Callable[[], float]
    """Seconds since the server began."""
    dice: random.Random

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to one request; its log entry is made before it is sent."""
        body = await request.read()
        scenario = self.organization.scenario
        if scenario.latency:
            await asyncio.sleep(scenario.latency)

        exchange = _Exchange(mishap=draw_mishap(self.dice, scenario.faults))
        reply = self._reply(exchange, request, body)
        self._note(exchange, reply)
        if reply.status == 0:
            _reset(request)
        if reply.error_code == Mishap.SLOW:
            await asyncio.sleep(scenario.faults.slowness)

        date = formatdate(self.clock(), usegmt=True)
        headers = {**reply.headers, "Content-Type": reply.content_type, "Date": date}
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    def _reply(self, exchange: _Exchange, request: web.BaseRequest, body: bytes) -> Reply:
        try:
            result = self._answer(exchange, request, body)
        except ServiceError as error:
            return failure(exchange.service, error)

        mishap = exchange.mishap
        if mishap is Mishap.RESET:
            return Reply(status=0, body=b"", content_type="text/plain", error_code=mishap)
        if mishap is Mishap.HTML:
            return Reply(status=200, body=HTML_PAGE, content_type="text/html", error_code=mishap)

        reply = success(exchange.service, exchange.action, result)
        if mishap is Mishap.TRUNCATED:
            return replace(reply, body=reply.body[: len(reply.body) // 2], error_code=mishap)

        return replace(reply, error_code=mishap)

    def _answer(self, exchange: _Exchange, request: web.BaseRequest, body: bytes) -> object:
        """The action's result; None where the mishap leaves no place for it."""
        authorization = read_authorization(request.headers.get("Authorization", ""))
        exchange.service = authorization.service
        if authorization.service not in SERVICES:
            raise scope_refusal(authorization.service, authorization.region)

        exchange.action, parameters = read_action(authorization.service, request.headers.get("X-Amz-Target", ""), body)
        identity = self._identity(authorization, request, body)
        exchange.account_id = identity.account_id
        token = page_token(parameters)
        self._go_wrong(exchange, identity, token)
        action = self._permitted(exchange, authorization, identity)
        if exchange.mishap in (Mishap.RESET, Mishap.HTML):
            return None

        result = action(
            Call(
                organization=self.organization,
                identity=identity,
                memory=self.memory,
                action=exchange.action,
                parameters=parameters,
                region=authorization.region,
                now=self.clock(),
            )
        )
        return with_token(result, token) if token and exchange.mishap is Mishap.REPEATED_TOKEN else result

    def _go_wrong(self, exchange: _Exchange, identity: Identity, token: str | None) -> None:
        """Raise the mishap where it is an error of AWS's, and forget it where it can't hit this request."""
        out = self._outage(exchange, identity)
        if out is not None:
            exchange.mishap = out
        mishap, service = exchange.mishap, exchange.service
        error = refusal(mishap, service, token=token, assumed=identity.assumed)
        impossible = mishap in (Mishap.EXPIRED, Mishap.LOST_TOKEN) and error is None
        untold = mishap is Mishap.REPEATED_TOKEN and token is None
        spared = out is None and not self.organization.scenario.faults.hits(f"{service}:{exchange.action}")
        if impossible or untold or spared:
            exchange.mishap = None
        elif error is not None:
            raise error

    def _outage(self, exchange: _Exchange, identity: Identity) -> Mishap | None:
        for outage in self.organization.scenario.outages:
            if outage.hits(
                service=exchange.service,
                action=exchange.action,
                account_id=identity.account_id,
                passed=self.passed(),
            ):
                return Mishap(outage.kind)
        return None

    def _identity(self, authorization: Authorization, request: web.BaseRequest, body: bytes) -> Identity:
        scenario, region = self.organization.scenario, authorization.region
        right = region == scenario.region if authorization.service == "iam" else scenario.has_region(region)
        if not right:
            # Each partition has an STS of its own, which knows no keys of the others.
            raise unknown_key("sts") if authorization.service == "sts" else scope_refusal(authorization.service, region)

        url = request.rel_url
        signed = SignedRequest(
            method=request.method,
            path=url.raw_path,
            query=url.raw_query_string,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
        )
        return identify(authorization, signed, store=self.memory.credentials, now=self.clock())

    def _permitted(self, exchange: _Exchange, authorization: Authorization, identity: Identity) -> Action:
        """The action, if it is there, paid for and allowed."""
        service, name = exchange.service, exchange.action
        action = self.actions.get((service, name))
        if action is None:
            raise unknown_action(service, name)

        self.buckets.spend(account_id=identity.account_id, service=service, action=name, region=authorization.region)
        right = f"{service}:{name}"
        who = f"User: {identity.arn} is not authorized to perform: {right}"
        scenario, free = self.organization.scenario, right == "sts:GetCallerIdentity"
        if identity.policy is not None and not free and not identity.policy.permits(right):
            raise access_denied(service, f"{who} because no session policy allows the {right} action")
        if identity.rights is not None and not free and not identity.rights.permits(right):
            raise access_denied(service, f"{who} because no identity-based policy allows the {right} action")
        if right not in _WITHOUT_RIGHTS and scenario.denies(identity.account_id, right):
            raise access_denied(service, who + scenario.denial(right))

        return action

    def _note(self, exchange: _Exchange, reply: Reply) -> None:
        self.log.add(
            Request(
                account_id=exchange.account_id,
                service=exchange.service,
                action=exchange.action,
                status=reply.status,
                error_code=reply.error_code,
            )
        )


def _reset(request: web.BaseRequest) -> None:
    """Break the connection as a failing network does, without an orderly end."""
    transport = request.transport
    if transport is None:
        return

    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()
