"""Rows of the log as OCSF events: each action has its class, and the published schema takes whatever a row holds."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import fastjsonschema
import pytest
from hypothesis import strategies as st

from tests.generate.ocsf_schema import EXTRACT
from tests.support.acme import ACME, ASHA
from tests.support.commands import execute
from tests.support.drawn import drawn
from tests.support.hostile_strings import hostile_strings
from tui.models.log import AuditRow
from tui.models.people import Person
from tui.providers import title_of
from tui.words.log.details import LogNames
from tui.words.log.ocsf import EVENTS, ocsf_event
from tui.words.log.sentences import SENTENCES

if TYPE_CHECKING:
    from collections.abc import Callable

ROW = UUID("00000000-0000-4000-8000-000000000001")
NAMES = LogNames({ASHA: Person(ASHA, "asha@acme.example", "Asha Rao", ACME, True)}, title_of)
AT = datetime(2026, 1, 31, 10, 0, 0, 123_456, tzinfo=UTC)
OPENINGS = {"credential_revealed", "credential_copied", "credential_lent"}


@cache
def published() -> dict[str, Any]:
    extract: dict[str, Any] = json.loads(EXTRACT.read_text("ascii"))
    return extract


@cache
def validator(class_uid: int) -> Callable[[Any], Any]:
    schema = published()["classes"][str(class_uid)] | {"$defs": published()["objects"]}
    compiled: Callable[[Any], Any] = fastjsonschema.compile(schema)
    return compiled


def event(action: str, details: Any = None, status: str = "success", **columns: Any) -> dict[str, Any]:
    """The event of a row, which must be one by the published schema and have the row's id and its very details."""
    texts = {"user_id": ASHA, "ip_address": "192.0.2.7", "user_agent": "switchboard/1 (ssh)", "created_at": AT}
    row = AuditRow(
        id=ROW,
        organization_id=ACME,
        action=action,
        status=status,
        details=details,
        created_at_text="2026-01-31 10:00:00.123456+00",
        **{"integration_type": "exotel_phone"} | texts | columns,
    )
    made = ocsf_event(row, NAMES)
    validator(made["class_uid"])(made)
    assert made["type_name"] == published()["type_names"][str(made["type_uid"])]
    assert made["type_uid"] == made["class_uid"] * 100 + made["activity_id"]
    assert made["metadata"]["uid"] == str(ROW) and made["metadata"]["version"] == published()["version"]
    assert made["unmapped"]["details"] is details
    return made


def test_every_action_has_a_class_an_activity_and_a_severity_by_the_published_schema(installed_database: str) -> None:
    ours = {name for (name,) in execute(installed_database, "select name from switchboard.actions()")}
    assert ours | SENTENCES.keys() == EVENTS.keys()
    sides = {"user_id": str(ASHA), "can_view": True}
    details = (None, {}, [1], {"row": sides, "before": sides, "after": {"user_id": 7}, "cut": {"bytes": 7}})
    for action, each, status in itertools.product(
        (*EVENTS, "of_another_program", ""), details, ("success", "failed", "pending", "", "odd")
    ):
        for nothing in ({}, {"user_id": None, "ip_address": None, "user_agent": None, "created_at": None}):
            made = event(action, each, status, **nothing)
            is_low = action in OPENINGS and status == "failed"
            assert made["severity"] == ("Low" if is_low else "Informational"), action
            assert made["status_id"] == {"success": 1, "failed": 2}.get(status, 99)
    assert event("break_glass_opened")["severity"] == "High"
    assert event("call_made")["time"] == 1_769_853_600_123


@pytest.mark.parametrize(
    ("action", "details", "type_name", "about"),
    [
        (
            "permission_granted",
            {"row": {"user_id": str(ASHA), "integration_id": str(ROW)}, "after": {"can_view": True, "can_send": True}},
            "User Access Management: Assign Privileges",
            {
                "user": {
                    "uid": str(ASHA),
                    "name": "Asha Rao",
                    "full_name": "Asha Rao",
                    "email_addr": "asha@acme.example",
                },
                "privileges": ["view", "send"],
                "resources": [{"uid": str(ROW), "name": "Exotel phone", "type": "integration"}],
            },
        ),
        (
            "permission_changed",
            {"row": {"user_id": "somebody"}, "before": {"can_send": True}, "after": {"can_send": False}},
            "User Access Management: Revoke Privileges",
            {"user": {"uid": "somebody"}, "privileges": ["send"]},
        ),
        (
            "access_changed",
            {"login": "sb_asha", "change": "mapped", "after": {"user_id": str(ROW), "role": "support"}},
            "Account Change: Create",
            {"user": {"uid": str(ROW), "name": "sb_asha", "account": {"name": "sb_asha"}}},
        ),
        ("access_changed", {"login": "sb_asha", "change": "edited"}, "Account Change: Other", {}),
        (
            "credential_revealed",
            {"integration_id": str(ROW), "operator": "asha", "session_user": "sb_asha", "operation_id": "7"},
            "Entity Management: Read",
            {
                "entity": {"uid": str(ROW), "name": "Exotel phone", "type": "integration"},
                "src_endpoint": {"ip": "192.0.2.7"},
            },
        ),
        (
            "number_deactivated",
            {"change": "delete", "row": {"id": str(ROW), "phone_number": "08033755555"}},
            "Entity Management: Delete",
            {"entity": {"uid": str(ROW), "name": "08033755555", "type": "phone number"}},
        ),
        (
            "key_retired",
            {"key_id": "k1"},
            "Entity Management: Deactivate",
            {"entity": {"name": "k1", "type": "master key"}},
        ),
        (
            "connection_tested",
            {},
            "API Activity: Read",
            {"api": {"operation": "connection_tested", "service": {"name": "Exotel phone"}}},
        ),
    ],
)
def test_an_event_says_whom_and_what_it_is_about(action: str, details: Any, type_name: str, about: Any) -> None:
    made = event(action, details)
    assert made["type_name"] == type_name
    assert {name: made[name] for name in about} == about


def test_an_event_says_who_acted_and_what_belongs_together() -> None:
    evidence = {"operator": "asha", "session_user": "sb_asha", "operation_id": "7", "cut": {"bytes": 70_000}}
    made = event("credential_copied", evidence)
    assert made["actor"]["user"]["uid"] == str(ASHA) and made["actor"]["user"]["account"] == {"name": "sb_asha"}
    assert made["actor"]["app_name"] == "switchboard/1 (ssh)"
    metadata = made["metadata"]
    assert (metadata["correlation_uid"], metadata["tenant_uid"]) == ("7", str(ACME))
    assert (metadata["is_truncated"], metadata["untruncated_size"]) == (True, 70_000)
    assert made["message"] == "Exotel phone, secret copied"


@drawn(
    30,
    500,
    action=st.sampled_from([*EVENTS]),
    details=st.recursive(
        st.none() | st.booleans() | st.integers() | st.sampled_from([*hostile_strings().values()]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["row", "before", "after", "user_id", "cut", "bytes", "operator", "session_user", "login", "change"]
                ),
                inner,
            )
        ),
        max_leaves=12,
    ),
    address=st.sampled_from(["::1", "2001:db8::ff00:42:8329", "::ffff:192.0.2.128", "fe80::1", "203.0.113.9"]),
    text=st.sampled_from([*hostile_strings().values()]),
)
def test_whatever_a_row_holds_its_event_is_one(action: str, details: Any, address: str, text: str) -> None:
    event(action, details, text[:200], ip_address=address, user_agent=text, integration_type=text[:200])
