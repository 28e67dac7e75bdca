"""The commands `audit list` and `audit stats` with a filter, and what is wrong with one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from tests.cli.conftest import shell_on_clone
from tests.support.acme import ACME, ASHA, GLOBEX
from tests.support.commands import Shell, one_line_of_json
from tests.support.database.log_rows import log_row
from tests.support.database.number_rows import RAVI, create_people

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

INITECH = UUID(int=0x1117EC)


@pytest.fixture(scope="module")
def logged_shell(
    postgres: TestServer, keyed_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    """Three organisations with rows of the log, and people who have names; commands here only read."""
    with shell_on_clone(postgres, keyed_template, Shell(tmp_path_factory.mktemp("logged"))) as shell:
        database = shell.environment["DATABASE_URL"]
        create_people(database)
        with psycopg.connect(database) as connection:
            connection.execute("set timezone to 'UTC'")
            for day in range(1, 6):
                log_row(connection, action="call_made", user_id=ASHA, created_at=f"2026-01-0{day} 20:00+00")
            log_row(
                connection, status="failed", user_id=RAVI, details={"error_code": 429}, created_at="2026-01-03 10:00+00"
            )
            log_row(connection, status="failed", details={"error": "Rate limit exceeded"}, timed=False)
            log_row(connection, organization_id=GLOBEX, created_at="2026-01-04 10:00+00", ip_address="192.0.2.9")
            for moment in ("0001-01-01 00:00+00", "9999-12-31 23:59:59+00"):
                log_row(connection, organization_id=INITECH, action="edge", created_at=moment)
            connection.execute(
                "insert into integration_audit_logs (organization_id, integration_type, action, status, created_at)"
                " select %s, 'zoho_mail', 'many', 'success', '2026-02-01 00:00+00' from generate_series(1, 1100)",
                [INITECH],
            )
        yield shell


def list_rows(shell: Shell, *words: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = shell.run("audit", "list", "--json", *words).data
    return rows


class TestAuditListWithAFilter:
    def test_gives_the_rows_that_are_in_it(self, logged_shell: Shell) -> None:
        for words, count in (
            ((), 7),
            (("status:failed", "details.error_code:429"), 1),
            (("user:Ravi Kumar",), 1),
            (("since:2026-01-03", "until:2026-01-04"), 3),
            (("org:globex",), 1),
            (("org:*", "-action:edge,many"), 8),
            (("nowhere",), 0),
        ):
            assert len(list_rows(logged_shell, *words)) == count, words

    def test_is_the_same_as_words_of_the_shell_and_as_one_quoted_line(self, logged_shell: Shell) -> None:
        (row,) = list_rows(logged_shell, "status:failed", "Rate limit")
        assert row["organization_id"] == str(ACME)
        for line in (['status:failed "Rate limit"'], ["rate", "limit"]):
            assert list_rows(logged_shell, *line) == [row], line

    def test_reads_days_in_the_zone_that_times_are_shown_in(self, logged_shell: Shell) -> None:
        kolkata = logged_shell.with_(SWITCHBOARD_TIMEZONE="Asia/Kolkata")
        assert len(list_rows(logged_shell, "action:call_made", "until:2026-01-03")) == 3
        assert len(list_rows(kolkata, "action:call_made", "until:2026-01-03")) == 2

    def test_shows_times_that_are_no_times_in_another_zone(self, logged_shell: Shell) -> None:
        initech = logged_shell.with_(SWITCHBOARD_ORGANIZATION=str(INITECH))
        for zone in ("America/New_York", "Pacific/Kiritimati"):
            listed = initech.with_(SWITCHBOARD_TIMEZONE=zone).run("audit", "list", "action:edge")
            assert listed.status == 0, listed.err
            assert "9999-12-31 23:59:59+00" in listed.out
            assert "0001-01-01 00:00:00+00" in listed.out

    def test_takes_more_rows_than_a_page_has(self, logged_shell: Shell) -> None:
        rows = list_rows(logged_shell, "org:*", "action:many", "--limit", "1050")
        assert len(rows) == len({row["id"] for row in rows}) == 1050

    def test_of_another_organisation_needs_none_to_be_chosen(self, logged_shell: Shell) -> None:
        shell = logged_shell.without("SWITCHBOARD_ORGANIZATION")
        assert len(list_rows(shell, "org:globex")) == 1
        assert "more than one organisation" in shell.run("audit", "list").refusal(2)

    def test_says_whom_nobody_knows_and_where_no_row_is(self, logged_shell: Shell) -> None:
        listed = logged_shell.run("audit", "list", "user:ashaa@acme.example")
        assert (listed.status, listed.out) == (0, "")
        assert "Nobody in the directory is called ashaa@acme.example" in listed.err
        assert "Did you mean asha@acme.example?" in listed.err
        assert listed.err.endswith("No row of the log is in this filter.\n")


class TestAWrongFilter:
    def test_is_shown_with_the_word_pointed_at(self, logged_shell: Shell) -> None:
        refused = logged_shell.run("audit", "list", "status:failed", "acton:call_made")
        assert (refused.status, refused.out) == (2, "")
        line, carets, sentence = refused.err.splitlines()
        assert line == "status:failed acton:call_made"
        assert carets == " " * 14 + "^^^^^^"
        assert sentence.startswith("There is no qualifier acton:. Did you mean action:?")

    def test_is_one_object_with_json(self, logged_shell: Shell) -> None:
        refused = logged_shell.run("audit", "stats", "--json", "since:yesterdy")
        failure = one_line_of_json(refused.err)
        assert (refused.status, failure["exit"]) == (2, 2)
        assert failure["what_to_do"] == 'Did you mean "yesterday"?'

    @pytest.mark.parametrize("command", ["list", "tail", "stats"])
    def test_is_refused_before_anything_is_connected_to(self, shell: Shell, command: str) -> None:
        refused = shell.run("audit", command, "ip:10.0.0.999")
        assert refused.status == 2
        assert "neither an address nor a network" in refused.err

    def test_of_hostile_text_is_shown_as_safe_text(self, logged_shell: Shell) -> None:
        refused = logged_shell.run("audit", "list", "\x1b]52;c;x\x07", "\u202eacton:x", "acton:x")
        assert refused.status == 2
        assert "\x1b" not in refused.err and "\u202e" not in refused.err
        assert refused.err.splitlines()[1].strip("^ ") == ""

    def test_names_an_unknown_organisation_with_the_nearest(self, logged_shell: Shell) -> None:
        refused = logged_shell.run("audit", "list", "org:globexx")
        assert refused.status == 2
        assert refused.err.splitlines() == [
            "org:globexx",
            "^^^^^^^^^^^",
            "No organisation has that name. Did you mean Globex?",
        ]

    def test_a_misspelt_option_is_no_word_of_the_filter(self, logged_shell: Shell) -> None:
        assert "Did you mean --limit?" in logged_shell.run("audit", "list", "--limti", "5").refusal(2)


class TestAuditStats:
    def test_counts_by_action_status_type_user_and_day(self, logged_shell: Shell) -> None:
        counted = logged_shell.run("audit", "stats", "--json").data
        assert (counted["rows"], counted["complete"], counted["counted_back_to"]) == (7, True, None)
        assert counted["by_action"] == [{"action": "call_made", "rows": 5}, {"action": "email_sent", "rows": 2}]
        assert counted["by_status"] == [{"status": "success", "rows": 5}, {"status": "failed", "rows": 2}]
        assert counted["by_integration_type"] == [{"integration_type": "zoho_mail", "rows": 7}]
        assert {(row["user_id"], row["rows"]) for row in counted["by_user_id"]} == {
            *((str(ASHA), 5), (str(RAVI), 1), (None, 1)),
        }
        assert {"day": "2026-01-03", "rows": 2} in counted["by_day"]

    def test_shows_names_and_says_that_it_is_all(self, logged_shell: Shell) -> None:
        shown = logged_shell.with_(SWITCHBOARD_TIMEZONE="Asia/Kolkata").run("audit", "stats", "action:call_made")
        assert shown.out.startswith("5 rows, all of the filter.\n")
        assert "~Asha Rao" in shown.out
        assert "DAY (Asia/Kolkata)" in shown.out
        assert "2026-01-06" in shown.out

    def test_counts_by_one_thing_alone_and_hours_and_days_in_their_order(self, logged_shell: Shell) -> None:
        kolkata = logged_shell.with_(SWITCHBOARD_TIMEZONE="Asia/Kolkata")
        for by, expected in (
            ("hour", {"by_hour": [[None, 1], [1, 5], [15, 1]]}),
            ("day", {"by_day": [[None, 1], *([f"2026-01-0{day}", 1 + (day == 3)] for day in (2, 3, 4, 5, 6))]}),
            ("user", {"by_user_id": [[str(ASHA), 5, 0], [str(RAVI), 1, 0], [None, 1, 0]]}),
            ("action", {"by_action": [["call_made", 5], ["email_sent", 2]]}),
        ):
            counted = kolkata.run("audit", "stats", "--by", by, "--json").data
            lists = {name: [list(row.values()) for row in rows] for name, rows in counted.items() if name[:3] == "by_"}
            assert (lists, counted["rows"], counted["complete"]) == (expected, 7, True)
        assert kolkata.run("audit", "stats", "--by", "hour", "action:call_made").out.splitlines() == [
            "5 rows, all of the filter.",
            "",
            "HOUR (Asia/Kolkata)  ROWS",
            "01                      5",
        ]
        refused = logged_shell.run("audit", "stats", "--by", "hours").refusal(2)
        assert refused.startswith("Rows cannot be counted by the value of --by. Did you mean hour?")

    def test_of_nothing_is_nothing(self, logged_shell: Shell) -> None:
        assert logged_shell.run("audit", "stats", "action:nothing").out == "0 rows, all of the filter.\n"
