"""Code run in an interpreter of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]


def python(code: str, *, environ: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=os.environ | (environ or {}),
        text=True,
        capture_output="stdout" not in options,
        check=False,
        timeout=30,
        **options,
    )
