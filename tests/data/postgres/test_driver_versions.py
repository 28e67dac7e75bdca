"""The driver's versions without importlib.metadata."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest

from tests.support.fresh_python import python

CODE = """
import json, os, sys
{before}
import tui.data.postgres
import psycopg, psycopg_binary
print(json.dumps([psycopg.__version__, psycopg_binary.__version__, "importlib.metadata" in sys.modules]))
"""
# As it looks at first, to our own look at each package.
NO_FOLDERS = "list_, seen = os.listdir, [[], []]; os.listdir = lambda folder: seen.pop() if seen else list_(folder)"


@pytest.mark.parametrize(("before", "is_asked"), [("", False), (NO_FOLDERS, True)], ids=["told", "not to be seen"])
def test_they_are_right_and_asked_for_only_where_no_folder_tells_them(before: str, is_asked: bool) -> None:
    ended = python(CODE.format(before=before))
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == [version("psycopg"), version("psycopg-binary"), is_asked]
