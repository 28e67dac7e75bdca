"""The commands `keys`, `audit list` and `doctor`."""

from __future__ import annotations

import base64
import json
import re

import psycopg

from tests.support.acme import ACME, ASHA, GLOBEX, KEY, OTHER_KEY, PHONE
from tests.support.commands import Shell, contents, execute, one_line_of_json
from tests.support.terminal.forked_terminal import ForkedTerminal

LOG_COLUMNS = {
    *("id", "organization_id", "user_id", "integration_type", "action", "status", "details", "ip_address"),
    *("user_agent", "created_at", "operator_from"),
}


def add_log_rows(database: str, count: int) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into integration_audit_logs (organization_id, user_id, integration_type, action, status,"
            " details, ip_address, created_at) select %s, %s, 'exotel_phone', 'call_made', 'success',"
            " jsonb_build_object('n', n),"
            " '192.0.2.7', timestamptz '2026-01-01 00:00+00' + n * interval '1 minute' from generate_series(1, %s) n",
            (ACME, ASHA, count),
        )


class TestKeysGenerate:
    def test_prints_32_random_bytes_and_nothing_else_to_standard_output(self, shell: Shell) -> None:
        first, second = shell.run("keys", "generate"), shell.run("keys", "generate")
        assert first.status == 0
        assert first.out != second.out
        assert len(base64.b64decode(first.out.strip(), validate=True)) == 32
        assert "keep a copy elsewhere" in first.err

    def test_with_json_is_one_object(self, shell: Shell) -> None:
        made = shell.run("keys", "generate", "--json")
        assert made.data.keys() == {"master_key"}
        assert made.err == ""

    def test_makes_a_key_that_can_be_written_with_and_is_recorded_then(self, new_acme_shell: Shell) -> None:
        key = new_acme_shell.run("keys", "generate").out.strip()
        shell = new_acme_shell.with_(ENCRYPTION_MASTER_KEY=key)
        recorded = "select count(*) from switchboard.keys"
        assert execute(shell.environment["DATABASE_URL"], recorded) == [(0,)]
        assert shell.run("integrations", "configure", "exotel_phone", stdin=json.dumps(PHONE)).status == 0
        assert execute(shell.environment["DATABASE_URL"], recorded) == [(1,)]


class TestKeysStatus:
    def test_shows_where_the_key_comes_from_which_is_in_use_and_what_it_opens(self, phone_shell: Shell) -> None:
        status = phone_shell.run("keys", "status", "--json").data
        assert (status["state"], status["key_id"]) == ("open", status["recorded_key_id"])
        assert status["source"] == "ENCRYPTION_MASTER_KEY (the environment)"
        assert (status["by_format"], status["by_key"]) == ({"sb2": 1}, {status["key_id"]: 1})
        assert status["unreadable"] == []
        shown = phone_shell.run("keys", "status")
        assert status["key_id"] in shown.out
        assert KEY not in shown.out + shown.err
        service = (
            phone_shell.without("ENCRYPTION_MASTER_KEY").with_(SUPABASE_SERVICE_ROLE_KEY=KEY).run("keys", "status")
        )
        assert (service.status, "Warning: The master key is SUPABASE_SERVICE_ROLE_KEY" in service.err) == (0, True)
        ((row,),) = execute(
            phone_shell.environment["DATABASE_URL"],
            "insert into integration_credentials (organization_id, integration_type, credentials_encrypted)"
            " values (%s, 'zoho_mail', 'sb2.x') returning id",
            GLOBEX,
        )
        status = phone_shell.run("keys", "status", "--json").data
        assert status["unreadable"] == [{"id": str(row), "reason": "malformed"}]
        # Nor is what it has in the place of a key id taken for one.
        assert [key["key_id"] for key in status["keys"]] == [status["key_id"]]
        assert status["malformed"] == {"credentials": 1, "versions": 0}
        shown = phone_shell.run("keys", "status").out
        assert f"{row} (malformed)" in shown and "not recorded" not in shown
        assert re.search(r"^malformed +1 credential, 0 kept versions$", shown, re.M)

    def test_of_another_key_ends_with_4_after_the_whole_status(self, phone_shell: Shell) -> None:
        other = phone_shell.with_(ENCRYPTION_MASTER_KEY=OTHER_KEY)
        wrong = other.run("keys", "status", "--json")
        assert wrong.status == 4
        status = one_line_of_json(wrong.out)
        assert status["key_id"] != status["recorded_key_id"]
        assert one_line_of_json(wrong.err)["exit"] == 4
        # The one before beside it opens what there is.
        both = other.with_(ENCRYPTION_MASTER_KEY_PREVIOUS=KEY).run("keys", "status", "--json")
        status = one_line_of_json(both.out)
        assert list(status["by_key"].values()) == [1]
        assert status["previous_sources"] == ["ENCRYPTION_MASTER_KEY_PREVIOUS (the environment)"]

    def test_of_a_key_with_quotes_round_it_names_both_readings_and_which_is_in_use(self, phone_shell: Shell) -> None:
        quoted = phone_shell.with_(ENCRYPTION_MASTER_KEY=f"'{KEY}'")
        asked = quoted.run("keys", "status", "--json")
        status = one_line_of_json(asked.out)
        in_use = status["recorded_key_id"]
        assert status["other_reading"] == {"without": "quotes", "key_id": in_use, "state": "open"}
        assert "begins or ends with quotes, and that is part of the key" in asked.err
        assert "It is the one in use without the quotes: remove that." in asked.err
        findings = one_line_of_json(quoted.run("doctor", "--json").out)
        (around,) = [finding for finding in findings if finding["title"] == "Around the key"]
        assert around["state"] == "warning"
        assert f"its key id is {status['key_id']} as it is, and {in_use} without." in around["sentence"]
        assert around["what_to_do"] == "What is stored was written without the quotes: remove that."
        assert KEY not in asked.out + asked.err + str(findings)

    def test_a_new_key_with_quotes_round_it_is_warned_of_before_it_is_the_key(self, phone_shell: Shell) -> None:
        file = phone_shell.folder / "new.key"
        for text, quotes in ((f'"{OTHER_KEY}"\n', True), (f"{OTHER_KEY}\n", False)):
            file.write_text(text)
            file.chmod(0o600)
            planned = phone_shell.run("keys", "rotate", "--to", str(file), "--dry-run")
            assert planned.status == 0, planned.err
            warned = "The new key, from the file of --to, begins or ends with quotes" in planned.err
            assert (warned, OTHER_KEY in planned.out + planned.err) == (quotes, False)

    def test_of_a_quoted_key_where_none_is_recorded_names_no_key_id(self, new_acme_shell: Shell) -> None:
        quoted = new_acme_shell.with_(ENCRYPTION_MASTER_KEY="'short-Vb3!kQ9z'")
        lines = dict(line.split("  ", 1) for line in quoted.run("keys", "status").out.splitlines() if "  " in line)
        assert lines["key id"].strip() == "-"
        assert lines["without the quotes"].strip() == "no key is in use yet"


