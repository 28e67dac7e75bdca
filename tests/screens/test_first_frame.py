"""What the console imports before its first frame: nothing that only the connection or another section needs."""

from __future__ import annotations

import json

from tests.support.fresh_python import REPOSITORY, python

# The console is opened as the program's entry opens it; each frame goes through Textual's _display, headless as well.
CODE = """
import asyncio, json, os, sys
from pathlib import Path
from tui.terminal.without_palette import leave_out_palette
leave_out_palette()
from tui.app import SwitchboardApp
from tui.cli.output import Output
from tui.cli.request import Options
from tui.cli.run import open_session

at_first_frame = []
display = SwitchboardApp._display

def watched_display(app, screen, renderable):
    if not at_first_frame and renderable is not None and not app._batch_count:
        strips = screen._compositor.render_strips()
        at_first_frame[:] = sorted(sys.modules), "".join(strip.text for strip in strips)
    display(app, screen, renderable)

SwitchboardApp._display = watched_display

async def main():
    environ = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "ENCRYPTION_MASTER_KEY": "of-32-characters-and-a-few-more-of-them",
    }
    app = SwitchboardApp(open_session(Options(), Output(), keys=True, environ=environ, cwd=Path("/proc")))
    async with app.run_test(size=(80, 24)) as pilot:
        while app.connection.failure is None:
            await pilot.pause()
    json.dump([*at_first_frame, sorted(sys.modules)], sys.stdout)

asyncio.run(main())
"""
# Two of its inputs on each screen, of which the first rows need none.
INPUT = "textual.widgets._input"
LIBRARIES = {
    INPUT,
    "psycopg",
    "psycopg_binary",
    "cryptography",
    "httpx2",
    "phonenumbers",
    "dotenv",
    "click",
    "certifi",
    "tomllib",
}


def test_the_first_frame_waits_for_no_driver_no_cipher_and_no_other_section() -> None:
    ended = python(CODE, environ={"HOME": "/proc", "XDG_CONFIG_HOME": "/proc"})
    assert ended.returncode == 0, ended.stderr
    names, frame, names_later = json.loads(ended.stdout)
    assert "[1 Integrations]" in frame
    assert "connecting" in frame
    # Connecting imports the driver: had the frame come after it, this list would say so.
    assert "psycopg" in names_later
    assert LIBRARIES & set(names) == set()
    assert INPUT not in names_later
    ours = {name for name in names if name.startswith("tui.")}
    assert not any(name.startswith("tui.models") for name in ours)
    assert {name for name in ours if name.startswith("tui.screens.")} <= {
        *(f"tui.screens.{name}" for name in ("page", "list_page", "detail_page", "app_interface", "integrations")),
        *(f"tui.screens.{name}" for name in ("background", "freshness", "logged_detail", "reading", "top_line")),
        *(f"tui.screens.integrations.{name}" for name in ("screen", "view", "checks")),
    }
    assert {name for name in ours if name.startswith("tui.data.")} <= {
        *("tui.data.rights", "tui.data.keys"),
        *(f"tui.data.keys.{name}" for name in ("credential_json", "encryption", "envelopes", "master_key", "sources")),
    }
    assert {name for name in ours if name.startswith("tui.providers.")} <= {
        f"tui.providers.{name}" for name in ("naming", "integration_types")
    }
    commands = [f"tui.cli.{folder.name}" for folder in (REPOSITORY / "tui/cli").iterdir() if folder.is_dir()]
    assert {name for name in ours if name.startswith(("tui.demo", *commands))} == set()
