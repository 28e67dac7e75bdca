"""What each row of the audit log is as an event of the Open Cybersecurity Schema Framework, https://schema.ocsf.io."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tui import __version__
from tui.words.log.details import rights_in, uuid_in
from tui.words.log.sentences import sentence
from tui.words.people.names import person_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.models.log import AuditRow
    from tui.words.log.details import LogNames

VERSION = "1.8.0"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNKNOWN = "unknown"
# The pattern of the schema's email_t, which is stricter than what a directory may hold.
_EMAIL = re.compile(r"[a-zA-Z0-9!#$%&'*+-/=?^_`{|}~.]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+")


class EventClass(NamedTuple):
    """A class of events: its number and name, those of its category, and the activities that are used of it."""

    uid: int
    name: str
    category_uid: int
    category_name: str
    activities: Mapping[int, str]


OTHER = 99
_IAM = (3, "Identity & Access Management")
ACCOUNT = EventClass(3001, "Account Change", *_IAM, {1: "Create", 6: "Delete"})
ENTITY = EventClass(
    *(3004, "Entity Management", *_IAM),
    {1: "Create", 2: "Read", 3: "Update", 4: "Delete", 8: "Enable", 9: "Disable", 11: "Deactivate"},
)
ACCESS = EventClass(3005, "User Access Management", *_IAM, {1: "Assign Privileges", 2: "Revoke Privileges"})
API = EventClass(6003, "API Activity", 6, "Application Activity", {1: "Create", 2: "Read"})


class Event(NamedTuple):
    """The class and the activity of an action; of some actions the activity depends on the row."""

    of: EventClass
    activity: int
    is_opening: bool = False


# Every action of switchboard.actions() (sql/002_helpers.sql), then those of other programs that are known. Anything
# else is an API Activity of another kind.
EVENTS = {
    "credential_created": Event(ENTITY, 1),
    "credential_updated": Event(ENTITY, 3),
    "credential_deleted": Event(ENTITY, 4),
    "credential_enabled": Event(ENTITY, 8),
    "credential_disabled": Event(ENTITY, 9),
    "credential_rolled_back": Event(ENTITY, 3),
    "credential_restored": Event(ENTITY, 1),
    "credential_versions_forgotten": Event(ENTITY, 4),
    "credential_revealed": Event(ENTITY, 2, is_opening=True),
    "credential_copied": Event(ENTITY, 2, is_opening=True),
    "credential_lent": Event(ENTITY, 2, is_opening=True),
    "permission_granted": Event(ACCESS, 1),
    "permission_changed": Event(ACCESS, OTHER),
    "permission_revoked": Event(ACCESS, 2),
    "number_added": Event(ENTITY, 1),
    "number_updated": Event(ENTITY, 3),
    "number_assigned": Event(ENTITY, 3),
    "number_unassigned": Event(ENTITY, 3),
    "number_deactivated": Event(ENTITY, 11),
    "access_changed": Event(ACCOUNT, OTHER),
    "keys_rotated": Event(ENTITY, 3),
    "key_retired": Event(ENTITY, 11),
    "settings_changed": Event(ENTITY, 3),
    "schema_changed": Event(ENTITY, 3),
    "connection_tested": Event(API, 2),
    "change_noticed": Event(API, OTHER),
    "type_recorded": Event(ENTITY, 1),
    "type_withdrawn": Event(ENTITY, 4),
    "numbers_synced": Event(API, 2),
    "log_exported": Event(API, 2),
    "log_sealed": Event(API, 1),
    "log_archived": Event(API, OTHER),
    "checkpoint_made": Event(API, 1),
    "credential_configured": Event(ENTITY, 3),
    "call_made": Event(API, 1),
    "call_received": Event(API, OTHER),
    "recording_fetched": Event(API, 2),
    "webhook_received": Event(API, OTHER),
    "message_sent": Event(API, 1),
    "message_received": Event(API, OTHER),
    "whatsapp_sent": Event(API, 1),
    "sms_sent": Event(API, 1),
    "email_sent": Event(API, 1),
    "email_received": Event(API, OTHER),
}
_UNKNOWN_EVENT = Event(API, OTHER)
_STATUS = {"success": (1, "Success"), "failed": (2, "Failure")}
_INFORMATIONAL, _LOW, _HIGH = (1, "Informational"), (2, "Low"), (4, "High")
# How the action begins of somebody who got in past what is usual.
BREAK_GLASS = "break_glass"


def ocsf_event(row: AuditRow, names: LogNames) -> dict[str, Any]:
    """Return a row as an event, whose uid is the row's id; `unmapped` has the details as they are stored."""
    event = EVENTS.get(row.action, _UNKNOWN_EVENT)
    of, activity = event.of, _activity(row, event)
    name = of.activities.get(activity, row.action)
    severity_id, severity = _severity(row, event)
    status_id, status = _STATUS.get(row.status, (OTHER, row.status))
    about = _ABOUT[of.uid](row, names)
    if row.ip_address is not None:
        about["src_endpoint"] = {"ip": row.ip_address}
    return {
        "class_uid": of.uid,
        "class_name": of.name,
        "category_uid": of.category_uid,
        "category_name": of.category_name,
        "activity_id": activity,
        "activity_name": name,
        "type_uid": of.uid * 100 + activity,
        "type_name": f"{of.name}: {'Other' if activity == OTHER else name}",
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        # Of a time that no datetime holds the text is in metadata.
        "time": (row.created_at - EPOCH) // timedelta(milliseconds=1) if row.created_at else 0,
        "message": sentence(row, names),
        "metadata": _metadata(row),
        "actor": _actor(row, names),
        **about,
        "unmapped": {"integration_type": row.integration_type, "details": row.details},
    }


