"""An SDK that knows nothing of this machine's settings, and only what is on loopback."""

import contextlib
import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider

from tests.aws.tls import Certificates, World

_START_URL = "https://example.awsapps.com/start"
_PROFILES = """
[profile keys]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = secret
[profile assume-role]
role_arn = arn:aws:iam::111122223333:role/Role
source_profile = keys
[profile web-identity]
role_arn = arn:aws:iam::111122223333:role/Role
web_identity_token_file = {folder}/web-token
[profile sso]
sso_start_url = {start_url}
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Role
[profile sso-session]
sso_session = corporate
sso_account_id = 111122223333
sso_role_name = Role
[sso-session corporate]
sso_start_url = {start_url}
sso_region = us-east-1
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The CAs and server certificates of a test module."""
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def sdk_settings(tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """One profile for each way to get credentials, our CA bundle, and a single attempt a request."""
    for name in os.environ:
        if name.startswith("AWS_") or name.lower().endswith("_proxy") or name == "REQUESTS_CA_BUNDLE":
            monkeypatch.delenv(name)
    (tmp_path / "config").write_text(_PROFILES.format(folder=tmp_path, start_url=_START_URL))
    (tmp_path / "web-token").write_text("token")
    _write_sso_token(tmp_path, _START_URL, expires="2099-01-01T00:00:00Z")
    _write_sso_token(tmp_path, "corporate", expires="2020-01-01T00:00:00Z")
    # The SDK makes this folder out of HOME when it is imported, which is before any test.
    for provider in (SSOProvider, SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(tmp_path))
    settings = {
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CA_BUNDLE": certificates.bundle,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def _write_sso_token(folder: Path, name: str, *, expires: str) -> None:
    token = {
        "accessToken": "cached",
        "expiresAt": expires,
        "clientId": "id",
        "clientSecret": "secret",
        "refreshToken": "refresh",
        "registrationExpiresAt": "2099-01-01T00:00:00Z",
    }
    key = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    (folder / f"{key}.json").write_text(json.dumps(token))


@pytest.fixture
async def world(
    certificates: Certificates,
    sdk_settings: None,  # noqa: ARG001  # must come before the world's own settings
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[World]:
    """Servers and proxies on loopback, started by the test and stopped after it."""
    async with contextlib.AsyncExitStack() as stack:
        yield World(certificates, monkeypatch.setenv, stack)
