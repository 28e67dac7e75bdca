"""The strings that nobody should store and somebody will."""

from __future__ import annotations

import json
import re
from pathlib import Path

UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""Nothing of this may reach a terminal from data."""


def hostile_strings() -> dict[str, str]:
    """The 60 strings of vectors/hostile_strings.json by their labels, each at its full length."""
    path = Path(__file__).parents[1] / "vectors" / "hostile_strings.json"
    return {s["label"]: s["value"] * s["repeat"] for s in json.loads(path.read_text("ascii"))["strings"]}
