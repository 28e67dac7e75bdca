"""What a key of the grid stages for the cells that are selected, and the questions about expiry and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.data.directory import parse_uuid
from tui.data.permissions.staging import Staged, Step
from tui.data.permissions.values import parse_expiry, parse_limit
from tui.errors import InvalidInput
from tui.widgets.prompt import Choice
from tui.words.people.permissions import limit_words
from tui.words.text import safe_text
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime, tzinfo
    from uuid import UUID

    from tui.data.permissions.listing import Holder
    from tui.data.permissions.values import Access, Cell
    from tui.data.rights import Right
    from tui.widgets.prompt import Prompt

QUESTIONS = {
    "x": ("expires_at", "Expires", "30d, 2w, 2027-03-31, end of month, never"),
    "d": ("daily_limit", "Sends a day, in UTC", "a number, or unlimited"),
    "m": ("monthly_limit", "Sends a month, in UTC", "a number, or unlimited"),
}
VALUE_CHOICES = (Choice("x", "expiry"), Choice("d", "daily limit"), Choice("m", "monthly limit"))


@dataclass(frozen=True, slots=True)
class SelectedCells:
    """The selected people with their selected cells, and the server's time when these were read."""

    people: tuple[tuple[Holder, tuple[Cell, ...]], ...]
    now: datetime

    @property
    def cells(self) -> list[Cell]:
        """All selected cells."""
        return [cell for _, cells in self.people for cell in cells]

    @property
    def of_active_people(self) -> list[Cell]:
        """The cells of the organisation's active people, who alone may be given something."""
        return [cell for holder, cells in self.people if holder.standing == "active" for cell in cells]

    @property
    def excluded_note(self) -> tuple[str, ...]:
        """A sentence about the selected people who are given nothing; empty where there are none."""
        others = [holder for holder, _ in self.people if holder.standing != "active"]
        if not others:
            return ()
        if len(others) == 1:
            return (f"{safe_text(others[0].label, 40)} is {_standing(others[0])} and gets no rights.",)
        return (f"{len(others)} people are not active in the organisation and get no rights.",)


def stage_right(staged: Staged, chosen: SelectedCells, right: Right) -> Step:
    """Take a right where all cells have it, else give it to the active people. Raises InvalidInput."""
    if all(staged.access(cell).has(right) for cell in chosen.cells):
        return staged.take(chosen.cells, (right,), chosen.now)
    return _with_notes(staged.give(chosen.of_active_people, (right,), chosen.now), chosen.excluded_note)


def stage_copy(staged: Staged, source: Sequence[Cell], chosen: SelectedCells) -> Step:
    """Make the selected cells like those of another person's row. Raises InvalidInput."""
    return _with_notes(staged.copy(source, chosen.of_active_people, chosen.now), chosen.excluded_note)


def stage_values(staged: Staged, chosen: SelectedCells, values: dict[str, Any]) -> Step:
    """Set expiry or limits of the selected cells. Raises InvalidInput."""
    return _with_notes(staged.limit(chosen.of_active_people, chosen.now, **values), chosen.excluded_note)


def stage_revoke(staged: Staged, chosen: SelectedCells) -> Step:
    """Take every right from the selected cells."""
    return staged.revoke(chosen.cells, chosen.now)


async def ask_values(
    prompt: Prompt, access: Access, how_many: str, zone: tzinfo, clock: Callable[[], Awaitable[datetime]]
) -> dict[str, Any]:
    """Ask whether to set expiry or a limit for `how_many` cells, and to what; return {} where the person leaves.

    An answer that is not understood is explained, and asked for again as it was typed. `clock` gives the server's time.
    """
    chosen = await prompt.choose(f"Set for {how_many}:", VALUE_CHOICES)
    if chosen is None:
        return {}
    name, what, examples = QUESTIONS[chosen]
    before = to_the_minute(access.expires_at, zone) if name == "expires_at" else limit_words(getattr(access, name))
    complaint = typed = ""
    while True:
        answer = await prompt.ask(f"{complaint}{what} (now {before}); {examples}:", typed)
        if answer is None:
            return {}
        typed = answer
        try:
            # By the time of the answer: a grid may have been read yesterday.
            if name == "expires_at":
                return {name: parse_expiry(answer, await clock(), zone)}
            return {name: parse_limit(answer)}
        except InvalidInput as wrong:
            complaint = f"{wrong.sentence} {wrong.what_to_do}\n"


async def ask_person(prompt: Prompt) -> tuple[UUID, str] | None:
    """Ask for the id and the name of somebody where there is no directory. Raises InvalidInput for what is no id."""
    typed = await prompt.ask("Id of the person (a UUID):")
    if typed is None:
        return None
    user_id = parse_uuid(typed.strip())
    if user_id is None:
        raise InvalidInput("That is not an id.", "It has the form 00000000-0000-4000-8000-000000000000.")
    label = await prompt.ask("Name of the person:")
    return None if label is None else (user_id, label)


def _with_notes(step: Step, notes: tuple[str, ...]) -> Step:
    return Step(step.cells, (*step.notes, *notes))


def _standing(holder: Holder) -> str:
    return {"inactive": "inactive in the directory"}.get(holder.standing, holder.standing)
