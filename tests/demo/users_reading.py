"""Straight scripts that make the users table of a served organization, account by account and user by user."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from tests.demo.reading import Reader, code_of

Row = dict[str, str]
COLUMNS = (
    *("account_id", "account_name", "username", "arn", "created_date", "password_status", "password_last_used"),
    *("mfa_status", "active_keys", "inactive_keys", "service_credentials", "last_activity"),
)
_NOT_ASKED = "Desconocido (NotAsked)"
_ONLY_IN_REPORT = "Desconocido (OnlyInReport)"
_NOT_IN_SUMMARY = "Desconocido (NotInSummary)"
_MARGIN = timedelta(minutes=5)
_SLOTS = ("access_key_1", "access_key_2")


def users_table(reader: Reader, *, by_report: bool = False, all_users: bool = True) -> list[Row]:
    """The rows of all accounts that can be read."""
    rows: list[Row] = []
    own = reader.client("sts").get_caller_identity()["Account"]
    for account in reader.accounts():
        if account.get("State", account.get("Status")) not in ("ACTIVE", "PENDING_CLOSURE"):
            continue
        try:
            there = reader if account["Id"] == own else reader.assume(account["Id"])
        except ClientError:
            continue
        place = {"account_id": account["Id"], "account_name": account["Name"]}
        rows += [place | row for row in _Account(there, by_report=by_report, all_users=all_users).rows()]
    return rows


class _Account:
    """One account with all that is asked of it once."""

    def __init__(self, reader: Reader, *, by_report: bool, all_users: bool) -> None:
        self.iam = reader.client("iam")
        self.id = reader.client("sts").get_caller_identity()["Account"]
        self.users = reader.users()
        self.all_users = all_users
        virtual = self.iam.list_virtual_mfa_devices(AssignmentStatus="Assigned", MaxItems=1000)["VirtualMFADevices"]
        self.holders = {device["User"]["Arn"] for device in virtual}
        self.active = [one["UserName"] for one in credentials_of(self.iam) if one["Status"] == "Active"]
        self.report: dict[str, Row] = {}
        self.made = datetime.min.replace(tzinfo=UTC)
        if by_report:
            self._read_report()

    def _read_report(self) -> None:
        for _ in range(3):
            try:
                answer = self.iam.get_credential_report()
            except ClientError:
                self.iam.generate_credential_report()
            else:
                lines = answer["Content"].decode().splitlines()
                self.report = {row["user"]: row for row in csv.DictReader(lines)}
                self.made = answer["GeneratedTime"]
                return

    def rows(self) -> Iterator[Row]:
        """Root's row and the users'."""
        if self.all_users:
            yield self._root()
        for user in self.users:
            try:
                yield self._user(user)
            except self.iam.exceptions.NoSuchEntityException:
                continue

    def _root(self) -> Row:
        summary, row = self.iam.get_account_summary()["SummaryMap"], self.report.get("<root_account>")
        mfa, keys = summary.get("AccountMFAEnabled"), summary["AccountAccessKeysPresent"]
        virtual = any(holder.endswith(":root") for holder in self.holders)
        passwords = {0: "No configurada", 1: "Configurada", None: _NOT_IN_SUMMARY}
        devices = {0: "None", 1: "Virtual" if virtual else "Hardware", None: _NOT_IN_SUMMARY}
        slots = (
            [] if row is None else [row[f"{slot}_active"] for slot in _SLOTS if row[f"{slot}_last_rotated"] != "N/A"]
        )
        used = [] if row is None else [row["password_last_used"], *(row[f"{slot}_last_used_date"] for slot in _SLOTS)]
        known = keys == 0 or row is not None
        return {
            "username": "<root_account>",
            "arn": f"arn:{self.iam.meta.partition}:iam::{self.id}:root",
            "created_date": _ONLY_IN_REPORT if row is None else _iso(row["user_creation_time"]),
            "password_status": passwords[summary.get("AccountPasswordPresent")],
            "password_last_used": _ONLY_IN_REPORT if row is None else _iso(row["password_last_used"]),
            "mfa_status": devices[mfa],
            "active_keys": str(slots.count("true")) if known else _ONLY_IN_REPORT,
            "inactive_keys": str(slots.count("false")) if known else _ONLY_IN_REPORT,
            "service_credentials": "N/A",
            "last_activity": _ONLY_IN_REPORT if row is None else max(map(_iso, used), key=_by_time),
        }

    def _user(self, user: dict[str, Any]) -> Row:
        name, row = user["UserName"], self._row_of(user)
        has_password = None
        if row is None and self.all_users:
            has_password = self._has_password(name)
        # Also of who had none in the report: nobody reads here who has got one since.
        keys = self.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        if row is not None and any(key["CreateDate"] >= self.made - _MARGIN for key in keys):
            row = None
        if row is not None:
            has_password = row["password_enabled"] == "true"
        elif has_password is None and keys:
            has_password = self._has_password(name)
        uses = {key["AccessKeyId"]: self._use(key, keys, row) for key in keys}
        keys = [key for key in keys if uses[key["AccessKeyId"]] is not None]
        login = user["PasswordLastUsed"].astimezone(UTC).isoformat() if user.get("PasswordLastUsed") else "Nunca"
        asked = bool(keys) or self.all_users
        active = sum(key["Status"] == "Active" for key in keys)
        return {
            "username": name,
            "arn": user["Arn"],
            "created_date": user["CreateDate"].astimezone(UTC).isoformat(),
            "password_status": ("Configurada" if has_password else "No configurada") if asked else _NOT_ASKED,
            "password_last_used": login,
            "mfa_status": self._mfa(user, keys, row, has_password=bool(has_password)) if asked else _NOT_ASKED,
            "active_keys": str(active),
            "inactive_keys": str(len(keys) - active),
            "service_credentials": str(self.active.count(name)) if self.all_users else _NOT_ASKED,
            "last_activity": max((login, *(use for use in uses.values() if use)), key=_by_time),
        }

    def _row_of(self, user: dict[str, Any]) -> Row | None:
        row = self.report.get(user["UserName"])
        if row is None or user["CreateDate"] >= self.made - _MARGIN:
            return None
        return row if row["user_creation_time"] == user["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ") else None

    def _has_password(self, name: str) -> bool:
        try:
            self.iam.get_login_profile(UserName=name)
        except self.iam.exceptions.NoSuchEntityException:
            return False
        return True

    def _use(self, key: dict[str, Any], keys: list[dict[str, Any]], row: Row | None) -> str | None:
        """When the key was last used; None where it is no more, though its user is."""
        made = key["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ")
        alike = [other for other in keys if other["CreateDate"] == key["CreateDate"]]
        slots = [slot for slot in _SLOTS if row is not None and row[f"{slot}_last_rotated"] == made]
        if row is not None and len(slots) == len(alike) == 1:
            return _iso(row[f"{slots[0]}_last_used_date"])
        try:
            use = self.iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
        except ClientError as error:
            if code_of(error) != "AccessDenied":
                raise
            self.iam.get_user(UserName=key["UserName"])
            return None
        return use["LastUsedDate"].astimezone(UTC).isoformat() if "LastUsedDate" in use else "Nunca"

    def _mfa(self, user: dict[str, Any], keys: list[dict[str, Any]], row: Row | None, *, has_password: bool) -> str:
        holds = user["Arn"] in self.holders
        if row is None:
            return self._devices(user["UserName"]) if keys or has_password else _NOT_ASKED
        if row["mfa_active"] == "false" and not holds:
            return "None"
        if holds and not keys:
            return "Virtual"
        return self._devices(user["UserName"]) if keys or has_password else _NOT_ASKED

    def _devices(self, name: str) -> str:
        serials = [device["SerialNumber"] for device in self.iam.list_mfa_devices(UserName=name)["MFADevices"]]
        kinds = {serial.split(":")[-1].partition("/")[0] for serial in serials}
        if any("arn:" not in serial for serial in serials) or "u2f" in kinds:
            return "Hardware"
        if "mfa" in kinds:
            return "Virtual"
        if kinds - {"sms-mfa"}:
            return "Desconocido (other)"
        return "Desconocido (sms)" if kinds else "None"


def credentials_of(iam: Any, *, page: int = 1000) -> list[dict[str, Any]]:
    """All service-specific credentials of an account."""
    found: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        answer = iam.list_service_specific_credentials(AllUsers=True, MaxItems=page, **more)
        found += answer["ServiceSpecificCredentials"]
        if not answer["IsTruncated"]:
            return found
        more = {"Marker": answer["Marker"]}


def _iso(cell: str) -> str:
    """The time of a report's cell as rows have it."""
    return cell.replace("Z", "+00:00") if cell[:1].isdigit() else "Nunca"


def _by_time(cell: str) -> str:
    return "" if cell == "Nunca" else cell
