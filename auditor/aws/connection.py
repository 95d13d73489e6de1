"""The connection to STS, tried with an unsigned request: its endpoint, its proxy, its CA bundle and its clock."""

import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest

from auditor.aws.advice import with_advice
from auditor.aws.caller_errors import whole
from auditor.aws.endpoints import endpoint_setting
from auditor.aws.errors import PARSER_ERRORS, SDK_ERRORS, moment_of, reason_of, safe_cause, translate
from auditor.aws.gateway import open_client
from auditor.aws.redaction import without_secrets
from auditor.aws.session import Sessions, caller_error
from auditor.aws.wire.tls import TlsFileError
from auditor.errors import CallerError


@dataclass(frozen=True, slots=True)
class Connection:
    """How STS is reached; a server has answered there."""

    endpoint: str
    """Its URL, without a password."""
    endpoint_from: str
    """The setting that names it, empty for AWS's own."""
    proxy: str
    """Its URL without a password, empty for none."""
    bundle: str
    """The CA bundle, empty if the endpoint is plain http."""
    bundle_from: str
    """The setting that names the CA bundle."""
    region: str
    answered_at: datetime | None
    """By the server's clock, None if the reply had no date."""
    received_at: datetime
    """By this machine's clock."""

    @property
    def local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return urlsplit(self.endpoint).hostname in {"127.0.0.1", "::1", "localhost"}


async def try_connection(sessions: Sessions, *, profile: str | None) -> Connection:
    """The connection to STS, tried with an unsigned request: any reply will do.

    Raises:
        RequestError: No reply came.
        CallerError: The endpoint's URL is invalid, or a file for TLS can't be used.
    """
    async with AsyncExitStack() as stack:
        try:
            sts: Any = await open_client(stack, sessions.shared, "sts", region=sessions.region)
        except (*SDK_ERRORS, *PARSER_ERRORS, OSError) as error:
            raise caller_error(error, profile=profile, sessions=sessions) from safe_cause(error)
        http = sts._endpoint.http_session  # noqa: SLF001 - the only access to it
        url = sts.meta.endpoint_url
        named = endpoint_setting(sessions.shared, "sts")
        headers: Any = {}
        request = AWSPreparedRequest("GET", f"{url.rstrip('/')}/", headers, b"", stream_output=False)
        try:
            proxy = http.proxy_of(url)
            response = await http.send(request)
        except TlsFileError as error:
            raise CallerError(whole(reason_of(error))) from None
        except (*SDK_ERRORS, OSError) as error:
            refused = translate(error, service="sts", operation="connect")
            raise with_advice(refused, region=sessions.region, endpoint_from=named) from safe_cause(error)
        encrypted = urlsplit(url).scheme == "https"
        return Connection(
            endpoint=without_secrets(url),
            endpoint_from=named,
            proxy=proxy,
            bundle=http.ca_bundle if encrypted else "",
            bundle_from=_chosen_by(http.ca_bundle, sessions) if encrypted else "",
            region=sessions.region,
            answered_at=moment_of(str(response.headers.get("date", ""))),
            received_at=datetime.now(UTC),
        )


def _chosen_by(bundle: str, sessions: Sessions) -> str:
    for variable in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        if os.environ.get(variable) == bundle:
            return variable
    if sessions.caller.get_config_variable("ca_bundle") == bundle:
        return "ca_bundle of the profile"
    return "the SDK's own"
