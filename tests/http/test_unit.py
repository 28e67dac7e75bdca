"""The unit of docs/http.md, as systemd reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "http.md"


@pytest.mark.debian
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_unit_of_the_document_and_rates_it_ok(tmp_path: Path) -> None:
    (text,) = re.findall(r"```ini\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert "ExecStart=/usr/local/bin/switchboard serve " in text
    unit = tmp_path / "switchboard-serve.service"
    # Whether the program is there is not asked here.
    unit.write_text(text.replace("/usr/local/bin/switchboard", "/bin/true"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, unit.name in verified.stderr) == (0, False), verified.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    level = re.search(r"exposure level for \S+: ([\d.]+)", rated.stdout)
    assert level is not None and float(level[1]) <= 1.5, rated.stdout
