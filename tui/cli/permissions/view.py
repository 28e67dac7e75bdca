"""How permissions read on the command line: the list, the review of changes, the leaver report, and all as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.output import Column
from tui.data.permissions.values import state_of
from tui.data.rights import RIGHTS
from tui.providers import is_secret
from tui.words.counts import counted
from tui.words.people import person_name
from tui.words.permissions import (
    access_in_full,
    holder_in_full,
    holder_name,
    reasons_against,
    rights_words,
    secret_in_full,
    value_changes,
    ways_known,
)
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo
    from uuid import UUID

    from tui.data.permissions.effective import EffectiveAccess
    from tui.data.permissions.leaver import KnownSecret, LeaverReport
    from tui.data.permissions.listing import Holder
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
        "refused": {decision.right: decision.reason for decision in entry.decisions if not decision.allowed},
    }


def columns(zone: tzinfo) -> tuple[Column[EffectiveAccess], ...]:
    """Return the columns of the list."""
    return (
        Column("PERSON", lambda entry: holder_name(entry.person), shrinks_to=14),
        Column("TYPE", lambda entry: entry.integration.integration_type, shrinks_to=13),
        Column("RIGHTS", lambda entry: rights_words(entry.access), usual=10),
        Column("EXPIRES", lambda entry: to_the_minute(entry.access.expires_at, zone), usual=10, optional=True),
        Column("TODAY", lambda entry: _used(entry, entry.use.today, entry.access.daily_limit), to_the_right=True),
        Column(
            "MONTH", lambda entry: _used(entry, entry.use.this_month, entry.access.monthly_limit), to_the_right=True
        ),
        Column("NOW", lambda entry: reasons_against(entry) or "allowed", shrinks_to=12),
    )


def review_lines(
    review: Review, people: Mapping[UUID, Holder], integrations: Mapping[UUID, Integration], zone: tzinfo
) -> list[str]:
    """Return the review, grouped by grant, change and revoke, a line for each cell, and the counts."""
    lines = []
    for change in review.all:
        type_ = integrations[change.integration_id].integration_type
        lines.append(f"{change.kind:<6}  {person_name(people[change.user_id])}  {type_}: {difference(change, zone)}")
    lines.append(f"{review.sentence()}.".capitalize() if review.total else "Nothing changes.")
    return lines


def difference(change: Change, zone: tzinfo) -> str:
    """Say what a change does: "+send, daily limit unlimited -> 5"."""
    before, after = change.before, change.wanted
    parts = [f"+{right}" for right in change.gained] + [f"-{right}" for right in change.lost]
    if change.kind == "revoke":
        return ", ".join(parts) or "no right was given"
    return ", ".join([*parts, *value_changes(before, after, zone)])


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
                "how": ways_known(secret),
                "times": secret.times,
                "last_at": secret.last_at,
                "changed_at": secret.changed_at,
                "perhaps_changed_at": secret.perhaps_changed_at,
                "live_again_at": secret.live_again_at,
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
        ("person", holder_in_full(report.person)),
        ("id", report.person.id),
        ("in the directory", report.person.standing),
    ]
    held = [entry for entry in report.access if entry.access.rights]
    for entry in held:
        now = reasons_against(entry) or "allowed"
        words = f"{entry.integration.integration_type}: {access_in_full(entry.access, zone)} ({now})"
        lines.append(("could reach", words))
    if not held:
        lines.append(("could reach", "nothing"))
    lines += [("phone number", number) for number in report.phone_numbers]
    secrets = _secrets(report)
    for secret in sorted(secrets, key=lambda secret: not secret.to_be_rotated):
        due = "to be rotated" if secret.to_be_rotated else "changed since"
        lines.append((due, f"{secret.integration_type}, {secret_in_full(secret, zone)}"))
    if not secrets:
        lines.append(("secrets", "none seen, as far as the log says"))
    if report.unattributed:
        openings = counted(report.unattributed, "opening")
        lines.append(("not known by whom", f"{openings} of secrets by a console without an operator"))
    if secrets:
        lines.append(("only claimed", "who saw a secret is what consoles and other programs said of themselves"))
    if report.other_organizations:
        lines.append(("elsewhere", f"holds permissions in {counted(report.other_organizations, 'other organisation')}"))
    return lines


def _secrets(report: LeaverReport) -> list[KnownSecret]:
    """Leave out fields that are no secrets, which are in the log because they were typed."""
    return [secret for secret in report.secrets if is_secret(secret.integration_type, secret.field)]


def _used(entry: EffectiveAccess, used: int, limit: int | None) -> str:
    if limit is None:
        is_limited = any(RIGHTS[right].is_limited for right in entry.access.rights)
        return f"{used:,}" if used or is_limited else ""
    return f"{used:,}/{limit:,}"
