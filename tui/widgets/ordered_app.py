"""An app that handles keys one at a time, so that a burst lands where a person expects it."""

from __future__ import annotations

import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import events
from textual.message import Message

from tui.terminal.app import TerminalApp

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.widget import Widget

KEY_GIVEN_UP_AFTER_S = 0.5
KEY_ROUNDS = 3


class KeyDone(Message, bubble=True):
    """Bubbles up behind a key, and so shows that every widget has handled the key.

    It bubbles several times, since a widget may answer a key by a message (submitted) and its parent by another.
    """

    def __init__(self, target: Widget, rounds: int) -> None:
        super().__init__()
        self.target = target
        self.rounds = rounds


class OrderedApp(TerminalApp):
    """Sends a key only when all widgets have handled the one before; remembers the last key and its time."""

    def __init__(self) -> None:
        super().__init__()
        self.last_key_at = time.monotonic()
        self.last_key = ""
        self.key_before = ""
        self._simulated: list[events.Key] = []
        self._keys: deque[events.Key | events.Paste] = deque()
        self._key_at_work: KeyDone | None = None
        self._keys_sent = 0
        self._key_sent_at = 0.0
        self._key_screen: Screen[Any] | None = None

    @property
    def keys_done(self) -> bool:
        """Whether every key has been handled."""
        return not self._keys and self._key_at_work is None

    async def on_event(self, event: events.Event) -> None:
        """Forward keys and pastes one at a time, each to the widget with the focus once the one before is handled.

        Textual forwards a burst of keys to the widget with the focus when the burst arrives: on a slow link a secret
        typed after tab would land in the field before, which may be a visible one.
        """
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self.last_key_at = time.monotonic()
            self._keys.append(event)
            if self._key_at_work is None or self._key_is_lost(self._key_at_work):
                await self._next_key()
            elif len(self._keys) == 1:
                self._watch_key()
        else:
            await super().on_event(event)

    def _key_is_lost(self, key: KeyDone) -> bool:
        """Tell whether a key is lost: it was sent long ago, and the widget that had the focus is gone."""
        waited = self.last_key_at - self._key_sent_at
        return waited > KEY_GIVEN_UP_AFTER_S and not key.target.is_attached

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """Let a key do nothing on a screen that has come on top since it was sent."""
        # Textual looks its binding up when the key has bubbled up here, on the screen that is on top then: what an act
        # has opened meanwhile, which may have no widgets yet.
        return self.screen is self._key_screen and await super()._check_bindings(key, priority)

    async def _next_key(self) -> None:
        self._key_at_work = None
        if self._keys and not self.screen.is_mounted:
            # Sent when the screen has its widgets: it answers no message before.
            self._follow_key(self.screen, KEY_ROUNDS)
        while self._keys and self._key_at_work is None:
            self._key_screen = self.screen
            target = self.focused or self.screen
            event = self._keys.popleft()
            if isinstance(event, events.Key):
                self._record_key(event)
            await super().on_event(event)
            self._keys_sent += 1
            self._key_sent_at = time.monotonic()
            self._follow_key(target, KEY_ROUNDS)
        if self._keys:
            self._watch_key()

    @property
    def is_key_held(self) -> bool:
        """Whether the last key repeats the one before, as when it is held down."""
        return self.last_key == self.key_before

    def simulate_key(self, key: str) -> None:
        """Press a key for the person; `last_key` stays the one they pressed themselves."""
        # Otherwise an enter that is held down in the palette, and simulates A, would look like another key than the
        # enter that follows, and apply what is staged.
        event = events.Key(key, None)
        self._simulated.append(event)
        self.post_message(event)

    def _record_key(self, event: events.Key) -> None:
        if any(key is event for key in self._simulated):
            self._simulated.remove(event)
        else:
            self.key_before, self.last_key = self.last_key, event.key

    def _follow_key(self, target: Widget, rounds: int) -> None:
        done = KeyDone(target, rounds)
        self._key_at_work = done if target.post_message(done) else None

    async def on_key_done(self, message: KeyDone) -> None:
        if message is self._key_at_work:
            if message.rounds > 1:
                self._follow_key(message.target, message.rounds - 1)
            if message.rounds == 1 or self._key_at_work is None:
                await self._next_key()

    def _watch_key(self) -> None:
        """Go on after a while without a lost key."""

        async def give_up(sent: int) -> None:
            if self._key_at_work is not None and self._keys_sent == sent:
                await self._next_key()

        self.set_timer(KEY_GIVEN_UP_AFTER_S, partial(give_up, self._keys_sent))
