"""Writes what is made from sql/ and kept: `python -m tests.generate.schema` after a change to a file there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import psycopg

from tests.support.database.schema import portable, prepare_reference, shape_of
from tests.support.servers.postgres import TestServer, run_schema_files
from tui.data.schema.files import schema_text

ROOT = Path(__file__).parents[2]


def main() -> None:
    server = TestServer()
    try:
        conninfo = server.conninfo(server.create_database())
        with psycopg.connect(conninfo) as connection:
            prepare_reference(connection)
        run_schema_files(conninfo)
        entries = portable(asyncio.run(shape_of(conninfo)))
    finally:
        server.close()
    lines = [json.dumps([entry.kind, entry.name, entry.text]) + "\n" for entry in entries]
    (ROOT / "tui/data/schema/expected.jsonl").write_text("".join(lines), encoding="utf-8")
    (ROOT / "docs/schema.sql").write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
