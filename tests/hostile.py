"""An endpoint for every link of the credential chain, which repeats all that it knows when it refuses."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from xml.sax.saxutils import escape

from aiohttp import web

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class Refusal(StrEnum):
    """How a question is refused."""

    MISMATCH = "mismatch"
    DENIED = "denied"
    GARBAGE = "garbage"
    CUT = "cut"
    HANG_UP = "hang-up"


@dataclass
class Hostile:
    """A running endpoint: it refuses some questions, and gives credentials for the others."""

    credentials: Mapping[str, str]
    """What it gives out: AccessKeyId, SecretAccessKey and SessionToken."""
    url: str = ""
    refused: dict[str, Refusal] = field(default_factory=dict)
    """By the question's name."""
    asked: list[str] = field(default_factory=list)

    async def sts(self, request: web.Request) -> web.StreamResponse:
        """Answer the Query protocol of STS."""
        parameters = await request.post()
        action = str(parameters["Action"])
        members = "".join(f"<{name}>{value}</{name}>" for name, value in self._given().items())
        arns = "<Account>111122223333</Account><Arn>arn:aws:sts::111122223333:assumed-role/R/S</Arn>"
        role = "<AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/R/S</Arn></AssumedRoleUser>"
        given = arns if action == "GetCallerIdentity" else f"<Credentials>{members}</Credentials>{role}"
        text = f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{given}</{action}Result></{action}Response>'
        return await self._answer(action, request, text, content_type="text/xml")

    async def sso(self, request: web.Request) -> web.StreamResponse:
        """Answer GetRoleCredentials of SSO."""
        given = {name[0].lower() + name[1:]: value for name, value in self.credentials.items()}
        expiration = int((datetime.now(UTC) + timedelta(hours=1)).timestamp() * 1000)
        text = json.dumps({"roleCredentials": {**given, "expiration": expiration}})
        return await self._answer("GetRoleCredentials", request, text, content_type="application/json")

    async def container(self, request: web.Request) -> web.StreamResponse:
        """Answer as the credential endpoint of a container does."""
        given = self._given()
        text = json.dumps({**given, "Token": given.pop("SessionToken")})
        return await self._answer("Container", request, text, content_type="application/json")

    def _given(self) -> dict[str, str]:
        return {**self.credentials, "Expiration": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}

    async def _answer(self, question: str, request: web.Request, text: str, *, content_type: str) -> web.StreamResponse:
        again = question in self.asked
        self.asked.append(question)
        refusal = self.refused.get(question)
        if refusal is None:
            return web.Response(text=text, content_type=content_type)
        if refusal is Refusal.DENIED or (again and question == "GetCallerIdentity"):
            # What is asked again until patience ends would take its time.
            return _error("AccessDenied", "User is not authorized to perform this.", content_type)
        if refusal is Refusal.MISMATCH:
            return _error("SignatureDoesNotMatch", await self._mismatch(request), content_type)
        if refusal is Refusal.GARBAGE:
            return web.Response(text=f"<html>{text} {await self._mismatch(request)}", content_type="text/html")
        if refusal is Refusal.CUT:
            return web.Response(text=text[: len(text) - 12], content_type=content_type)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _mismatch(self, request: web.Request) -> str:
        """AWS's words, with all that was sent: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html."""
        headers = "\n".join(f"{name.lower()}:{value}" for name, value in request.headers.items())
        return (
            "The request signature we calculated does not match the signature you provided.\n\n"
            f"The Canonical String for this request should have been\n'POST\n/\n\n{headers}\n\n{await request.text()}'"
        )


def _error(code: str, message: str, content_type: str) -> web.Response:
    if content_type == "text/xml":
        text = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        return web.Response(
            status=403, text=f'<ErrorResponse xmlns="{_NAMESPACE}">{text}</ErrorResponse>', content_type="text/xml"
        )
    body = {"__type": code, "message": message}
    return web.json_response(body, status=403, headers={"x-amzn-ErrorType": code})


@asynccontextmanager
async def hostile(credentials: Mapping[str, str], refused: Mapping[str, Refusal]) -> AsyncIterator[Hostile]:
    """Such an endpoint on loopback, for as long as the block runs."""
    server = Hostile(credentials, refused=dict(refused))
    app = web.Application()
    app.router.add_post("/", server.sts)
    app.router.add_get("/federation/credentials", server.sso)
    app.router.add_get("/container", server.container)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()
