"""What an archive says of a filter is what the log said of it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import psycopg
import pytest

from tests.data.audit.test_where import LINES, ROWS
from tests.support.acme import ACME, ASHA, GLOBEX, opened
from tests.support.database.archives import JANUARY, archive, seal_hours_ago
from tests.support.database.log_rows import log_row, read_all, resolve_line
from tui.data.archive.export import export_archive
from tui.data.archive.matching import matcher, resolve_without_directory, value_at
from tui.data.archive.reading import ArchiveReader
from tui.data.audit.export.file import NewFile
from tui.data.audit.export.run import export_audit_log
from tui.data.audit.filter import parse_filter
from tui.data.audit.pages import AuditReader
from tui.data.audit.stats import BY, statistics
from tui.errors import CheckFailed, FilterError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers.postgres import TestServer
    from tui.data.audit.filter import AuditFilter

KOLKATA = ZoneInfo("Asia/Kolkata")
OPERATION = "0b8f8e5e-8a6f-4f0a-9d5c-3f1f0c7f1f5e"
MORE = {
    "own": {
        "action": "credential_revealed",
        "details": {
            **{"source": "switchboard", "operator_from": "login", "operation_id": OPERATION, "operator": "Asha"},
            **{"session_user": "sb_asha", "before": {}, "after": {"a": 1}},
        },
    },
    "numbers": {
        "details": {"error_code": 1.10, "list": [1, "x", None, 2.5], "nested": [{"k": "v"}, {"k": [1]}], "t": True},
    },
    "cut": {"details": {"text": "y" * 70_000}},
    "utf": {"details": "\u2028 \U0001f600", "user_agent": "\x7f\u202e"},
}
MORE_LINES = (
    *("", "org:*", f"org:{ACME}", f"-org:{ACME},{GLOBEX}", "user:operator=ASHA", "-user:none", "proven:yes"),
    *("-proven:yes", "has:after", "has:before", "by:sb_asha", f"operation:{OPERATION}", "details.error_code:1.1"),
    *("details.error_code:1.10", "details.error_code:429", "details.list:1", "details.list:x", "details.list:2.50"),
    *("details.nested.0.k:v", "details.nested.1.k:1", "details.t:true", "details.after.a:1", "-details.n:1"),
    *("since:2026-01-02T06:00", "until:2026-01-02", "since:2026-01-03 until:2026-01-04", "hour:20-08@Asia/Kolkata"),
    *("hour:9", "hour:5:30-6", "-hour:0-12", "day:sat,sun@Asia/Kolkata", "day:thu-sat", "-day:fri", "ip:10.1.0.0/16"),
    *("ip:10.1.9.9", "ip:::ffff:10.1.2.3", "-ip:2001:db8::/32", "10.1", "größe", '"Rate \\"limit\\""', "exceeded"),
    *("-call", "AGENT/1", "status:failed,pending -type:zoho_mail", f"user:{ASHA} action:call_made", '"100%"', "a_b"),
)


def is_known_without_directory(line: str) -> bool:
    """Whether a filter names people and organisations by their ids alone."""
    try:
        _, notes = resolve_without_directory(parse_filter(line))
    except FilterError:
        return False
    return not notes


@pytest.fixture(scope="module")
def archived(
    postgres: TestServer, installed_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """A log of January whose rows are in a file as well."""
    name = postgres.create_database(template=installed_template, prefix="reading")
    conninfo, folder = postgres.conninfo(name), tmp_path_factory.mktemp("archive")
    with psycopg.connect(conninfo) as connection:
        for number, columns in enumerate((*ROWS.values(), *MORE.values()) * 4):
            moment = (
                f"2026-01-0{1 + number // 12} {number * 7 % 24:02}:{number % 60:02}:{number % 60:02}.{number:03}+00"
            )
            log_row(connection, **{**columns, "timed": True, "created_at": moment})  # type: ignore[arg-type]
    asyncio.run(seal_hours_ago(conninfo))
    asyncio.run(archive(conninfo, folder))
    yield conninfo, folder
    postgres.drop_database(name)


def in_file(line: str) -> AuditFilter:
    return resolve_without_directory(parse_filter(line))[0]


async def test_every_filter_finds_in_the_file_what_it_finds_in_the_log(archived: tuple[str, Path]) -> None:
    conninfo, folder = archived
    january = parse_filter("since:2026-01-01 until:2026-01-31")
    lines = [line for line in (*LINES, *MORE_LINES) if is_known_without_directory(line) and "2020" not in line]
    assert len(lines) > 70
    async with opened(conninfo) as database:
        for number, line in enumerate(lines):
            log_filter = (await resolve_line(database, line, None)).also(january)
            listed = (await read_all(AuditReader(database, log_filter).older(None, 100))).rows
            with ArchiveReader(folder / JANUARY.file) as reader:
                found = reader.newest(matcher(in_file(line)), 1_000)
            assert [row.id for row in found] == [row.id for row in listed], line
            assert [replaced(row) for row in found] == [replaced(row) for row in listed], line
            with ArchiveReader(folder / JANUARY.file) as reader:
                assert reader.newest(matcher(in_file(line)), 3) == found[:3]
                figures = reader.count(matcher(in_file(line)), KOLKATA)
            assert figures.rows == len(listed)
            if number % 5:
                # The same rows make the same figures, which take the server ten times as long as the rows.
                continue
            *_, by_log = [each async for each in statistics(database, log_filter, KOLKATA, by=tuple(BY))]
            assert figures.rows == by_log.rows
            for name, _ in BY.values():
                assert getattr(figures, name) == getattr(by_log, name), (line, name)


def replaced(row: object) -> object:
    """A row but for how the server writes its time, and how long it says that details are."""
    values = {name: getattr(row, name) for name in row.__slots__ if name != "created_at_text"}  # type: ignore[attr-defined]
    return values | {"details": "cut" if row.is_cut else values["details"]}  # type: ignore[attr-defined]


async def test_an_export_of_a_file_is_byte_for_byte_the_export_of_the_log(
    archived: tuple[str, Path], tmp_path: Path
) -> None:
    conninfo, folder = archived
    async with opened(conninfo) as database:
        january = await resolve_line(database, "since:2026-01-01 until:2026-01-31", None)
        await export_audit_log(database, january, "jsonl", NewFile(tmp_path / "log.jsonl"))
    everything = in_file("")
    with ArchiveReader(folder / JANUARY.file) as reader:
        manifest = await export_archive(reader, everything, matcher(everything), NewFile(tmp_path / "file.jsonl"))
    of_log, of_file = ((tmp_path / name).read_bytes().splitlines() for name in ("log.jsonl", "file.jsonl"))
    assert sorted(of_file) == sorted(of_log) and len(of_file) == manifest["rows"] == 4 * (len(ROWS) + len(MORE))
    times = [json.loads(line)["created_at"] for line in of_file]
    assert times == sorted(times)


async def test_what_is_not_as_sealed_is_said_and_nothing_of_an_export_is_left(
    archived: tuple[str, Path], tmp_path: Path
) -> None:
    _, folder = archived
    for name in (JANUARY.file, JANUARY.seals_file):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    file = tmp_path / JANUARY.file
    content = bytearray(file.read_bytes())
    content[40] ^= 4
    file.write_bytes(content)
    everything = in_file("")
    with ArchiveReader(file) as reader:
        reader.newest(matcher(everything), 1_000)
        with pytest.raises(CheckFailed, match="is not as it was sealed"):
            reader.require_sealed()
    with ArchiveReader(file) as reader, pytest.raises(CheckFailed):
        await export_archive(reader, everything, matcher(everything), NewFile(tmp_path / "file.jsonl"))
    assert not (tmp_path / "file.jsonl").exists()
    for path, words in (
        (tmp_path / "log.gz", "not the file of an archive"),
        (tmp_path / "audit-2026-02.jsonl.gz", "is not beside it"),
    ):
        with pytest.raises(InvalidInput, match=words):
            ArchiveReader(path)
    with pytest.raises(FilterError, match="no directory"):
        in_file("org:Acme")


def test_a_place_in_an_array_is_what_postgres_takes_for_one(empty_database: str) -> None:
    keys = [
        "0",
        "2",
        "3",
        "-1",
        "-3",
        "-4",
        "+1",
        " 1",
        "\t-2",
        "1 ",
        "--1",
        "-",
        "",
        "x",
        "1x",
        "\u0663",
        "00001",
        "9" * 30,
    ]
    with psycopg.connect(empty_database) as connection:
        for key in keys:
            ((found,),) = connection.execute("select '[10, 20, 30]'::jsonb #> array[%s]", (key,)).fetchall()
            assert (key, value_at([10, 20, 30], (key,))) == (key, found)
