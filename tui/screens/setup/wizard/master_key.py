"""The wizard's second step: the master key, from wherever it comes, and that a copy of it is stored elsewhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from tui.data.keys.encryption import Keyring
from tui.data.keys.gate import Gate, check_gate, check_gate_for_new_key, take_census
from tui.data.keys.master_key import MasterKey
from tui.data.keys.sources import COMMAND, FILE, SERVICE_ROLE, VALUE, read_keyring, standing_warning, wrapping_warnings
from tui.data.schema.state import schema_state
from tui.errors import MasterKeyError, SchemaMissing, SwitchboardError
from tui.screens.setup.generated_key import GeneratedKey
from tui.screens.setup.wizard.saving import SaveLines
from tui.screens.setup.wizard.step import Step
from tui.widgets.bindings import bind
from tui.widgets.form import CheckLine, Field, Option, OptionLines
from tui.widgets.line_input import LineInput
from tui.widgets.notices import Notice, NoticeList
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.widget import Widget
    from textual.widgets import Input

    from tui.data.postgres.database import Database
    from tui.screens.setup.wizard.flow import Flow
    from tui.widgets.frame import Hints

Way = Literal["keep", "generate", "paste", "file", "command", "later"]

QUIET_S = 0.5
WIZARD = "the wizard"
ENVIRONMENT = "the environment"
LEADS_TO = {FILE: "from the file that {} names", COMMAND: "from the command in {}", SERVICE_ROLE: "the API key in {}"}
NOT_TRIED = Notice(
    "warning",
    "The key could not be tried: the tables here are not those that Switchboard expects.",
    "The plan, the next step, says what is in the way.",
)
NEW_WAYS: tuple[Way, ...] = ("generate", "paste", "file", "command")
OPTIONS: dict[Way, Option] = {
    "keep": Option("keep", "Keep it", "the key that is there"),
    "generate": Option("generate", "Generate one", "new and random, shown once"),
    "paste": Option("paste", "Paste one", "the key that is in use already"),
    "file": Option("file", "From a file", "a file that holds nothing but the key"),
    "command": Option("command", "From a command", "a program that prints it, such as a password manager's"),
    "later": Option("later", "Later", "continue without one; nothing can be encrypted until then"),
}
FIELDS = {"paste": "The key", "file": "The file", "command": "The command"}


class MasterKeyStep(Step):
    """Generate, paste, file or command; judged against what the database holds before anything is saved."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("y", "copy_key", "Copy the key", id="wizard.copy_key", tooltip="Copy the new key, after asking"),
    ]
    key = "master_key"
    rail_name = "Master key"
    heading = "Which master key encrypts the credentials?"
    lead = "If you lose it, you lose every credential. It never goes into the database."

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow)
        self._is_configured = flow.keyring.current is not None
        self._configured = flow.keyring
        self._judged: tuple[Database | None, Way, str] | None = None
        self._keyring: Keyring | None = None
        self._gate: Gate | None = None
        self._named_sources = {variable.name for variable in flow.settings.master_key}
        ways = [
            replace(OPTIONS[way], meaning=_source(flow)) if way == "keep" else OPTIONS[way]
            for way in self._offered_ways()
        ]
        self._ways = OptionLines(ways, label_width=15, id="k-ways")
        self._new_key = GeneratedKey(id="k-new")
        self._inputs = {way: LineInput(secret=way == "paste", id=f"k-{way}") for way in FIELDS}
        self._verdict = NoticeList(flow.glyphs, id="k-verdict")
        self._save = SaveLines(flow, "the key", ticked=not self._is_configured)
        self._has_copy = CheckLine("I have stored a copy of the key elsewhere", id="k-stored")

    def compose_step(self) -> Iterable[Widget]:
        yield self._ways
        yield self._new_key
        for way, label in FIELDS.items():
            yield Field(label, self._inputs[way], id=f"k-{way}-line")
        yield self._verdict
        yield self._save
        yield self._has_copy

    def on_mount(self) -> None:
        self._show_way()

    async def arrive(self) -> None:
        """Judge the key that is configured, or a new one: a database with credentials needs the one they have."""
        self._show_way()
        await self._judge(0)
        if not self._is_configured and self._way == "generate" and self._gate and self._gate.state == "wrong key":
            self._ways.chosen = "paste"
            self._show_way()
            await self._judge(0)

    def leave(self) -> None:
        """Take a finished key off the screen for good."""
        self._new_key.hide(for_good=self.key in self.flow.done)

    def hints(self) -> Hints:
        copy = (("y", "copy it"),) if self._shows_key else ()
        if isinstance(self.screen.focused, CheckLine):
            return (("space", "tick"), *copy)
        return (("up/down", "choose"), *copy) if self._ways.has_focus else copy

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._shows_key if action == "copy_key" else super().check_action(action, parameters)

    @property
    def _shows_key(self) -> bool:
        """Whether the new key is on the screen, which it is once."""
        return self._way == "generate" and self._new_key.is_shown

    def action_copy_key(self) -> None:
        self.host.act(self._new_key.copy(self.host))

    async def finish(self) -> bool:
        if self._way == "later":
            self.flow.keyring = self._configured
            return True
        self.stop_background()
        await self._judge(0)
        refusal = await self._refusal()
        if refusal is not None:
            return self.refuse(*refusal)
        if self._way != "keep":
            await self._save_key()
            self._new_key.hide(for_good=True)
        self.flow.keyring = self._keyring or self._configured
        return True

    async def _refusal(self) -> tuple[str, str] | None:
        """Say why the key cannot be taken, and what to do."""
        if self._gate is None or self._keyring is None:
            return "There is no key yet.", "Enter one, or choose Later."
        is_fixed = "generate" not in self._offered_ways() and self._way == "keep"
        instead = f"{'Set another one there and start again' if is_fixed else 'Enter another one'}, or choose Later."
        if self._gate.state == "wrong key":
            what = "This key is not the one in use, so nothing could be written."
            return what, instead
        if self._gate.state == "weak key" and not await self._opens_something(self._keyring):
            return "This key is too weak to write with.", instead
        if self._way != "keep" and not self._has_copy.ticked:
            self._has_copy.focus()
            what = "First store a copy elsewhere: in a password manager, or on paper in a safe."
            return what, "Then tick the box with space."
        return None

    @property
    def is_complete(self) -> bool:
        """Whether there is a key that can write."""
        return self._way != "later" and self._gate is not None and self._gate.may_write

    def on_option_lines_chosen(self, event: OptionLines.Chosen) -> None:
        event.stop()
        self.host.status.clear()
        self._show_way()
        self._forget_verdict()
        self.work_in_background(partial(self._judge, QUIET_S))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judge a pasted key soon; files and commands wait for enter."""
        event.stop()
        self._forget_verdict()
        if self._way == "paste":
            self.work_in_background(partial(self._judge, QUIET_S))

    def _forget_verdict(self) -> None:
        """Take back what was said of another key than the one that is chosen or typed now."""
        self.stop_background()
        self.problem.clear()
        self._verdict.clear()
        self._judged = self._keyring = self._gate = None
        self.flow.done.discard(self.key)
        self.post_message(self.Changed())

    def on_check_line_changed(self, event: CheckLine.Changed) -> None:
        # What was refused may be right now.
        event.stop()
        self.problem.clear()

    @property
    def _way(self) -> Way:
        return next((way for way in OPTIONS if way == self._ways.chosen), "later")

    def _offered_ways(self) -> list[Way]:
        """A key from the environment cannot be replaced here: the environment wins over `.env`."""
        if not self._is_configured:
            return [*NEW_WAYS, "later"]
        if any(variable.origin == ENVIRONMENT for variable in self.flow.settings.master_key):
            return ["keep", "later"]
        return ["keep", *NEW_WAYS[1:], "generate", "later"]

    def _show_way(self) -> None:
        way = self._way
        for name in FIELDS:
            self.query_one(f"#k-{name}-line").display = name == way
        self._new_key.display = way == "generate"
        if way == "generate":
            self._new_key.show_once()
        is_new = way in NEW_WAYS
        self._save.display = self._has_copy.display = is_new
        what = (
            "the key" if way in ("generate", "paste") else f"where it comes from ({FILE if way == 'file' else COMMAND})"
        )
        self._save.describe(f"{what}, replacing the present one," if self._is_configured else what)

    def _typed(self) -> str:
        field = self._inputs.get(self._way)
        return field.value if field else ""

    async def _judge(self, quiet: float) -> None:
        """Read the key and say what the database thinks of it."""
        if quiet:
            await asyncio.sleep(quiet)
        typed = self._typed()
        judged = (self.flow.database, self._way, typed)
        if judged == self._judged and self._gate is not None:
            return
        self._keyring = self._gate = None
        self._judged = judged
        if self._way == "later" or (self._way in FIELDS and not typed) or (quiet and self._way in ("file", "command")):
            self._verdict.clear()
            return
        self._verdict.say([Notice("quiet", "Trying the key ...")])
        keyring, gate = None, None
        try:
            keyring = await self._read(typed)
            gate = await self._gate_of(keyring)
        except SchemaMissing:
            gate, verdicts = _gate_without_database(keyring), [NOT_TRIED]
        except SwitchboardError as failure:
            keyring, verdicts = None, [Notice("bad", failure.sentence, failure.what_to_do)]
        else:
            standing = [warning for warning in (standing_warning(keyring), *wrapping_warnings(keyring)) if warning]
            verdicts = [_gate_verdict(gate), *(Notice("warning", *warning) for warning in standing)]
        if self._judged is not judged:
            # Another key is being tried by now; this one's verdict must not be taken for its.
            return
        self._keyring, self._gate = keyring, gate
        self._verdict.say(verdicts)
        if self._way == "keep" and gate is not None and gate.may_write:
            self.flow.done.add(self.key)
            self.post_message(self.Changed())

    async def _gate_of(self, keyring: Keyring) -> Gate:
        database, key = self.flow.connected(), keyring.current
        if self._way == "generate" and key is not None:
            return await check_gate_for_new_key(database, key)
        return await check_gate(database, keyring)

    async def _read(self, typed: str) -> Keyring:
        way, previous = self._way, self._configured.previous
        if way == "keep":
            return self._configured
        if way == "generate":
            return Keyring(MasterKey(self._new_key.key, WIZARD), previous)
        if way == "paste":
            return Keyring(MasterKey(typed, WIZARD), previous)
        name = FILE if way == "file" else COMMAND
        value = _absolute(typed) if way == "file" else typed
        read = await asyncio.to_thread(read_keyring, [(name, value, WIZARD)])
        return Keyring(read.current, previous)

    async def _opens_something(self, keyring: Keyring) -> bool:
        """Tell whether the key, weak as it is, opens what is stored: then it is needed for reading."""
        database = self.flow.connected()
        if await database.read(schema_state) == "missing":
            return False
        return bool((await take_census(database, keyring)).by_key)

    async def _save_key(self) -> None:
        """Write the key or where it comes from, and empty the other sources: two at once are refused later."""
        typed = self._typed()
        values = dict.fromkeys(self._named_sources, "")
        match self._way:
            case "generate":
                values[VALUE] = self._new_key.key.reveal("save to .env")
            case "paste":
                values[VALUE] = typed
            case "file":
                values[FILE] = _absolute(typed)
            case "command":
                values[COMMAND] = typed
        await self._save.save(values)
        if self._save.is_ticked:
            self._named_sources |= values.keys()


def _source(flow: Flow) -> str:
    """Say where the key that is configured comes from."""
    key = flow.keyring.current
    source = key.source if key else ""
    # Its source is the variable's name with its origin behind it in brackets: see read_keyring.
    name, _, origin = source.removesuffix(")").partition(" (")
    return safe_text(LEADS_TO.get(name, "from {}").format(origin or source), 60)


def _absolute(path: str) -> str:
    """The next start may be in another folder."""
    return str(Path(path).expanduser().absolute())


def _gate_without_database(keyring: Keyring | None) -> Gate | None:
    """What can be said of a key where the table is not one that credentials could be read from."""
    key = keyring.current if keyring else None
    if key is None:
        return None
    weaknesses = tuple(key.weaknesses())
    return Gate("weak key" if weaknesses else "unused", b"", None, key.source, None, weaknesses)


def _gate_verdict(gate: Gate) -> Notice:
    """What the gate found, in one sentence and what to do."""
    try:
        gate.require_write()
    except MasterKeyError as refused:
        if gate.state == "wrong key":
            which = f"with key id {gate.recorded_key_id}" if gate.recorded_key_id else "with another key"
            return Notice(
                "bad",
                f"Wrong key: this database already holds credentials written {which}.",
                "Paste that key, or name its file.",
            )
        return Notice("warning", refused.sentence, refused.what_to_do)
    match gate.state:
        case "open":
            key_id = f" (key id {gate.known_key_id})" if gate.known_key_id else ""
            return Notice("good", f"This is the key this database was written with{key_id}.")
        case "mixed":
            return Notice(
                "warning",
                "This key opens some of the newest credentials, but not all.",
                "The others need their own key.",
            )
        case _:
            return Notice("good", "The key is good. This database has no credentials yet.")
