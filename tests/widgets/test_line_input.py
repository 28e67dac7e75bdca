"""The input of one line as a widget: its mask, what is pasted, and that a secret copies itself nowhere."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult

from tui.widgets.line_input import MASK, LineInput


class InputApp(App[None]):
    """Nothing but a plain input and a secret one."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[int] = []

    def compose(self) -> ComposeResult:
        yield LineInput("plain", id="plain")
        yield LineInput("canary", secret=True, id="secret")

    def on_line_input_paste_refused(self, event: LineInput.PasteRefused) -> None:
        self.refused.append(event.lines)

    def drawn(self, name: str) -> str:
        return self.query_one(f"#{name}", LineInput).render_line(0).text.rstrip()


async def test_a_secret_has_a_mask_of_one_length_and_is_neither_copied_nor_cut() -> None:
    app = InputApp()
    async with app.run_test(size=(40, 5)) as pilot:
        secret = app.query_one("#secret", LineInput)
        assert app.drawn("secret") == MASK
        secret.value = "another-much-longer-canary"
        await pilot.pause()
        assert app.drawn("secret") == MASK
        app.screen.set_focus(secret)
        secret.select_all()
        await pilot.press("ctrl+c", "ctrl+x")
        assert (secret.value, app.clipboard) == ("another-much-longer-canary", "")
        assert "canary" not in app.drawn("secret")
        plain = app.query_one("#plain", LineInput)
        app.screen.set_focus(plain)
        plain.select_all()
        await pilot.press("ctrl+x")
        assert (plain.value, app.clipboard) == ("", "plain")


async def test_a_paste_of_several_lines_is_refused_whole_and_one_line_break_at_the_end_dropped() -> None:
    app = InputApp()
    async with app.run_test(size=(40, 5)) as pilot:
        plain = app.query_one("#plain", LineInput)
        plain.value = ""
        app.screen.set_focus(plain)
        for pasted, value, refused in (
            ("first\nsecond", "", [2]),
            ("whole\n", "whole", [2]),
            ("s\r\n", "wholes", [2]),
        ):
            plain.post_message(events.Paste(pasted))
            await pilot.pause()
            assert (plain.value, app.refused) == (value, refused), pasted
