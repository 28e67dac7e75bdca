"""A month of the demo's checks: what was remembered of each integration, and what its provider said besides."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid5

from psycopg.types.json import Jsonb

from tui.demo.sample_organizations import ORGANIZATIONS

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

EVERY_H = 6
DAYS_WATCHED = 26
OUTAGE_DAY = 17
"""So many days ago nobody could reach Exotel."""
BROKEN_DAYS = 3
AGENT = "switchboard/0.1.0 (monitor@jump-1)"

TESTED = """
insert into public.integration_audit_logs
       (id, organization_id, integration_type, action, status, details, ip_address, user_agent, created_at)
values (%(id)s, %(organization)s, %(type)s, 'connection_tested', %(status)s, %(details)s, '10.20.0.14', %(agent)s,
        %(moment)s)
"""
REMEMBERED = """
insert into switchboard.checks (integration_id, begun_at, ended_at, outcome, standing, standing_since, refused_at)
values (%(id)s, %(asked)s, %(asked)s, %(standing)s, %(standing)s, %(since)s, %(refused)s)
"""
OBSERVED = """
insert into switchboard.observations (integration_id, number, name, value, at)
values (%(id)s, %(number)s, %(name)s, %(value)s, %(at)s)
"""

_ACCOUNTS = {
    "Meridian Freight": {"balance": "1543.75", "balance_threshold": "2000", "kyc_status": "completed"},
    "Harbour Clinics": {"balance": "18250.00", "kyc_status": "pending"},
}
_TEMPLATES = {
    "templates_approved": "12",
    "templates_pending": "2",
    "templates_rejected": "1",
    "templates_paused": "0",
    "templates_disabled": "0",
    "templates_other": "0",
    "templates_rejected_reasons": "diwali_offer: INCORRECT_CATEGORY",
}
_OUT = "+912248971500"
_WITHOUT_FLOW = "+918047180103"


def fill_checks(connection: Connection, now: datetime) -> None:
    """Insert what checks found until `now`: an account that runs dry, a number that is out, one without a call flow.

    The newest test of each integration is there already (tui/demo/sample.py).
    """
    for organization in ORGANIZATIONS:
        account = _ACCOUNTS.get(organization.name)
        for place, (type_, (_, state, _)) in enumerate(organization.integrations.items()):
            integration = uuid5(organization.id, type_)
            asked = now - timedelta(minutes=30 + place)
            if state in ("proven", "failing"):
                broke = now - timedelta(days=BROKEN_DAYS, hours=2) if state == "failing" else None
                _insert_tests(connection, organization.id, type_, asked, broke)
                _insert_memory(connection, integration, now, broke)
            if account is not None and type_.startswith("exotel") and state not in ("disabled", "untested"):
                currency = {"currency": "INR", "billing_type": "prepaid"}
                values = {("", name): value for name, value in {**account, **currency}.items()}
                if type_ == "exotel_whatsapp":
                    values |= {("", name): value for name, value in _TEMPLATES.items()}
                else:
                    for number, *_, active in organization.numbers:
                        values |= _of_number(number, now) if active else {}
                # Of a credential that is refused nothing is read any more.
                at = now if state != "failing" else now - timedelta(days=BROKEN_DAYS)
                _insert_observed(connection, integration, values, at)


def _insert_tests(
    connection: Connection, organization: UUID, type_: str, until: datetime, broke: datetime | None
) -> None:
    rows = []
    for n in range(1, (DAYS_WATCHED + 1) * 24 // EVERY_H):
        moment = until - timedelta(hours=n * EVERY_H)
        # Whole days, so that the month looks the same at any hour.
        days_ago = (until.date() - moment.date()).days
        is_refused = broke is not None and moment >= broke
        if days_ago >= DAYS_WATCHED or (is_refused and n * EVERY_H % 24):
            # What was refused is asked once a day.
            continue
        is_unknown = days_ago == OUTAGE_DAY and type_.startswith("exotel")
        judgement = "refused" if is_refused else "unknown" if is_unknown else "verified"
        reason = {"code": "401"} if is_refused else {"why": "api.exotel.invalid did not answer."} if is_unknown else {}
        details = {"source": "switchboard", "judgement": judgement, "milliseconds": 190 + n % 70, **reason}
        rows.append(
            {
                "id": uuid5(organization, f"checked {type_} {n}"),
                "organization": organization,
                "type": type_,
                "status": "success" if judgement == "verified" else "failed",
                "details": Jsonb(details),
                "agent": AGENT,
                "moment": moment,
            }
        )
    with connection.cursor() as cursor:
        cursor.executemany(TESTED, rows)


def _insert_memory(connection: Connection, integration: UUID, asked: datetime, broke: datetime | None) -> None:
    values = {
        "id": integration,
        "asked": asked,
        "standing": "verified" if broke is None else "refused",
        "since": broke or asked - timedelta(days=DAYS_WATCHED - 1),
        "refused": None if broke is None else asked,
    }
    connection.execute(REMEMBERED, values)
    _insert_observed(connection, integration, {("", "check_every"): str(EVERY_H * 3600)}, asked)


def _of_number(number: str, asked: datetime) -> dict[tuple[str, str], str]:
    e164 = "+91" + number.removeprefix("0") if number.startswith("0") else number
    looked = (asked - timedelta(minutes=11)).isoformat(timespec="seconds")
    values = {
        "number_call_flow": "none" if e164 == _WITHOUT_FLOW else "4711",
        "number_incoming": "major_outage" if e164 == _OUT else "active",
        "number_incoming_checked_at": looked,
        "number_incoming_alternate": "+918047180101" if e164 == _OUT else "",
        "number_outgoing": "active",
        "number_outgoing_checked_at": looked,
        "number_outgoing_alternate": "",
    }
    return {(e164, name): value for name, value in values.items()}


def _insert_observed(
    connection: Connection, integration: UUID, values: dict[tuple[str, str], str], at: datetime
) -> None:
    rows = [
        {"id": integration, "number": number, "name": name, "value": value, "at": at}
        for (number, name), value in values.items()
    ]
    with connection.cursor() as cursor:
        cursor.executemany(OBSERVED, rows)
