"""The two wire protocols: Query with XML for IAM and STS, JSON 1.1 for Organizations and CloudTrail."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl
from uuid import uuid4
from xml.sax.saxutils import escape

Parameters = Mapping[str, object]

_NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
_TARGETS = {
    "organizations": "AWSOrganizationsV20161128",
    "cloudtrail": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
}
_XML, _JSON = "text/xml", "application/x-amz-json-1.1"
JSON_SERVICES = frozenset(_TARGETS)
SERVICES = frozenset(_NAMESPACES) | JSON_SERVICES


class ServiceError(Exception):
    """A refusal with AWS's own code, message and HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back over the wire."""

    status: int
    body: bytes
    content_type: str
    request_id: str = ""
    error_code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def read_action(service: str, target: str, body: bytes) -> tuple[str, Parameters]:
    """The action that a request names, and its parameters."""
    if service not in JSON_SERVICES:
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        return form.pop("Action", ""), form

    prefix, _, action = target.rpartition(".")
    if prefix != _TARGETS[service]:
        raise unknown_action(service, target)

    try:
        parameters = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", "The body is no JSON.") from error

    if not isinstance(parameters, dict):
        raise ServiceError("SerializationException", "The body is no JSON object.")

    return action, parameters


def unknown_action(service: str, action: str) -> ServiceError:
    """The refusal of an action that the service does not have here."""
    if service in JSON_SERVICES:
        return ServiceError("UnknownOperationException", f"Unknown operation {action}.")

    return ServiceError("InvalidAction", f"Could not find operation {action}.")


def access_denied(service: str, message: str) -> ServiceError:
    """The refusal of a right, under the code of the service's protocol."""
    if service in JSON_SERVICES:
        return ServiceError("AccessDeniedException", message)

    return ServiceError("AccessDenied", message, status=403)


def expired(service: str) -> ServiceError:
    """The refusal of credentials that are past their end."""
    message = "The security token included in the request is expired"
    if service in JSON_SERVICES:
        return ServiceError("ExpiredTokenException", message)

    return ServiceError("ExpiredToken", message, status=403)


def success(service: str, action: str, result: object) -> Reply:
    """The answer to an action: of inner XML for Query services, of a JSON object for the others."""
    request_id = str(uuid4())
    if service in JSON_SERVICES:
        text = json.dumps(result, separators=(",", ":"), ensure_ascii=False)
        return _reply(200, text, _JSON, request_id)

    text = (
        f'<{action}Response xmlns="{_NAMESPACES[service]}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    )
    return _reply(200, text, _XML, request_id)


def failure(service: str, error: ServiceError) -> Reply:
    """The answer that carries an error."""
    request_id = str(uuid4())
    if service in JSON_SERVICES:
        member = "Message" if service == "organizations" else "message"
        text = json.dumps({"__type": error.code, member: error.message}, ensure_ascii=False)
        return _reply(error.status, text, _JSON, request_id, error.code)

    kind = "Receiver" if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "Sender"
    text = (
        f'<ErrorResponse xmlns="{_NAMESPACES.get(service, _NAMESPACES["iam"])}"><Error><Type>{kind}</Type>'
        f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return _reply(error.status, text, _XML, request_id, error.code)


def element(name: str, text: str | None) -> str:
    """An XML element of the text, nothing where there is none."""
    return "" if text is None else f"<{name}>{escape(text)}</{name}>"


def members(name: str, items: list[str]) -> str:
    """An XML list of inner XML; the element is there for an empty list, too."""
    if not items:
        return f"<{name}/>"

    return f"<{name}><member>{'</member><member>'.join(items)}</member></{name}>"


def _reply(status: int, text: str, content_type: str, request_id: str, code: str | None = None) -> Reply:
    return Reply(
        status=status,
        body=text.encode(),
        content_type=content_type,
        request_id=request_id,
        error_code=code,
        headers={"x-amzn-RequestId": request_id},
    )
