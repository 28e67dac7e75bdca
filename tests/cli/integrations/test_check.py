"""The command `check`: whom it asks, what it tells and when, and that a change is told once."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from tests.support.acme import ACME, ASHA, OTHER_KEY
from tests.support.commands import Outcome, Shell, execute, one_line_of_json
from tests.support.servers.exotel import FAULTS, ExotelServer
from tests.support.servers.mail import PASSWORD, ImapServer, SmtpServer, credential, environment
from tests.support.servers.webhook import WebhookServer

CANARY = "/canary-71bd20"
CHANGE = {
    "id",
    "change",
    "text",
    "organization_id",
    "integration_id",
    "integration_type",
    "number",
    "value",
    "noticed_at",
}
ASKED_LONG_AGO = """
update switchboard.checks set begun_at = begun_at - interval '25 h', ended_at = ended_at - interval '25 h',
  refused_at = refused_at - interval '25 h', changed_at = changed_at - interval '25 h'
"""
SET_BACK = """
with told as (update switchboard.changes set claimed_at = clock_timestamp() + interval '1 day')
update switchboard.checks set begun_at = begun_at + interval '1 day', ended_at = ended_at + interval '1 day',
  refused_at = refused_at + interval '1 day', standing_since = standing_since + interval '1 day'
"""
TEN_MINUTES_AGO = "update switchboard.checks set begun_at = begun_at - interval '10 min'"
UNTOLD_AGAIN = "update switchboard.changes set claimed_at = claimed_at - interval '3 min' where told_at is null"


def change(shell: Shell, statement: str) -> None:
    execute(shell.environment["DATABASE_URL"], statement)


def check(shell: Shell, *options: str) -> Outcome:
    """Check, as if a day had gone by since the last time."""
    change(shell, ASKED_LONG_AGO)
    return shell.run("check", *options)


def test_it_speaks_on_a_change_alone_and_exits_with_5_while_something_is_broken(
    exotel_shell: Shell, exotel: ExotelServer
) -> None:
    assert exotel_shell.run("check") == Outcome(0, "", "")
    asked = len(exotel.requests)
    assert asked > 0
    # It is not due again.
    assert exotel_shell.run("check") == Outcome(0, "", "")
    assert len(exotel.requests) == asked
    exotel.answer("account", FAULTS["401"])
    broke = check(exotel_shell)
    assert (broke.status, broke.out, broke.err) == (5, f"{ACME}: Exotel phone does not work any more.\n", "")
    asked = len(exotel.requests)
    assert exotel_shell.run("check", "--every", "5m") == Outcome(5, "", "")
    assert len(exotel.requests) == asked
    # A day later it is asked again, and the same is no news.
    again = check(exotel_shell, "--json")
    nothing_new = {"asked": 1, "left": 0, "numbers_left": 0, "broken": 1, "not_recorded": [], "changes": []}
    assert (again.status, one_line_of_json(again.out)) == (5, nothing_new)
    assert one_line_of_json(again.err)["exit"] == 5
    assert len(exotel.requests) > asked
    exotel.answer_as_usual()
    # A test by hand is noted, and told by the next check.
    assert exotel_shell.run("integrations", "test", "exotel_phone").status == 0
    (recovered,) = exotel_shell.run("check", "--json").data["changes"]
    assert set(recovered) == CHANGE
    assert (recovered["change"], recovered["integration_type"]) == ("recovered", "exotel_phone")
    rows = execute(
        exotel_shell.environment["DATABASE_URL"],
        "select details ->> 'change', details ->> 'change_id' from integration_audit_logs "
        "where action = 'change_noticed' order by created_at",
    )
    assert [kind for kind, _ in rows] == ["broke", "recovered"]
    assert rows[1][1] == recovered["id"]


def test_what_expires_within_a_week_is_told_once_and_again_where_the_date_is_another(exotel_shell: Shell) -> None:
    change(
        exotel_shell,
        "insert into user_integration_permissions (user_id, integration_id, can_view, expires_at) "
        f"select '{ASHA}', id, true, date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' "
        "+ interval '5 days 3 h' from integration_credentials",
    )
    told = exotel_shell.run("check")
    assert told.status == 0 and told.out.startswith(f"{ACME}: Exotel phone: a permission expires on 20")
    assert told.out.endswith(" at 03:00 UTC.\n")
    assert exotel_shell.run("check").out == ""
    change(exotel_shell, "update user_integration_permissions set expires_at = now() + interval '1 year'")
    assert exotel_shell.run("check").out == ""
    change(exotel_shell, "update user_integration_permissions set expires_at = now() + interval '2 days'")
    assert "a permission expires" in exotel_shell.run("check", "--all").out


def test_what_cannot_be_told_at_once_or_written_is_told_by_the_next_check(exotel_shell: Shell) -> None:
    change(
        exotel_shell,
        "insert into user_integration_permissions (user_id, integration_id, can_view, expires_at) "
        "select gen_random_uuid(), id, true, now() + interval '3 days' "
        "from integration_credentials, generate_series(1, 250)",
    )
    lost = exotel_shell.run_into(Path("/dev/full"), "check")
    assert lost.status == 1 and "could not be written" in lost.err
    change(exotel_shell, UNTOLD_AGAIN)
    told = [exotel_shell.run("check") for _ in range(2)]
    assert [outcome.status for outcome in told] == [0, 0]
    assert sum(outcome.out.count("a permission expires") for outcome in told) == 250


def test_a_webhook_gets_each_change_once_or_with_the_same_id_and_nobody_sees_its_address(
    exotel_shell: Shell, exotel: ExotelServer
) -> None:
    assert "No webhook is configured" in exotel_shell.run("check", "--notify").refusal(2)
    for address in ("http://receiver.example/x", "https://", "https://receiver.example:x/"):
        refusal = exotel_shell.with_(SWITCHBOARD_WEBHOOK_URL=address).run("check").refusal(2)
        assert "SWITCHBOARD_WEBHOOK_URL" in refusal and "receiver.example" not in refusal
    exotel.answer("account", FAULTS["401"])
    with WebhookServer() as webhook:
        shell = exotel_shell.with_(SWITCHBOARD_WEBHOOK_URL=webhook.address(CANARY))
        for status in (500, 302):
            webhook.status = status
            failed = shell.run("check", "--notify")
            assert f"The webhook's receiver answered {status}" in failed.refusal(1)
            assert CANARY not in failed.out + failed.err
            change(shell, UNTOLD_AGAIN)
        webhook.status = 204
        told = shell.run("check", "--notify")
        assert (told.status, told.out) == (5, f"{ACME}: Exotel phone does not work any more.\n")
        assert shell.run("check", "--notify") == Outcome(5, "", "")
        assert len({posted.key for posted in webhook.posted}) == 1 and len(webhook.posted) == 3
        posted = webhook.posted[-1]
        assert (posted.path, posted.body["id"], posted.body["change"]) == (CANARY, posted.key, "broke")
        exotel.answer_as_usual()
        shell = shell.with_(SWITCHBOARD_WEBHOOK_URL=webhook.address(f"{CANARY}/slack"))
        check(shell, "--notify")
        (slack,) = webhook.posted[3:]
        assert slack.body == {"text": f"{ACME}: Exotel phone works again. ({slack.key})"}
    # Nobody answers there any more.
    exotel.answer("account", FAULTS["401"])
    refusal = check(shell, "--notify").refusal(1)
    assert "did not answer over verified TLS" in refusal and CANARY not in refusal


def test_a_check_that_was_killed_counts_as_a_refusal(exotel_shell: Shell, exotel: ExotelServer) -> None:
    exotel.answer("account", FAULTS["silent"])
    with exotel_shell.start("check") as process:
        exotel.wait_for_requests(1)
        process.kill()
    exotel.answer_as_usual()
    asked = len(exotel.requests)
    # It may still go on, for all that anybody knows.
    assert exotel_shell.run("check", "--every", "5m") == Outcome(0, "", "")
    change(exotel_shell, TEN_MINUTES_AGO)
    assert exotel_shell.run("check", "--every", "5m") == Outcome(0, "", "")
    assert exotel_shell.run("check", "--every", "5m") == Outcome(0, "", "")
    assert len(exotel.requests) == asked
    # Exotel is asked again by itself, a day later.
    assert check(exotel_shell) == Outcome(0, "", "")
    assert len(exotel.requests) > asked


def test_a_mailbox_is_refused_once_and_asked_again_with_another_content(acme_shell: Shell) -> None:
    with SmtpServer(password="other") as smtp, ImapServer(password="other") as imap:
        shell = acme_shell.with_(**environment())
        saved = shell.run("integrations", "configure", "zoho_mail", stdin=json.dumps(credential(smtp, imap)))
        assert saved.status == 0, saved.err
        with psycopg.connect(shell.environment["DATABASE_URL"]) as somebody:
            somebody.execute("select from integration_credentials for share")
            told = shell.run("check")
        # Its row cannot be written, and yet it was refused.
        assert (told.status, told.out) == (1, f"{ACME}: Zoho Mail does not work any more.\n")
        change(shell, "update integration_credentials set display_name = 'desk'")
        assert check(shell) == Outcome(5, "", "")
        assert len(smtp.attempts) + len(imap.attempts) == 1
        # Another account, since the process that they all run in lets the same one wait.
        smtp.password = imap.password = PASSWORD
        smtp.user = imap.user = "other@example.com"
        other = json.dumps(credential(smtp, imap, email="other@example.com"))
        assert shell.run("integrations", "configure", "zoho_mail", stdin=other).status == 0
        assert shell.run("check").out == f"{ACME}: Zoho Mail works again.\n"


def test_a_clock_that_was_set_back_neither_stops_a_test_by_hand_nor_a_check(
    exotel_shell: Shell, exotel: ExotelServer
) -> None:
    assert exotel_shell.run("check") == Outcome(0, "", "")
    change(exotel_shell, SET_BACK)
    asked = len(exotel.requests)
    exotel.answer("account", FAULTS["401"])
    assert exotel_shell.run("check").status == 5
    assert len(exotel.requests) > asked
    change(exotel_shell, SET_BACK)
    change(exotel_shell, "update integration_credentials set credentials_encrypted = credentials_encrypted || ' '")
    change(exotel_shell, "update integration_credentials set credentials_encrypted = trim(credentials_encrypted)")
    exotel.answer_as_usual()
    assert exotel_shell.run("integrations", "test", "exotel_phone").status == 0
    change(exotel_shell, SET_BACK)
    assert "works again" in exotel_shell.run("check").out


@pytest.mark.parametrize("every", ["4m", "8d", "6", "h", "6 hours", "-6h"])
def test_another_time_than_five_minutes_to_a_week_is_refused(exotel_shell: Shell, every: str) -> None:
    assert "from 5m to 7d" in exotel_shell.run("check", "--every", every).refusal(2)


def test_without_the_key_or_in_read_only_mode_nobody_is_asked(exotel_shell: Shell, exotel: ExotelServer) -> None:
    exotel_shell.with_(ENCRYPTION_MASTER_KEY=OTHER_KEY).run("check").refusal(4)
    exotel_shell.run("check", "--read-only").refusal(2)
    assert exotel.requests == []
    query = "select count(*) from switchboard.checks"
    assert execute(exotel_shell.environment["DATABASE_URL"], query) == [(0,)]


def test_what_a_provider_says_besides_is_kept_and_told_where_it_changed(
    exotel_shell: Shell, exotel: ExotelServer
) -> None:
    database = exotel_shell.environment["DATABASE_URL"]
    for amount in ("-1", "x", "nan", "1e999999"):
        assert "no amount" in exotel_shell.run("integrations", "threshold", "exotel_phone", "--", amount).refusal(2)
    for type_ in ("zoho_mail", "whatsapp_cloud"):
        assert "has no balance" in exotel_shell.run("integrations", "threshold", type_, "5").refusal(2)
    assert exotel_shell.run("check") == Outcome(0, "", "")
    observed = execute(
        database, "select number, name, value from switchboard.observations where name !~ '_at$|alternate'"
    )
    number = "+911141169368"
    assert {("", "balance", "1543.75"), ("", "currency", "INR"), (number, "number_incoming", "active")} <= set(observed)
    # Health that is fresh is not asked for again.
    asked = [request.path for request in exotel.requests if "incoming-phone-numbers" in request.path]
    change(exotel_shell, ASKED_LONG_AGO)
    exotel_shell.run("check")
    assert [request.path for request in exotel.requests if "incoming-phone-numbers" in request.path] == asked
    outage = {"status": "major_outage", "last_check_time": "2026-11-29T15:19:23Z", "alternate_exophone": None}
    exotel.health[exotel.numbers[0]["sid"]] = {"incoming_call": outage, "outgoing_call": outage}
    change(exotel_shell, "update switchboard.observations set at = at - interval '3 h 1 min'")
    told = check(exotel_shell)
    assert (told.status, told.out) == (0, f"{ACME}: Exotel phone, {number}: incoming and outgoing calls are out.\n")
    set_ = exotel_shell.run("integrations", "threshold", "exotel_phone", "2000.50", "--json").data
    assert (set_["integration_type"], set_["balance_threshold"]) == ("exotel_phone", "2000.50")
    assert exotel_shell.run("check").out == f"{ACME}: Exotel phone: the balance is 1543.75, under its threshold.\n"
    listed, *_ = exotel_shell.run("integrations", "list", "--json").data
    shown = exotel_shell.run("integrations", "show", "exotel_phone", "--json").data
    names = ("standing", "standing_since", "last_30_days", "checked_at", "next_check_at", "warnings", "observed")
    assert [listed[name] for name in names] == [shown[name] for name in names]
    assert (listed["standing"], listed["last_30_days"][-1], listed["warnings"]) == (
        *("verified", "works", ["1 number out", "balance low"]),
    )
    assert listed["checked_at"] < listed["next_check_at"] and set(listed["observed"]["balance"]) == {"value", "at"}
    assert exotel_shell.run("phone-numbers", "sync", "--yes").status == 0
    (out, *_) = exotel_shell.run("phone-numbers", "list", number, "--json").data
    assert (out["warnings"], out["observed"]["number_incoming"]["value"]) == (["outage"], "major_outage")
    assert exotel_shell.run("integrations", "threshold", "exotel_phone", "none").status == 0
    assert exotel_shell.run("check") == Outcome(0, "", "")
