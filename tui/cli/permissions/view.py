"""How permissions read on the command line: the list, the review of changes, the leaver report, and all as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.output import Column
from tui.data.permissions.values import state_of
from tui.data.rights import RIGHTS
from tui.providers import is_secret
from tui.words.counts import counted
from tui.words.people.leavers import IN_SIGHT, ONLY_CLAIMED, about_logins, in_organization, login_in_full
from tui.words.people.names import person_name
from tui.words.people.permissions import (
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

    from tui.data.access.logins import Login
    from tui.data.permissions.effective import EffectiveAccess
    from tui.data.permissions.known_secrets import KnownSecret
    from tui.data.permissions.leaver import Holdings, LeaverReport
    from tui.data.permissions.listing import Holder
    from tui.data.permissions.staging import Change, Review
    from tui.data.permissions.values import Access
    from tui.models.integrations import Integration


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
    here, logins = report.here, report.logins
    return {
        "user_id": report.person.id,
        "email": report.person.email,
        "name": report.person.name,
        "standing": report.person.standing,
        **_holdings_record(here),
        "other_organizations": sum(held.is_held_now for held in report.elsewhere),
        "unattributed_openings": here.unattributed,
        "elsewhere": [
            {"organization_id": held.organization.id, "organization": held.organization.name, **_holdings_record(held)}
            for held in report.elsewhere
        ],
        "logins": [_login_record(login) for login in logins.found] if logins.is_told else None,
        "sees_everything": report.is_whole,
    }


def taken_lines(report: LeaverReport, zone: tzinfo) -> list[str]:
    """Return what is taken from a leaver, a line each."""
    lines = [f"login   {login.login}: {login_in_full(login, zone)}" for login in report.logins.to_remove]
    for held in report.holdings:
        where = in_organization(held.organization, report.here.organization)
        names = {entry.integration.id: entry.integration.integration_type for entry in held.access}
        lines += [
            f"revoke  {where}{names[change.integration_id]}: {difference(change, zone)}"
            for change in held.staged_revokes().review().revokes
        ]
        lines += [f"number  {where}{number.phone_number}" for number in held.numbers]
    return lines


def _holdings_record(held: Holdings) -> dict[str, Any]:
    return {
        "permissions": [record_of(entry) for entry in held.given],
        "phone_numbers": [number.phone_number for number in held.numbers],
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
                "proven": secret.proven,
            }
            for secret in _secrets(held)
        ],
    }


def _login_record(login: Login) -> dict[str, Any]:
    return {
        "login": login.login,
        "state": login.state,
        "role": login.role,
        "sees_all": login.sees_all,
        "organizations": [organization.id for organization in login.organizations],
        "removed_at": login.removed_at,
        "sessions": login.sessions,
    }


def report_lines(report: LeaverReport, zone: tzinfo) -> list[tuple[str, object]]:
    """Return the leaver report as names and values, one line each."""
    here = report.here
    lines: list[tuple[str, object]] = [
        ("person", holder_in_full(report.person)),
        ("id", report.person.id),
        ("in the directory", report.person.standing),
    ]
    lines += [("login", f"{login.login}: {login_in_full(login, zone)}") for login in report.logins.found]
    if report.logins.is_told and report.logins.has_any and not report.logins.found:
        lines.append(("login", "none is theirs" if report.is_whole else f"none is theirs {IN_SIGHT}"))
    for held in report.holdings:
        where = in_organization(held.organization, here.organization)
        for entry in held.given:
            now = reasons_against(entry) or "allowed"
            words = f"{where}{entry.integration.integration_type}: {access_in_full(entry.access, zone)} ({now})"
            lines.append(("could reach", words))
    if not any(held.given for held in report.holdings):
        lines.append(("could reach", "nothing" if report.is_whole else f"nothing {IN_SIGHT}"))
    secrets = []
    for held in report.holdings:
        where = in_organization(held.organization, here.organization)
        lines += [("phone number", f"{where}{number.phone_number}") for number in held.numbers]
        secrets += [(secret, where) for secret in _secrets(held)]
    for secret, where in sorted(secrets, key=lambda each: not each[0].to_be_rotated):
        due = "to be rotated" if secret.to_be_rotated else "changed since"
        lines.append((due, f"{where}{secret.integration_type}, {secret_in_full(secret, zone)}"))
    if not secrets:
        lines.append(("secrets", "none seen, as far as the log says" if report.is_whole else f"none seen {IN_SIGHT}"))
    if unattributed := sum(held.unattributed for held in report.holdings):
        openings = counted(unattributed, "opening")
        lines.append(("not known by whom", f"{openings} of secrets by a console without an operator"))
    if not all(secret.proven for secret, _ in secrets):
        lines.append(("only claimed", ONLY_CLAIMED))
    return [*lines, *(("note", note) for note in about_logins(report))]


def _secrets(held: Holdings) -> list[KnownSecret]:
    """Leave out fields that are no secrets, which are in the log because they were typed."""
    return [secret for secret in held.secrets if is_secret(secret.integration_type, secret.field)]


def _used(entry: EffectiveAccess, used: int, limit: int | None) -> str:
    if limit is None:
        is_limited = any(RIGHTS[right].is_limited for right in entry.access.rights)
        return f"{used:,}" if used or is_limited else ""
    return f"{used:,}/{limit:,}"