class TestKeysRotate:
    def test_says_what_stops_it_what_is_lost_and_what_it_leaves_out(self, phone_shell: Shell) -> None:
        database = phone_shell.environment["DATABASE_URL"]
        file = phone_shell.folder / "new.key"
        file.touch(0o600)
        file.write_text(OTHER_KEY)
        legacy = phone_shell.with_(SWITCHBOARD_CREDENTIAL_FORMAT="legacy")
        sms = json.dumps({**PHONE, "sms_number": PHONE["virtual_number"]})
        assert legacy.run("integrations", "configure", "exotel_sms", stdin=sms).status == 0
        ((garbage,),) = execute(
            database,
            "insert into integration_credentials (organization_id, integration_type, credentials_encrypted)"
            " values (%s, 'zoho_mail', 'garbage') returning id",
            GLOBEX,
        )
        execute(database, "update integration_credentials set credentials_encrypted = 'other' where id = %s", garbage)
        rotate = ("keys", "rotate", "--to", str(file))
        for more, status, why in (
            (("--dry-run",), 5, f"credential {garbage} does not open"),
            (("--dry-run", "--json"), 5, f"credential {garbage} does not open"),
            (("--yes",), 1, f"credential {garbage} does not open"),
            (("--without", str(ACME), "--yes"), 2, f"--without is {ACME}, which no credential has."),
            (("--without", str(garbage)), 2, "Add --yes to do it; stop the other program first."),
            (("--without", str(garbage), "--format", "sb2"), 2, "cannot read sb2: no key lets it open them again."),
        ):
            refused = phone_shell.run(*rotate, *more)
            assert (refused.status, why in refused.err) == (status, True), refused
        for form, words in (
            ("sb2", "to format +sb2, which no other program reads"),
            ("legacy", "to format +legacy, which is not bound to its row: a copy opens in any other one"),
        ):
            planned = phone_shell.run(*rotate, "--format", form, "--dry-run", "--without", str(garbage))
            assert planned.status == 0 and re.search(f"^{words}$", planned.out, re.M), planned
            assert ("change its ENCRYPTION_MASTER_KEY, start it." in planned.err) == (form == "legacy")
            assert re.search(r"^which is from +ENCRYPTION_MASTER_KEY \(the environment\)$", planned.out, re.M)
            assert re.search(r"^opened by +ENCRYPTION_MASTER_KEY \(the environment\): 1 legacy$", planned.out, re.M)
        done = phone_shell.run(*rotate, "--yes", "--without", str(garbage))
        assert done.status == 0 and done.out.splitlines()[-3].startswith("2 envelopes are encrypted"), done
        ((log,),) = execute(database, "select details from integration_audit_logs where action = 'keys_rotated'")
        assert (log["credentials"], log["versions"], log["left_out"]) == (2, 0, 2)
        new = phone_shell.with_(ENCRYPTION_MASTER_KEY=OTHER_KEY)
        file.write_text(KEY)
        again = new.run(*rotate, "--yes", "--json", "--without", str(garbage)).data
        assert (again["credentials"], again["versions"], len(again["unreadable"])) == (2, 0, 2)


