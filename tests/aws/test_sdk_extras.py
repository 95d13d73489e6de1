"""Members of replies that are younger than the SDK are read, until the SDK has them itself."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiohttp import web
from botocore.loaders import Loader

from auditor.aws.organization import account_of, account_pages
from auditor.aws.session import SDK_EXTRAS, open_sessions
from auditor.aws.wire.direct import send_directly
from tests.fakes import access

pytestmark = pytest.mark.anyio

ONE_TRY = AioConfig(retries={"total_max_attempts": 1})
FILES = sorted(SDK_EXTRAS.glob("*/*/*.json"))
IN_ORGANIZATION = "o-abcdefghij/r-abcd/ou-abcd-abcdefgh/111111111111/"
PROFILE = """<GetLoginProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetLoginProfileResult>
<LoginProfile><UserName>ana</UserName><CreateDate>2026-01-02T03:04:05Z</CreateDate>
<PasswordResetRequired>false</PasswordResetRequired>
<MaxSigninSessionDuration>7776000</MaxSigninSessionDuration></LoginProfile>
</GetLoginProfileResult></GetLoginProfileResponse>"""
ACCOUNTS = json.dumps({"Accounts": [{"Id": "111111111111", "State": "ACTIVE", "Paths": [IN_ORGANIZATION]}]})
UNITS = json.dumps({"OrganizationalUnits": [{"Id": "ou-1", "Path": "o-abcdefghij/r-abcd/ou-abcd-abcdefgh/"}]})


def own_model(service: str) -> Mapping[str, Any]:
    """The SDK's model of a service, without the extras of anybody else."""
    loader = Loader(include_default_search_paths=False)
    loader.search_paths.append(Loader.BUILTIN_DATA_PATH)
    model: Mapping[str, Any] = loader.load_service_model(service, "service-2")
    return model


def added(path: Path) -> list[tuple[str, str]]:
    """The shapes of a file that get members, with each member."""
    shapes = json.loads(path.read_text(encoding="utf-8"))["merge"]["shapes"]
    return [(shape, member) for shape, told in shapes.items() for member in told.get("members", {})]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parts[-3])
def test_the_sdk_has_not_outgrown_them(path: Path) -> None:
    """A member that the SDK has by now is to be deleted here, and so is a file that would hide one of the SDK's."""
    service, version, name = path.parts[-3:]
    assert not (Path(Loader.BUILTIN_DATA_PATH) / service / version / name).exists()
    shapes = own_model(service)["shapes"]
    assert added(path)
    assert [] == [(shape, member) for shape, member in added(path) if member in shapes[shape]["members"]]


def test_they_are_of_the_newest_model() -> None:
    """A newer version of a service's API would be read without them."""
    newest = {path.parts[-3]: Loader().determine_latest_version(path.parts[-3], "service-2") for path in FILES}
    assert {path.parts[-3]: path.parts[-2] for path in FILES} == newest


@asynccontextmanager
async def answering(body: str) -> AsyncIterator[str]:
    """The URL of an endpoint that answers everything so."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client_of(service: str, *, url: str, direct: bool) -> AsyncIterator[Any]:
    """A client of a run's own, which sends the short way or the SDK's."""
    session: Any = (await open_sessions(profile=None, session=None)).caller
    session.set_credentials("AKIA1", "secret")
    async with session.create_client(service, region_name="us-east-1", endpoint_url=url, config=ONE_TRY) as client:
        if direct:
            await send_directly(client, session)
        yield client


@pytest.fixture(params=[True, False], ids=["direct", "sdk"])
def direct(request: pytest.FixtureRequest) -> bool:
    """Whether requests go the short way."""
    return bool(request.param)


async def test_a_login_profile_has_its_longest_session(*, direct: bool) -> None:
    """The seconds that a sign-in session may last are a number."""
    async with answering(PROFILE) as url, client_of("iam", url=url, direct=direct) as iam:
        reply = await iam.get_login_profile(UserName="ana")

    assert (7_776_000, False) == (
        reply["LoginProfile"]["MaxSigninSessionDuration"],
        reply["LoginProfile"]["PasswordResetRequired"],
    )


async def test_an_account_has_its_paths(*, direct: bool) -> None:
    """The account of a page of ListAccounts says where in the organization it is."""
    async with answering(ACCOUNTS) as url, client_of("organizations", url=url, direct=direct) as organizations:
        pages = [page async for page in account_pages(access(), organizations)]

    assert [[(IN_ORGANIZATION,)]] == [[account_of(raw).paths for raw in page] for page in pages]


async def test_an_organizational_unit_has_its_path(*, direct: bool) -> None:
    """A unit says where in the organization it is."""
    async with answering(UNITS) as url, client_of("organizations", url=url, direct=direct) as organizations:
        reply = await organizations.list_organizational_units_for_parent(ParentId="r-abcd")

    assert "o-abcdefghij/r-abcd/ou-abcd-abcdefgh/" == reply["OrganizationalUnits"][0]["Path"]


async def test_models_of_the_callers_own_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_DATA_PATH leads to models that go before the SDK's, and what is younger is read all the same."""
    folder = tmp_path / "iam" / "2010-05-08"
    folder.mkdir(parents=True)
    model: Any = own_model("iam")
    model["shapes"]["LoginProfile"]["members"]["MadeHere"] = {"shape": "booleanType"}
    (folder / "service-2.json").write_text(json.dumps(model), encoding="utf-8")
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    odd = PROFILE.replace("</UserName>", "</UserName><MadeHere>true</MadeHere>")
    async with answering(odd) as url, client_of("iam", url=url, direct=True) as iam:
        profile = (await iam.get_login_profile(UserName="ana"))["LoginProfile"]

    assert (True, 7_776_000) == (profile["MadeHere"], profile["MaxSigninSessionDuration"])
