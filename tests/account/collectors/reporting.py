"""IAM of one account with its credential report, for tests, and the report's text."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from botocore.exceptions import ClientError

from auditor.aws.gateway import AccountAccess, new_run_limits
from auditor.aws.request import Access
from auditor.config import Rates
from tests.fakes import refusal

T = TypeVar("T")

MADE = datetime(2099, 1, 1, tzinfo=UTC)
"""When the report was made, unless a test says otherwise: it never grows old."""
OLD = MADE - timedelta(days=100)
"""When most of what the report knows was made."""
ARN = "arn:aws:iam::111122223333:user/"
COLUMNS = (
    *("user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed"),
    *("password_next_rotation", "mfa_active"),
    *("access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date"),
    *("access_key_1_last_used_region", "access_key_1_last_used_service"),
    *("access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date"),
    *("access_key_2_last_used_region", "access_key_2_last_used_service"),
    *("cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"),
)
"""The columns as AWS sends them."""


def wire(moment: datetime) -> str:
    """The moment as IAM writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def slot(number: int, *, rotated: str = "N/A", used: str = "N/A", active: str = "") -> dict[str, str]:
    """The cells of one of the two keys; without a time there is no key."""
    known = used not in {"N/A", "no_information"}
    return {
        f"access_key_{number}_active": active or ("false" if rotated == "N/A" else "true"),
        f"access_key_{number}_last_rotated": rotated,
        f"access_key_{number}_last_used_date": used,
        f"access_key_{number}_last_used_region": "eu-west-1" if known else "N/A",
        f"access_key_{number}_last_used_service": "s3" if known else "N/A",
    }


def row(name: str, **cells: str) -> dict[str, str]:
    """The report's row of a user who has nothing, but for these cells."""
    plain = dict.fromkeys(COLUMNS, "N/A") | {
        "user": name,
        "arn": ARN + name,
        "user_creation_time": wire(OLD),
        "password_enabled": "false",
        "mfa_active": "false",
    }
    return plain | slot(1) | slot(2) | cells


def keyed_row(name: str, **cells: str) -> dict[str, str]:
    """The report's row of a user with one key, which was used a day before the report was made."""
    return row(name, **(slot(1, rotated=wire(OLD), used=wire(MADE - timedelta(days=1))) | cells))


def report_text(*rows: dict[str, str], columns: Iterable[str] = COLUMNS) -> str:
    """The report of these rows, as AWS sends it."""
    header = tuple(columns)
    lines = [header, *(tuple(cells.get(name, "") for name in header) for cells in rows)]
    return "\n".join(",".join(f'"{cell}"' if "," in cell else cell for cell in line) for line in lines)


NOT_PRESENT = refusal("ReportNotPresent", status=410)
EXPIRED = refusal("ReportExpired", status=410)
IN_PROGRESS = refusal("ReportInProgress", status=404)
LIMIT_EXCEEDED = refusal("LimitExceeded", status=409)
DENIED = refusal("AccessDenied", status=403)
GONE = refusal("NoSuchEntity", status=404)


def given(answer: T | ClientError) -> T:
    """The answer, raised where it is an error."""
    if isinstance(answer, ClientError):
        raise answer
    return answer


@dataclass
class FakeIam:
    """IAM of one account; what is not given there is not there."""

    report: str | bytes = ""
    made: datetime = MADE
    before_report: list[ClientError] = field(default_factory=list)
    """What GetCredentialReport answers first."""
    generated: list[str | ClientError] = field(default_factory=list)
    """What GenerateCredentialReport answers first; then COMPLETE."""
    users: dict[str, datetime] = field(default_factory=dict)
    """When each was made."""
    keys: dict[str, list[tuple[str, datetime]] | ClientError] = field(default_factory=dict)
    """Id and creation of each user's keys."""
    passwords: set[str] = field(default_factory=set)
    devices: dict[str, list[str] | ClientError] = field(default_factory=dict)
    """Serial numbers of each user's devices."""
    holders: list[str] | ClientError = field(default_factory=list)
    """Names of those who hold a virtual device."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    """What was asked, and of whom."""

    meta = SimpleNamespace(service_model=SimpleNamespace(service_name="iam"))

    @property
    def counts(self) -> dict[str, int]:
        """How often each operation was asked."""
        return dict(Counter(operation for operation, _ in self.calls))

    def asked(self, operation: str) -> list[str]:
        """Of whom an operation was asked, sorted."""
        return sorted(name for asked, name in self.calls if asked == operation)

    async def get_credential_report(self) -> dict[str, Any]:
        """The report, or what comes before it."""
        self.calls.append(("get_credential_report", ""))
        if self.before_report:
            raise self.before_report.pop(0)
        return {"Content": self.report, "GeneratedTime": self.made}

    async def generate_credential_report(self) -> dict[str, Any]:
        """How far it is."""
        self.calls.append(("generate_credential_report", ""))
        return {"State": given(self.generated.pop(0) if self.generated else "COMPLETE")}

    async def list_users(self, **_: Any) -> dict[str, Any]:
        """All users."""
        self.calls.append(("list_users", ""))
        return {"Users": [{"UserName": n, "Arn": ARN + n, "CreateDate": at} for n, at in self.users.items()]}

    async def list_access_keys(self, *, UserName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """The keys of a user."""
        self.calls.append(("list_access_keys", UserName))
        keys = given(self.keys.get(UserName, []))
        return {"AccessKeyMetadata": [{"AccessKeyId": k, "Status": "Active", "CreateDate": at} for k, at in keys]}

    async def get_login_profile(self, *, UserName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """The password of a user."""
        self.calls.append(("get_login_profile", UserName))
        return given({"LoginProfile": {}} if UserName in self.passwords else GONE)

    async def list_mfa_devices(self, *, UserName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """The devices of a user."""
        self.calls.append(("list_mfa_devices", UserName))
        return {"MFADevices": [{"SerialNumber": serial} for serial in given(self.devices.get(UserName, []))]}

    async def get_access_key_last_used(self, *, AccessKeyId: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """The same use for every key."""
        self.calls.append(("get_access_key_last_used", AccessKeyId))
        use = {"LastUsedDate": MADE - timedelta(days=2), "ServiceName": "api", "Region": "us-east-1"}
        return {"AccessKeyLastUsed": use}

    async def list_virtual_mfa_devices(self, **_: Any) -> dict[str, Any]:
        """Root's device, and those of the holders."""
        self.calls.append(("list_virtual_mfa_devices", ""))
        root = {"SerialNumber": "root", "User": {"Arn": "arn:aws:iam::111122223333:root"}}
        devices = [{"SerialNumber": n, "User": {"UserName": n, "Arn": ARN + n}} for n in given(self.holders)]
        return {"VirtualMFADevices": [root, *devices]}


@dataclass
class FakeTrail:
    """CloudTrail of one account; it gives its events whatever it is asked."""

    events: list[dict[str, Any]] | ClientError = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)

    meta = SimpleNamespace(service_model=SimpleNamespace(service_name="cloudtrail"))

    async def lookup_events(self, **parameters: Any) -> dict[str, Any]:
        """All events."""
        self.calls.append(parameters)
        return {"Events": given(self.events)}


def entered(iam: FakeIam, trail: FakeTrail | None = None) -> AccountAccess:
    """The account, with rates that no test waits for."""
    access = Access(credentials=None, limits=new_run_limits(Rates(iam=100_000, events=100_000)))
    fakes: Any = iam, trail or FakeTrail()
    return AccountAccess(
        access, *cast("tuple[Any, Any]", fakes), role="Audit", root_arn="arn:aws:iam::111122223333:root"
    )
