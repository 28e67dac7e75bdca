"""Exports of the audit log: each row of the filter once, exact as JSON lines, safe as CSV, with a manifest."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import stat
import unicodedata
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

import tui.data.audit.export.run
from tests.support.acme import ACME, ASHA, opened
from tests.support.database.log_rows import fill_log, let_eve_read, log_row, read_all, resolve_line
from tests.support.database.number_rows import create_people
from tests.support.hostile_strings import UNSAFE, hostile_strings
from tui.data.audit.export.file import NewFile
from tui.data.audit.export.format import COLUMNS, TOLD, VISIBLE, Csv
from tui.data.audit.export.run import ExportResult, export_audit_log
from tui.data.audit.export.summary import Summaries
from tui.data.audit.pages import AuditReader
from tui.words.log.details import LogNames
from tui.words.log.sentences import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.servers.postgres import TestServer
    from tui.data.audit.export.format import FormatName

# Postgres stores neither U+0000 nor half of a pair.
STORABLE = [text for text in hostile_strings().values() if "\0" not in text and not re.search("[\ud800-\udfff]", text)]
FORMULAS = [
    "=1+1",
    "Mozilla/5.0 (X11;=1+1;+1; -1;\uff1d1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1",
    '=cmd|" /C calc"!A0',
    *(" =1", "\u3000\u00a0+1", '"=1', "'@x", "\u201c=1", "\ufe66x", "\u2212x", " \ufe63x", 'a;\u00a0 "+1'),
    "=1,2;3\r\n=4",
    "a\x7fb",
]
ALL_ROWS = """
select row_to_json(r) from (
  select l.id, l.organization_id, l.user_id, l.integration_type, l.action, l.status, l.details,
         host(l.ip_address) as ip_address, l.user_agent, l.created_at
    from integration_audit_logs as l where l.action <> 'log_exported'
   order by l.created_at desc nulls last, l.id desc) as r
