"""When and by which program a credential was last used, who depends on it, and what is said where that is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from tests.support.acme import ACME, ASHA, GLOBEX, keyring, opened
from tests.support.commands import execute
from tests.support.database.log_rows import let_eve_read, log_row
from tui.data.integrations import usage as usage_module
from tui.data.integrations.envelope_opening import take_envelope
from tui.data.integrations.listing import list_integrations
from tui.data.integrations.usage import Usage, named_dependents, usage_of
from tui.words.integrations.usage import deletion_facts, last_used, with_usage

if TYPE_CHECKING:
    import pytest

    from tui.data.postgres.database import Database
    from tui.models.integrations import Integration

NOW = datetime.now(UTC).replace(microsecond=0)
INSERT = """
insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted, created_at)
values (%s, 'zoho_mail', 'x', %s)
"""


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


async def mail(database: Database) -> Integration:
    (integration,) = await list_integrations(database, keyring(), ACME, [])
    return integration


async def usage(database: Database) -> Usage:
    integration = await mail(database)
    assert integration.id
    return (await usage_of(database, [integration]))[integration.id]


def log(conninfo: str, *rows: dict[str, Any]) -> None:
    with psycopg.connect(conninfo) as connection:
        for row in rows:
            log_row(connection, **row)


async def test_the_newest_use_is_named_and_programs_of_ninety_days_but_nothing_of_a_predecessor(
    installed_database: str,
) -> None:
    execute(installed_database, INSERT, ACME, ago(days=200))
    crm, browser = "crm-backend/2.1 (node 20)", "Mozilla/5.0 (X11; Linux x86_64)"
    async with opened(installed_database) as database:
        # The log row of the creation is younger than the row says it is: before that, nobody knows.
        silent = await usage(database)
        assert (silent.last, silent.has_all, silent.programs) == (None, False, ())
        assert last_used(silent, UTC).startswith(f"never since the log began, {NOW:%Y-%m-%d}")
        assert dict(with_usage([("Used by", "nobody")], silent, UTC))["Used by"] == (
            "nobody; no program seen since the log began"
        )
        log(
            installed_database,
            {"created_at": ago(days=201), "user_agent": "predecessor", "organization_id": ACME},
            {"created_at": ago(hours=1), "organization_id": GLOBEX, "user_agent": "elsewhere"},
            {"created_at": ago(hours=1), "integration_type": "exotel_sms", "user_agent": "of another type"},
        )
        silent = await usage(database)
        assert (silent.last, silent.has_all, silent.programs) == (None, True, ())
        assert last_used(silent, UTC) == f"never since it was set up, {ago(days=200):%Y-%m-%d %H:%M} UTC"
        log(
            installed_database,
            # A day has several, in no order; a failed send is a use, what no limit counts is none.
            {"created_at": ago(days=91), "user_agent": "old-program"},
            {"created_at": ago(days=3, minutes=2), "user_agent": "crm-backend/1.0"},
            {"created_at": ago(days=3, minutes=1), "user_agent": crm, "user_id": ASHA, "status": "failed"},
            {"created_at": ago(minutes=5), "action": "email_received", "user_agent": browser},
            {"created_at": ago(hours=2), "action": "email_received", "user_agent": None},
            # Neither a clock that is wrong nor a row without a time hides the others.
            {"created_at": NOW + timedelta(days=400), "user_agent": "crm-backend/3"},
            {"timed": False, "user_agent": "crm-backend/3"},
            # An opening says of which row it is.
            {"action": "credential_copied", "details": {"source": "switchboard", "integration_id": str(ASHA)}},
            # Switchboard's own actions are no programs that depend on it, whoever writes them.
            {"action": "connection_tested", "user_agent": "settings page", "created_at": ago(minutes=1)},
        )
        used = await usage(database)
        assert used.last == ("email_sent", "crm-backend", ago(days=3, minutes=1), f"~{ASHA}")
        assert [program.program for program in used.programs] == ["Mozilla", "", "crm-backend"]
        assert last_used(used, UTC).endswith(f"UTC, email sent by crm-backend for ~{ASHA}")
        (question, programs) = deletion_facts(used, await named_dependents(database, await mail(database)), UTC, NOW)
        assert question.startswith("Last used: ")
        assert programs == (
            "Programs: web browsers (5 min ago), a program without a name (2 h ago) and crm-backend (3 d ago)."
        )
        # A test opens the credential, and says nothing of whether anybody needs it.
        await take_envelope(database, await mail(database), "test")
        assert (await usage(database)).last == used.last
        await take_envelope(database, await mail(database), "copy")
        last = (await usage(database)).last
        assert last is not None
        assert (last.action, last.program, last.by) == ("credential_copied", "switchboard", "~asha@acme.example")


async def test_what_was_archived_is_not_never(installed_database: str) -> None:
    """Also where the whole log of the organisation is gone, or an hour of the month has stayed."""
    execute(installed_database, INSERT, ACME, ago(days=200))
    month = (NOW.replace(day=1) - timedelta(days=1)).replace(day=1)
    execute(
        installed_database,
        "insert into switchboard.removals (month, row_count) values (%s, 1)",
        (month - timedelta(days=1)).replace(day=1).date(),
    )
    words = f"not since {month:%Y-%m-%d} 00:00 UTC; before {month:%Y-%m} archived"
    async with opened(installed_database) as database:
        for days in (None, 199):
            if days is not None:
                log(installed_database, {"created_at": ago(days=days), "action": "noise", "user_agent": "x"})
            silent = await usage(database)
            assert last_used(silent, UTC) == words
            assert "no program seen; before" in dict(with_usage([("Used by", "")], silent, UTC))["Used by"]
        log(installed_database, {"created_at": ago(days=1), "user_agent": "crm/1"})
        assert last_used(await usage(database), UTC).endswith("email sent by crm")
        execute(installed_database, "update public.integration_credentials set created_at = now()")
        assert (await usage(database)).archived_before is None


async def test_what_the_login_does_not_see_is_said_and_never_counted_as_never(
    installed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not NOW, from which a long run of tests is minutes away: then the log would not go back to it.
    execute(installed_database, INSERT, ACME, datetime.now(UTC))
    row = execute(installed_database, "select id from public.integration_credentials")[0][0]
    grant = "insert into public.user_integration_permissions (user_id, integration_id, can_view) values (%s, %s, %s)"
    add = "insert into public.organization_phone_numbers (organization_id, integration_id, phone_number)"
    for number in range(5):
        execute(installed_database, grant, f"00000000-0000-4000-8000-00000000000{number}", row, number < 4)
        execute(installed_database, f"{add} values (%s, %s, %s)", ACME, row, f"+91804718010{number}")
    name = "insert into switchboard.people_labels (id, label) values ('00000000-0000-4000-8000-000000000003', 'Zoe')"
    execute(installed_database, name)
    with psycopg.connect(installed_database) as connection:
        let_eve_read(connection)
    async with opened(installed_database, read_only=True) as database:
        dependents = await named_dependents(database, await mail(database))
        assert dependents.people is not None and dependents.people[0][1] == "Zoe"
        _, people, numbers, programs = deletion_facts(await usage(database), dependents, UTC)
        assert people.startswith("People: Zoe, 00000000-") and people.endswith(" and 1 more.")
        assert numbers == "Numbers: +91 80 4718 0100, +91 80 4718 0101, +91 80 4718 0102 and 2 more."
        assert programs == "Programs: no program seen in 90 days."
        integration = await mail(database)
        monkeypatch.setattr(usage_module, "WITHIN_MS", 100)
        with psycopg.connect(installed_database) as other:
            other.execute("lock table public.integration_audit_logs")
            ((_, slow),) = (await usage_of(database, [integration])).items()
        assert slow == Usage("too slow") and "took too long" in last_used(slow, UTC)
    async with opened(installed_database.replace("postgres@", "eve@")) as database:
        # Of a role that may read the log, and not ask by which programs.
        assert (await usage_of(database, [integration]))[row] == Usage("not visible")
    assert list(with_usage([("Used by", "nobody")], Usage("not visible"), UTC)) == [
        # Beside a list on 120 columns the names of three programs fill what is left of the pane.
        ("Last used", "not visible to your role"),
        ("Used by", "nobody"),
    ]
