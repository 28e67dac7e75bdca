"""How permissions read on the command line: the list, the review of changes, the leaver report, and all as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.output import Column
from tui.data.rights import RIGHTS, rights_of
from tui.providers import is_secret
from tui.words.times import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo
    from uuid import UUID

    from tui.data.permissions.effective import EffectiveAccess
    from tui.data.permissions.leaver import KnownSecret, LeaverReport
    from tui.data.permissions.people import Holder
    from tui.data.permissions.staging import Change, Review
    from tui.data.permissions.values import Access
    from tui.models import Integration


def access_record(access: Access) -> dict[str, Any]:
    """Return the columns of a permission by their names."""
    return {
        **{right.column: access.has(right.name) for right in RIGHTS.values()},
        "expires_at": access.expires_at,
        "daily_limit": access.daily_limit,
        "monthly_limit": access.monthly_limit,
    }


def record_of(entry: EffectiveAccess) -> dict[str, Any]:
    """Return what JSON has of one person and one integration: the row's columns, then what was derived."""
    from tui.data.permissions.values import state_of

    grant, access = entry.grant, entry.access
    return {
        "id": grant.id if grant else None,
        "user_id": entry.person.id,
        "email": entry.person.email,
        "name": entry.person.name,
        "standing": entry.person.standing,
        "integration_id": entry.integration.id,
        "integration_type": entry.integration.integration_type,
        **access_record(access),
        "granted_by": grant.granted_by if grant else None,
        "granted_at": grant.granted_at if grant else None,
        "state": state_of(access, entry.now),
        "used_today": entry.use.today,
        "used_this_month": entry.use.this_month,
        "allowed": list(entry.can_do),
        "refused": {verdict.right: verdict.reason for verdict in entry.verdicts if not verdict.allowed},
    }


def columns(zone: tzinfo) -> tuple[Column, ...]:
    """The columns of the list, of records made by `record_of`."""
    return (
        Column("PERSON", _person, shrinks_to=14),
        Column("TYPE", lambda record: record["integration_type"], shrinks_to=13),
        Column("RIGHTS", _rights, usual=10),
        Column("EXPIRES", lambda record: _expiry(record["expires_at"], zone), usual=10, optional=True),
        Column("TODAY", lambda record: _used(record, "used_today", "daily_limit"), to_the_right=True),
        Column("MONTH", lambda record: _used(record, "used_this_month", "monthly_limit"), to_the_right=True),
        Column("NOW", _now, shrinks_to=12),
    )


def review_lines(
    review: Review, people: Mapping[UUID, Holder], integrations: Mapping[UUID, Integration], zone: tzinfo
) -> list[str]:
    """Return the review, grouped by grant, change and revoke, a line for each cell, and the counts."""
    lines = []
    for change in review.all:
        type_ = integrations[change.integration_id].integration_type
        lines.append(f"{change.kind:<6}  {people[change.user_id].label}  {type_}: {difference(change, zone)}")
    lines.append(f"{review.sentence()}.".capitalize() if review.total else "Nothing changes.")
    return lines


def difference(change: Change, zone: tzinfo) -> str:
    """Say what a change does: "+send, daily limit 5 (was unlimited)"."""
    before, after = change.before, change.wanted
    parts = [f"+{right}" for right in change.gained] + [f"-{right}" for right in change.lost]
    if change.kind == "revoke":
        return ", ".join(parts) or "no right was given"
    for name, old, new in (
        ("expires", _expiry(before.expires_at, zone), _expiry(after.expires_at, zone)),
        ("daily limit", _limit(before.daily_limit), _limit(after.daily_limit)),
        ("monthly limit", _limit(before.monthly_limit), _limit(after.monthly_limit)),
    ):
        if new != old:
            parts.append(f"{name} {new}" + (f" (was {old})" if change.kind == "change" else ""))
    return ", ".join(parts)


def review_record(review: Review, integrations: Mapping[UUID, Integration]) -> dict[str, Any]:
    """Return the review as JSON has it."""
    return {
        "grants": len(review.grants),
        "changes": len(review.changes),
        "revokes": len(review.revokes),
        "cells": [
            {
                "user_id": change.user_id,
                "integration_id": change.integration_id,
                "integration_type": integrations[change.integration_id].integration_type,
                "kind": change.kind,
                "before": access_record(change.before),
                "after": access_record(change.wanted),
            }
            for change in review.all
        ],
    }


def rights_words(access: Access) -> str:
    """Say the rights: "view, send", or "nothing"."""
    return ", ".join(access.rights) or "nothing"


