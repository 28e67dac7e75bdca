"""What all tests of the setup screens have: a key is derived once in the process, however often it is given anew."""

from __future__ import annotations

from functools import cache

import pytest

from tui.data.keys import master_key

derived = cache(master_key._scrypt)


@pytest.fixture(autouse=True)
def derive_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(master_key, "_scrypt", derived)
