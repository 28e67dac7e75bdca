"""What a part of a screen does in the background: where it fails without expecting it, the program ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import App
from textual.containers import Vertical
from textual.widgets import Static

from tui.screens.background import background

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Inner(Static):
    """Lets the part that it is in go on when it is removed, and is removed no sooner than that has happened."""

    async def on_unmount(self) -> None:
        assert isinstance(self.parent, Part)
        self.parent.goes_on.set()
        await asyncio.sleep(0)


class Part(Vertical):
    """Fails in the background, and while it is being removed."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Inner("inner")

    @background("fail")
    async def fail(self) -> None:
        await self.goes_on.wait()
        raise LookupError("nobody expects it")


class Program(App[None]):
    """Keeps what would end it."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[BaseException] = []

    def compose(self) -> ComposeResult:
        yield Part()

    def fail(self, error: BaseException) -> None:
        self.failures.append(error)


async def test_an_exception_that_nobody_expects_ends_the_program_unless_its_widget_is_gone() -> None:
    program = Program()
    async with program.run_test():
        part = program.query_one(Part)
        failed = part.fail()
        part.goes_on.set()
        await failed.wait()
        assert [type(failure) for failure in program.failures] == [LookupError]
        part.goes_on.clear()
        late = part.fail()
        # It goes on when its inner part is gone, and it is itself still there.
        await part.remove()
        assert late.is_cancelled or await late.wait() is None
        assert len(program.failures) == 1
