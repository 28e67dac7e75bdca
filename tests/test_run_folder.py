"""What the workers of a run share: whatever is found there is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.run_folder import made_once

if TYPE_CHECKING:
    from pathlib import Path


def test_what_somebody_left_half_made_is_made_anew_and_then_kept(tmp_path: Path) -> None:
    def make_half(part: Path) -> None:
        part.mkdir()
        (part / "half").touch()
        raise OSError

    with pytest.raises(OSError):
        made_once(tmp_path / "cluster", make_half)
    for _ in range(2):
        assert [*made_once(tmp_path / "cluster", lambda part: part.mkdir()).iterdir()] == []