def report_record(report: LeaverReport) -> dict[str, Any]:
    """Return the leaver report as JSON has it."""
    return {
        "user_id": report.person.id,
        "email": report.person.email,
        "name": report.person.name,
        "standing": report.person.standing,
        "permissions": [record_of(entry) for entry in report.access if entry.access.rights],
        "phone_numbers": list(report.phone_numbers),
        "secrets": [
            {
                "integration_id": secret.integration_id,
                "integration_type": secret.integration_type,
                "field": secret.field or None,
                "how": _how(secret),
                "times": secret.times,
                "last_at": secret.last_at,
                "changed_at": secret.changed_at,
                "perhaps_changed_at": secret.perhaps_changed_at,
                "to_be_rotated": secret.to_be_rotated,
            }
            for secret in _secrets(report)
        ],
        "other_organizations": report.other_organizations,
        "unattributed_openings": report.unattributed,
    }


def report_lines(report: LeaverReport, zone: tzinfo) -> list[tuple[str, object]]:
    """Return the leaver report as names and values, one line each."""
    lines: list[tuple[str, object]] = [
        ("person", f"{report.person.label} ({report.person.id})"),
        ("e-mail", report.person.email or "none"),
        ("in the directory", report.person.standing),
    ]
    held = [entry for entry in report.access if entry.access.rights]
    for entry in held:
        record = record_of(entry)
        until = f", expires {_expiry(record['expires_at'], zone)}" if record["expires_at"] else ""
        lines.append(("could reach", f"{record['integration_type']}: {_rights(record)}{until} ({_now(record)})"))
    if not held:
        lines.append(("could reach", "nothing"))
    lines += [("phone number", number) for number in report.phone_numbers]
    secrets = _secrets(report)
    for secret in sorted(secrets, key=lambda secret: not secret.to_be_rotated):
        what = f"{secret.integration_type} {secret.field or '(every secret of it)'}: {', '.join(_how(secret))}"
        seen = f"{what}, last {shown(secret.last_at, zone)}"
        if not secret.to_be_rotated:
            lines.append(("changed since", f"{seen}; changed {shown(secret.changed_at, zone)}"))
            continue
        perhaps = (
            f"; the credential changed {shown(secret.perhaps_changed_at, zone)}, the log does not say in what"
            if secret.perhaps_changed_at
            else ""
        )
        deleted = "; the integration is deleted here" if secret.integration_id is None else ""
        lines.append(("to be rotated", f"{seen}{perhaps}{deleted}"))
    if not secrets:
        lines.append(("secrets", "none seen, as far as the log says"))
    if report.unattributed:
        lines.append(
            ("not known by whom", f"{report.unattributed} openings of secrets by a console without an operator")
        )
    if secrets:
        lines.append(("only claimed", "who saw a secret is what consoles and other programs said of themselves"))
    if report.other_organizations:
        lines.append(("elsewhere", f"holds permissions in {report.other_organizations} more organisation(s)"))
    return lines


def _secrets(report: LeaverReport) -> list[KnownSecret]:
    """Leave out fields that are no secrets, which are in the log because they were typed."""
    return [secret for secret in report.secrets if is_secret(secret.integration_type, secret.field)]


def _how(secret: KnownSecret) -> list[str]:
    words = (("revealed", secret.revealed), ("copied", secret.copied), ("typed", secret.typed))
    return [word for word, applies in words if applies]


def _person(record: Mapping[str, Any]) -> str:
    label = (record["name"] or "").strip() or record["email"] or str(record["user_id"])
    return label if record["standing"] == "active" else f"{label} ({record['standing']})"


def _rights(record: Mapping[str, Any]) -> str:
    return " ".join(rights_of(record)) or "none"


def _now(record: Mapping[str, Any]) -> str:
    held = rights_of(record)
    if not held:
        return "no permission"
    refused = {right: record["refused"][right] for right in held if right in record["refused"]}
    if not refused:
        return "allowed"
    reasons = set(refused.values())
    if len(refused) == len(held) and len(reasons) == 1:
        return str(reasons.pop())
    return ", ".join(f"{right}: {reason}" for right, reason in refused.items())


def _used(record: Mapping[str, Any], used: str, limit: str) -> str:
    if record[limit] is None:
        sends = any(RIGHTS[right].is_limited for right in rights_of(record))
        return str(record[used]) if sends or record[used] else ""
    return f"{record[used]}/{record[limit]}"


def _expiry(moment: datetime | None, zone: tzinfo) -> str:
    return shown(moment, zone)


def _limit(limit: int | None) -> str:
    return "unlimited" if limit is None else str(limit)