class TestAuditList:
    def test_gives_the_newest_rows_of_the_organisation_first_and_50_unless_told(self, acme_shell: Shell) -> None:
        add_log_rows(acme_shell.environment["DATABASE_URL"], 120)
        rows = acme_shell.run("audit", "list", "--json").data
        assert [row["details"]["n"] for row in rows] == list(range(120, 70, -1))
        assert rows[0].keys() == LOG_COLUMNS
        assert rows[0]["created_at"] == "2026-01-01T02:00:00+00:00"
        assert len(acme_shell.run("audit", "list", "--limit", "7", "--json").data) == 7
        elsewhere = acme_shell.run("audit", "list", "--organization", str(GLOBEX))
        assert (elsewhere.out, elsewhere.err) == ("", "The log of this organisation is empty.\n")
        assert acme_shell.run("audit", "list", "--organization", str(GLOBEX), "--json").data == []
        shell = acme_shell.with_(SWITCHBOARD_TIMEZONE="Asia/Kolkata")
        head, first, *others = shell.run("audit", "list", "--limit", "1000").out.splitlines()
        assert "TIME (Asia/Kolkata)" in head
        assert (first[:19], len(others)) == ("2026-01-01 07:30:00", 119)
        with ForkedTerminal("audit", "list", environment=shell.environment, cwd=shell.folder) as terminal:
            assert terminal.wait_for_exit() == 0
            lines = terminal.bytes_since().decode().splitlines()
        assert max(map(len, lines)) <= 80
        assert "SUMMARY" in lines[0] and lines[1].endswith("  call")

    def test_shows_rows_whose_time_or_details_fit_no_python_value(self, acme_shell: Shell) -> None:
        database = acme_shell.environment["DATABASE_URL"]
        for time, details in (
            ("'infinity'", "{}"),
            ("null", "[1e400]"),
            ("'20000-01-01'", f"[{'9' * 5000}]"),
            ("'2026-01-02'", '{"m": 1.10, "q": 0.1000000000000000055511151231257827}'),
            ("'2026-01-01'", json.dumps({"operator": "x", "changed": ["a", "b"], "to": "é" * 5000, "xid": "1"})),
            ("'-infinity'", "[" * 2000 + "]" * 2000),
        ):
            execute(
                database,
                "insert into integration_audit_logs (organization_id, integration_type, action, status, details,"
                f" created_at) values ('{ACME}', 'x', 'call_made', 'success', '{details}', {time})",
            )
        listed = acme_shell.run("audit", "list")
        assert listed.status == 0, listed.err
        lines = listed.out.splitlines()
        assert len(lines) == 7
        # Whole they are with --json alone.
        assert max(map(len, lines)) <= 200
        assert any(line.endswith(f"  call to {'é' * 59}…") for line in lines)
        exact = '"details": {"m": 1.10, "q": 0.1000000000000000055511151231257827}'
        assert exact in acme_shell.run("audit", "list", "details.m:1.1", "--json").out
        rows = acme_shell.run("audit", "list", "--json").data
        assert {row["created_at"] for row in rows} == {
            *("infinity", "-infinity", None, "20000-01-01 00:00:00+00", "2026-01-02T00:00:00+00:00"),
            "2026-01-01T00:00:00+00:00",
        }
        assert any("é" * 5000 in str(row["details"]) for row in rows)


class TestDoctor:
    def test_finds_nothing_wrong_where_all_is_well_and_ends_with_5_where_it_found_a_problem(
        self, phone_shell: Shell
    ) -> None:
        findings = phone_shell.run("doctor", "--json").data
        assert [finding for finding in findings if finding["state"] == "problem"] == []
        assert findings[0].keys() == {"area", "title", "state", "sentence", "what_to_do"}
        assert {"connection", "schema", "key", "access", "files"} <= {finding["area"] for finding in findings}
        database = phone_shell.environment["DATABASE_URL"]
        execute(database, "alter table integration_credentials disable row level security")
        before = contents(database)
        examined = phone_shell.run("doctor")
        assert examined.status == 5
        assert "problem" in examined.out
        assert examined.err.startswith("The doctor found ")
        assert contents(database) == before

    def test_goes_on_without_a_database_a_schema_or_a_key(self, shell: Shell, empty_database: str) -> None:
        for broken in (
            shell,
            shell.with_(DATABASE_URL="postgresql://asha:sk-CANARY@127.0.0.1:1/app"),
            shell.with_(DATABASE_URL=empty_database),
        ):
            examined = broken.run("doctor", "--json")
            assert examined.status == 5
            assert "problem" in {finding["state"] for finding in one_line_of_json(examined.out)}
            assert "sk-CANARY" not in examined.out + examined.err