def _activity(row: AuditRow, event: Event) -> int:
    """Return what was done, where the action alone does not say it."""
    change = row.evidence.get("change")
    if row.action == "access_changed":
        return {"mapped": 1, "removed": 6}.get(change, OTHER) if isinstance(change, str) else OTHER
    if row.action == "number_deactivated" and change == "delete":
        return 4
    if row.action == "permission_changed":
        after = _side(row, "after")
        return 1 if rights_in(after) else 2 if rights_in(after, given=False) else OTHER
    return event.activity


def _severity(row: AuditRow, event: Event) -> tuple[int, str]:
    if row.action.startswith(BREAK_GLASS):
        return _HIGH
    return _LOW if event.is_opening and row.status == "failed" else _INFORMATIONAL


def _metadata(row: AuditRow) -> dict[str, Any]:
    cut = row.evidence.get("cut")
    size = (cut.get("bytes") or cut.get("stored_bytes")) if isinstance(cut, dict) else None
    return {
        "version": VERSION,
        "uid": str(row.id),
        "product": {"name": "Switchboard", "vendor_name": "Switchboard", "version": __version__},
        "log_name": "integration_audit_logs",
        "event_code": row.action,
        "original_time": row.created_at_text,
        "tenant_uid": str(row.organization_id),
        **_texts(correlation_uid=row.evidence.get("operation_id")),
        **({"is_truncated": True, "untruncated_size": size} if type(size) is int else {}),
    }


def _actor(row: AuditRow, names: LogNames) -> dict[str, Any]:
    """Return who acted, as the log has it: how far that is proven, `operator_from` in the details says."""
    user = _user(row.user_id, names, name=row.evidence.get("operator"), login=row.evidence.get("session_user"))
    app = _texts(app_name=row.user_agent)
    return {**({"user": user} if user else {}), **app} or {"app_name": UNKNOWN}


def _user(person_id: object, names: LogNames, *, name: object = None, login: object = None) -> dict[str, Any]:
    known = uuid_in(str(person_id)) if person_id else None
    person = names.people.get(known) if known else None
    email = person.email if person and person.email and _EMAIL.fullmatch(person.email) else None
    account = _texts(name=login)
    return {
        **_texts(uid=str(person_id) if person_id else None, name=name or (person and person_name(person))),
        **_texts(full_name=person and person.name, email_addr=email),
        **({"account": account} if account else {}),
    }


def _about_account(row: AuditRow, names: LogNames) -> dict[str, Any]:
    """Whose login it is: the person whom it stands for, and its name."""
    side = _side(row, "after") or _side(row, "before")
    login = row.evidence.get("login")
    return {"user": _user(side.get("user_id"), names, name=login, login=login) or {"name": UNKNOWN}}


def _about_access(row: AuditRow, names: LogNames) -> dict[str, Any]:
    """Who was given or lost which rights on which integration."""
    holder, after, before = _side(row, "row"), _side(row, "after"), _side(row, "before")
    rights = rights_in(after) or rights_in(after, given=False) or rights_in(before)
    resource = {**_texts(uid=holder.get("integration_id")), "name": _on(row, names), "type": "integration"}
    user = _user(holder.get("user_id"), names) or {"name": UNKNOWN}
    return {"user": user, "privileges": rights, "resources": [resource]}


def _about_entity(row: AuditRow, names: LogNames) -> dict[str, Any]:
    details, stored = row.evidence, _side(row, "row")
    if row.action.startswith("number_"):
        entity = _texts(uid=stored.get("id"), name=stored.get("phone_number"), type="phone number")
    elif row.action in ("keys_rotated", "key_retired"):
        entity = _texts(name=details.get("to_key") or details.get("key_id"), type="master key")
    elif row.action == "settings_changed":
        entity = _texts(name=details.get("setting"), type="setting")
    elif row.action in ("type_recorded", "type_withdrawn"):
        entity = _texts(name=row.integration_type, uid=details.get("sha256"), type="integration type")
    elif row.action == "schema_changed":
        entity = {"name": "switchboard", "type": "database schema"}
    else:
        uid = stored.get("integration_id") or details.get("integration_id")
        entity = _texts(uid=uid, name=_on(row, names), type="integration")
    return {"entity": {"name": UNKNOWN, **entity}}


def _about_call(row: AuditRow, names: LogNames) -> dict[str, Any]:
    api = {"operation": row.action or UNKNOWN, "service": {"name": _on(row, names)}}
    return {"api": api, "src_endpoint": {"name": UNKNOWN}}


_ABOUT = {ACCOUNT.uid: _about_account, ENTITY.uid: _about_entity, ACCESS.uid: _about_access, API.uid: _about_call}


def _on(row: AuditRow, names: LogNames) -> str:
    """Return what people call the type of the integration; Switchboard, where the row is about none."""
    return "Switchboard" if row.integration_type in ("", "none") else names.title_of(row.integration_type)


def _side(row: AuditRow, name: str) -> Mapping[str, Any]:
    value = row.evidence.get(name)
    return value if isinstance(value, dict) else {}


def _texts(**values: object) -> dict[str, str]:
    """Return those of the values that are texts with something in them."""
    return {name: value for name, value in values.items() if isinstance(value, str) and value}