"""


async def export(
    conninfo: str,
    path: Path,
    line: str,
    form: FormatName = "jsonl",
    title_of: Callable[[str], str] = str,
    **database: Any,
) -> ExportResult:
    async with opened(conninfo, **database) as console:
        filtered = await resolve_line(console, line)
        return await export_audit_log(console, filtered, form, NewFile(path), title_of=title_of)


def json_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("ascii").split("\n")[:-1]]


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True))


def modes_in(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def log_hostile_rows(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        for text in [*STORABLE, *FORMULAS]:
            log_row(
                connection,
                integration_type=text[:50],
                action=text[:100],
                status=text[:50],
                user_agent=text,
                details={text[:60]: [text]},
            )
        log_row(connection, details="-2", user_agent="", created_at="-infinity", ip_address="2001:db8::1")
        log_row(connection, timed=False, created_at=None)
        log_row(connection, created_at="infinity")
        log_row(connection, created_at="0044-03-15 00:00:00+00 BC")
        log_row(connection, created_at="20000-01-01 00:00:00.000001+00")


@pytest.fixture(scope="module")
def hostile_log(postgres: TestServer, installed_template: str) -> Iterator[str]:
    """Connection URI (superuser) of a database with hostile rows, to which exports add rows about themselves."""
    name = postgres.create_database(template=installed_template, prefix="hostile_log")
    log_hostile_rows(postgres.conninfo(name))
    yield postgres.conninfo(name)
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def small_log(postgres: TestServer, installed_template: str) -> Iterator[str]:
    """Connection URI (superuser) of a database with 300 rows, to which exports add rows about themselves."""
    name = postgres.create_database(template=installed_template, prefix="small_log")
    fill_log(postgres.conninfo(name), 300)
    yield postgres.conninfo(name)
    postgres.drop_database(name)


class TestJsonLines:
    async def test_hold_every_row_exactly_as_it_is_stored_newest_first(self, hostile_log: str, tmp_path: Path) -> None:
        await export(hostile_log, tmp_path / "log", "org:* -action:log_exported")
        with psycopg.connect(hostile_log) as connection:
            connection.execute("set timezone to 'UTC'")
            stored = [row for (row,) in connection.execute(ALL_ROWS)]
        assert json_rows(tmp_path / "log") == stored
        assert [*stored[0]] == list(COLUMNS)

    async def test_are_printable_ascii(self, hostile_log: str, tmp_path: Path) -> None:
        await export(hostile_log, tmp_path / "log", "org:*")
        assert not re.search(b"[^\\x20-\\x7e\n]", (tmp_path / "log").read_bytes())

    async def test_keep_numbers_that_python_has_no_value_for(self, installed_database: str, tmp_path: Path) -> None:
        details = '{"huge": 1e400, "long": ' + "9" * 5000 + ', "exact": 0.10000000000000000000001}'
        with psycopg.connect(installed_database) as connection:
            (stored,) = connection.execute(
                "insert into integration_audit_logs (organization_id, integration_type, action, status, details)"
                " values (%s, 'none', 'counted', 'success', %s::jsonb) returning details::text",
                (ACME, details),
            ).fetchone() or ("",)
        await export(installed_database, tmp_path / "log", "org:* action:counted")
        assert stored in (tmp_path / "log").read_text("ascii")

    async def test_have_a_row_without_an_id_which_only_an_adopted_table_can_hold(
        self, installed_database: str, tmp_path: Path
    ) -> None:
        with psycopg.connect(installed_database) as connection:
            connection.execute("alter table integration_audit_logs drop constraint integration_audit_logs_pkey")
            connection.execute("alter table integration_audit_logs alter id drop not null")
            log_row(connection, id=None)
        await export(installed_database, tmp_path / "log", "org:* action:email_sent")
        assert [row["id"] for row in json_rows(tmp_path / "log")] == [None]

    async def test_keep_the_mask_of_an_address(self, installed_database: str, tmp_path: Path) -> None:
        with psycopg.connect(installed_database) as connection:
            for number, address in enumerate(("10.0.0.5/24", "10.0.0.6", "2001:db8::1/64")):
                log_row(connection, ip_address=address, created_at=f"2026-01-01 00:0{number}+00")
        for form, read in (("jsonl", json_rows), ("csv", csv_rows)):
            await export(installed_database, tmp_path / form, "", form)  # type: ignore[arg-type]
            addresses = [row["ip_address"] for row in read(tmp_path / form)]
            assert addresses[-3:] == ["2001:db8::1/64", "10.0.0.6", "10.0.0.5/24"]
        await export(installed_database, tmp_path / "network", "ip:10.0.0.0/28")
        assert [row["ip_address"] for row in json_rows(tmp_path / "network")] == ["10.0.0.6", "10.0.0.5/24"]


class TestCsv:
    async def test_has_no_formula_behind_a_semicolon_and_quotes(self, installed_database: str, tmp_path: Path) -> None:
        with psycopg.connect(installed_database) as connection:
            log_row(connection, user_agent='a;"=1+1;b', details={"x": ';"";@SUM(1)'})
        await export(installed_database, tmp_path / "log.csv", "", "csv")
        text = (tmp_path / "log.csv").read_text()
        fields = [field for row in csv.reader(io.StringIO(text, newline=""), delimiter=";") for field in row]
        assert "'=1+1" in fields
        assert not [field for field in fields if field.startswith(("=", "+", "-", "@"))]

    async def test_begins_no_field_with_what_makes_it_a_formula(self, hostile_log: str, tmp_path: Path) -> None:
        await export(hostile_log, tmp_path / "log", "org:*", "csv")
        rows = csv_rows(tmp_path / "log")
        assert [*rows[0]] == [*COLUMNS, *TOLD]
        fields = [field for row in rows for field in row.values()]
        assert not [field for field in fields if re.match("\\s*[=+@\uff1d\uff0b\uff0d\uff20\ufe63\u2212-]", field)]
        agents = [row["user_agent"] for row in rows]
        assert {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\u2409=1", "'\u240d=1", '\'=cmd|" /C calc"!A0'} <= {*agents}
        assert {"' =1", "'\u3000\u00a0+1", "'\"=1", "''@x", "'\u201c=1", "'\u2212x", "a;\u00a0 \"'+1"} <= {*agents}
        assert "'-infinity" in [row["created_at"] for row in rows]
        assert "Mozilla/5.0 (X11;'=1+1;'+1; '-1;'\uff1d1" in agents
        # As a spreadsheet reads it where the comma is the decimal sign.
        pieces = (tmp_path / "log").read_text(encoding="utf-8").split(";")
        assert not [piece for piece in pieces[1:] if piece.startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))]
        assert all(len(row) == len(COLUMNS) + len(TOLD) and None not in row.values() for row in rows)

    async def test_has_nothing_in_it_that_a_terminal_obeys_and_one_line_for_each_row(
        self, hostile_log: str, tmp_path: Path
    ) -> None:
        exported = await export(hostile_log, tmp_path / "log", "org:*", "csv")
        lines = (tmp_path / "log").read_bytes().decode().split("\r\n")
        assert lines.pop() == ""
        assert len(lines) == exported.rows + 1
        assert not [line for line in lines if UNSAFE.search(line)]

    async def test_is_the_same_where_each_row_is_made_into_a_line_by_itself(
        self, hostile_log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with psycopg.connect(hostile_log) as connection:
            for n in range(200):
                many = {"n": n, "of": [-n, 1.10, {"a": ""}], "text": '"' * (n % 7) + "\n;=" + "x" * n * n}
                log_row(connection, action="of_many", details=many, user_agent="; = x\r" * (n % 3))
        together = await export(hostile_log, tmp_path / "together", "org:* -action:log_exported", "csv")
        monkeypatch.setattr(tui.data.audit.export.run, "BLOCK_BYTES", 1)
        alone = await export(hostile_log, tmp_path / "alone", "org:* -action:log_exported", "csv")
        assert (together.rows, together.sha256) == (alone.rows, alone.sha256)

    def test_shows_every_character_that_nobody_would_see_and_leaves_the_others_alone(self) -> None:
        """Cc, Cf, Cs, Zl, Zp and Default_Ignorable_Code_Point, wherever Unicode has them."""
        ignorable = [(0xFE00, 0xFE0F), (0xE0000, 0xE0FFF), (0x3164, 0x3164), (0x115F, 0x1160), (0x034F, 0x034F)]
        ignorable += [(0x180B, 0x180F), (0x17B4, 0x17B5), (0x2065, 0x2065), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)]
        ignored = {code for first, last in ignorable for code in range(first, last + 1)}
        for code in (*range(0x20000), *range(0xE0000, 0xE1100)):
            hides = code in ignored or unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
            assert (VISIBLE[code] != chr(code)) == (hides or code == 0x2800), hex(code)
        visible = (
            Csv()
            .block(["a\U000e0041\U000e007f,\ufe0f\u202e\U0001f44d\U0001f3fd\x9b\n".encode()], (["=x"], ["login"]))
            .decode()
        )
        assert visible == "a\u25af\u25af,\u25af\u25af\U0001f44d\U0001f3fd\ufffd,'=x,login\r\n"

    async def test_ends_each_row_with_the_sentence_that_the_lists_show(
        self, hostile_log: str, installed_database: str, tmp_path: Path
    ) -> None:
        create_people(installed_database)
        changed = {"row": {"user_id": str(ASHA)}, "after": {"can_view": True, "note": 'a "}",b}'}}
        with psycopg.connect(installed_database) as connection:
            log_row(connection, action="permission_granted", user_id=ASHA, details=changed)
            log_row(connection, action="permission_granted", details={**changed, "pad": "x" * 70_000})
            log_row(connection, action="odd, one", details=None, user_agent='{"a": 1}')
            log_row(connection, action="number_assigned", details=7, status="failed")
            for odd in (
                '{"a": ' + "1" * 400 + ".5}",
                '{"a": ' + "[" * 900 + "]" * 900 + "}",
                '{"a": ' + "1" * 5000 + "}",
            ):
                connection.execute(
                    "insert into integration_audit_logs (organization_id, integration_type, action, status, details)"
                    " values (%s, 'none', 'of_odd_json', 'success', %s::jsonb)",
                    (ACME, odd),
                )
            # Of an adopted table.
            connection.execute("alter table integration_audit_logs alter integration_type type text")
            log_row(connection, action="of_a_long_type", integration_type="x" * 120_000)
        await export(installed_database, tmp_path / "log.csv", "", "csv", title_of=str.title)
        told = [row["summary"] for row in csv_rows(tmp_path / "log.csv") if row["action"] != "log_exported"]
        odd_json, told = ([text for text in told if text.startswith("of_odd") is is_odd] for is_odd in (True, False))
        assert sorted(text[:30] for text in odd_json) == ["of_odd_json (None)", *["of_odd_json (None): a: 1111111"] * 2]
        assert sorted(told) == [
            f"  ({'X' + 'x' * 58}\u2026)",
            "Asha Rao: view on Zoho_Mail",
            "Asha Rao: view on Zoho_Mail",
            "a number assigned failed",
            "odd, one (Zoho_Mail)",
        ]
        # What is hostile is told as it is told elsewhere.
        await export(hostile_log, tmp_path / "hostile.csv", "org:* -action:log_exported", "csv")
        rows = csv_rows(tmp_path / "hostile.csv")
        async with opened(hostile_log) as console:
            of_log = AuditReader(console, await resolve_line(console, "org:* -action:log_exported"))
            listed = (await read_all(of_log.older(limit=len(rows)))).rows
        told_of = {row["id"]: row["summary"].replace("'", "") for row in rows}
        for row in listed:
            assert row.is_cut or told_of[str(row.id)] == sentence(row, LogNames({}, str)).replace("'", "")

    async def test_finds_what_json_spells_with_escapes(self, installed_database: str) -> None:
        """As the type json of an adopted table keeps it."""
        create_people(installed_database)
        details = json.dumps({"row": {"user_id": str(ASHA)}, "after": {"can_view": True}, "operator_from": "login"})
        for key, spelled in (("user_id", "user\\u005fid"), ("operator_from", "\\u006fperator_from")):
            details = details.replace(key, spelled)
        row = f'{ACME},{ACME},,zoho_mail,permission_granted,success,"{details.replace(chr(34), chr(34) * 2)}",,,\n'
        async with opened(installed_database) as database:
            summaries = Summaries(database, str)
            for _ in range(2):
                assert await summaries.of([row.encode()]) == (["Asha Rao: view on zoho_mail"], ["login"])

    async def test_names_people_by_their_ids_to_whom_the_directory_is_closed(
        self, installed_database: str, tmp_path: Path
    ) -> None:
        granted = {"row": {"user_id": str(ASHA)}, "after": {"can_view": True}}
        with psycopg.connect(installed_database) as connection:
            log_row(connection, action="permission_granted", details=granted)
            let_eve_read(connection)
            connection.execute("grant execute on all functions in schema switchboard to eve")
            connection.execute("create policy eve on integration_audit_logs for select to eve using (true)")
            connection.execute("revoke select on switchboard.people from eve")
        eve = installed_database.replace("postgres@", "eve@")
        await export(eve, tmp_path / "log.csv", "action:permission_granted", "csv")
        assert [row["summary"] for row in csv_rows(tmp_path / "log.csv")] == [f"{ASHA}: view on zoho_mail"]

    async def test_tells_an_empty_text_from_none_and_leaves_the_rest_alone(
        self, installed_database: str, tmp_path: Path
    ) -> None:
        with psycopg.connect(installed_database) as connection:
            log_row(connection, user_agent="")
            log_row(connection, user_agent="a 'quote', \"two\", and नमस्ते")
        await export(installed_database, tmp_path / "log", "action:email_sent", "csv")
        lines = (tmp_path / "log").read_text().splitlines()
        assert sorted(line.split(",")[8] for line in lines[1:]) == ['""', "\"a 'quote'"]
        assert "a 'quote', \"two\", and नमस्ते" in [row["user_agent"] for row in csv_rows(tmp_path / "log")]


class TestTheManifest:
    @pytest.mark.parametrize("form", ["csv", "jsonl"])
    async def test_describes_the_file_that_it_lies_beside(
        self, small_log: str, tmp_path: Path, form: FormatName
    ) -> None:
        path = tmp_path / "log"
        exported = await export(small_log, path, f"org:{ACME} -action:log_exported", form)
        manifest = json.loads((tmp_path / "log.manifest.json").read_text("ascii"))
        assert manifest == exported.manifest
        assert manifest["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        rows: list[Any] = csv_rows(path) if form == "csv" else json_rows(path)
        assert (manifest["rows"], manifest["bytes"]) == (len(rows), path.stat().st_size) == (240, exported.size)
        assert (manifest["format"], manifest["altered"]) == (form, form == "csv")
        assert manifest["organizations"] == [str(ACME)]
        assert manifest["filter_as_typed"] == f"org:{ACME} -action:log_exported"
        assert (manifest["first"], manifest["last"]) == ("2025-12-31T22:20:00+00:00", "2025-12-31T23:59:00+00:00")
        nothing = {"newest_seal": None, "sealed_until": None, "public_keys": [], "checkpoint": None}
        assert manifest["seals"] == nothing
        assert manifest["exported_by"]["operator"] == "asha@acme.example"
        assert manifest["started_at"] < manifest["finished_at"]

    async def test_and_the_log_name_no_organisation_where_rows_of_all_are_exported(
        self, installed_database: str, tmp_path: Path
    ) -> None:
        fill_log(installed_database, 300)
        exported = await export(installed_database, tmp_path / "log", f"org:{ACME},*")
        assert (exported.rows, exported.manifest["organizations"]) == (300, None)
        with psycopg.connect(installed_database) as connection:
            query = "select organization_id from integration_audit_logs where action = 'log_exported'"
            assert {row[0] for row in connection.execute(query)} == {UUID(int=0)}

    async def test_and_the_file_are_closed_to_others_and_nothing_else_is_left(
        self, small_log: str, tmp_path: Path
    ) -> None:
        await export(small_log, tmp_path / "log", "org:*")
        assert modes_in(tmp_path) == {"log": 0o600, "log.manifest.json": 0o600}

    async def test_has_a_filter_that_finds_the_same_rows_again(self, small_log: str, tmp_path: Path) -> None:
        line = "user:none,asha -status:success since:2025-12-31T22:30 org:*"
        first = await export(small_log, tmp_path / "one", line)
        again = await export(small_log, tmp_path / "two", first.manifest["filter"])
        assert 0 < first.rows < 300
        assert again.sha256 == first.sha256

    async def test_has_a_filter_that_means_an_operator_also_when_somebody_is_called_so(
        self, installed_database: str, tmp_path: Path
    ) -> None:
        with psycopg.connect(installed_database) as connection:
            log_row(connection, details={"operator": "ravi"})
        await export(installed_database, tmp_path / "before", "user:ravi")
        written = json.loads((tmp_path / "before.manifest.json").read_text())["filter"]
        with psycopg.connect(installed_database) as connection:
            connection.execute(
                "insert into switchboard.people_labels (id, label) values (gen_random_uuid(), 'Ravindra')"
            )
        await export(installed_database, tmp_path / "after", written)
        assert [row["id"] for row in json_rows(tmp_path / "after")] == [
            row["id"] for row in json_rows(tmp_path / "before")
        ]
        assert len(json_rows(tmp_path / "after")) == 1


class TestWhichRows:
    async def test_are_those_of_the_filter_and_with_a_bound_none_without_a_time(
        self, installed_database: str, tmp_path: Path
    ) -> None:
        fill_log(installed_database, 1000)
        line = f"org:{ACME} -action:log_exported"
        await export(installed_database, tmp_path / "all", line)
        rows_of_all = json_rows(tmp_path / "all")
        assert {row["organization_id"] for row in rows_of_all} == {str(ACME)}
        assert [row["created_at"] is None for row in rows_of_all] == [False] * 790 + [True] * 10
        await export(installed_database, tmp_path / "since", f"{line} since:2000-01-01")
        assert json_rows(tmp_path / "since") == rows_of_all[:790]

    async def test_may_be_none(self, small_log: str, tmp_path: Path) -> None:
        exported = await export(small_log, tmp_path / "log", "action:nothing")
        assert ((tmp_path / "log").read_bytes(), exported.rows, exported.manifest["first"]) == (b"", 0, None)

    async def test_come_from_one_snapshot(self, installed_database: str, tmp_path: Path) -> None:
        fill_log(installed_database, 2000)
        late_rows: list[object] = []
        async with opened(installed_database) as console:
            audit_filter = await resolve_line(console, "action:email_sent")

            def write_meanwhile(_progress: object) -> None:
                with psycopg.connect(installed_database) as connection:
                    late_rows.append(log_row(connection, timed=False))

            exported = await export_audit_log(
                console, audit_filter, "jsonl", NewFile(tmp_path / "log"), on_progress=write_meanwhile
            )
        assert late_rows
        assert exported.rows == len(json_rows(tmp_path / "log")) == 1000 - 2
