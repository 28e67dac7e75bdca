"""Translates the terminal's sequences into Textual's messages: keys, focus, modes, clicks; others become nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textual import events, messages
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import FOCUSIN, FOCUSOUT, XTermParser
from textual.keys import Keys

from tui.terminal.input_grammar import Kind, Token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textual.message import Message

# https://sw.kovidgoyal.net/kitty/keyboard-protocol/ without alternate keys and event types, which are not asked for:
# a key that goes up would be taken for one that goes down. https://invisible-island.net/xterm/modified-keys.html
_KITTY = re.compile(r"\x1b\[(?P<code>\d*)(?:;(?P<modifiers>\d*)(?:;(?P<text>[\d:]*))?)?(?P<end>[u~ABCDEFHPQS])")
_MODIFIED_OTHER_KEY = "27~"
_MOST_MODIFIERS = 256
# Where the cursor is, which F3 with modifiers cannot be told from.
_CURSOR_POSITION = re.compile(r"\x1b\[\d+;\d+R")
# The left button (0) going down or up, and the wheel (64 and 65), each where it is on a screen of at most 9999x9999.
_MOUSE = re.compile(r"\x1b\[<(?:0;\d{1,4};\d{1,4}[Mm]|6[45];\d{1,4};\d{1,4}M)")
_SYNCHRONIZED_OUTPUT = re.compile(r"\x1b\[\?2026;[1-4]\$y")


class KeyReader:
    """Turns tokens into Textual's messages; what is no key that Textual knows becomes nothing.

    Of the mouse it takes the left button and the wheel, and these `with_mouse` alone: a terminal that was not asked for
    reports may send what looks like one.
    """

    def __init__(self, *, with_mouse: bool = False) -> None:
        self._textual = XTermParser()
        self._with_mouse = with_mouse

    def messages(self, tokens: Iterable[Token]) -> Iterator[Message]:
        """Yield the messages, in order."""
        for kind, text in tokens:
            match kind:
                case Kind.TEXT:
                    for character in text:
                        yield from self._keys(character)
                case Kind.ESCAPE:
                    yield events.Key("escape", text)
                case Kind.PASTE:
                    yield events.Paste(text)
                case Kind.SEQUENCE:
                    yield from self._sequence(text)

    def _sequence(self, sequence: str) -> Iterator[Message]:
        if sequence == FOCUSIN:
            yield events.AppFocus()
        elif sequence == FOCUSOUT:
            yield events.AppBlur()
        elif _SYNCHRONIZED_OUTPUT.fullmatch(sequence):
            yield messages.TerminalSupportsSynchronizedOutput()
        elif _CURSOR_POSITION.fullmatch(sequence):
            return
        elif self._with_mouse and _MOUSE.fullmatch(sequence):
            event = self._textual.parse_mouse_code(sequence)
            if event is not None:
                yield event
        elif sequence in ANSI_SEQUENCES_KEYS or _is_kitty_key(sequence):
            yield from self._keys(sequence)

    def _keys(self, sequence: str) -> Iterator[events.Key]:
        for key in self._textual._sequence_to_key_events(sequence):
            if key.key != Keys.Ignore:
                yield key


def _is_kitty_key(sequence: str) -> bool:
    """Tell whether a sequence names an existing key: Textual trusts the numbers, and fails on some."""
    # Its parser ends the program on `ESC [ 99999999 ; 1 u` and on `ESC [ 1 : 2 ; 3 u`.
    match = _KITTY.fullmatch(sequence)
    if match is None or int(match["modifiers"] or 0) > _MOST_MODIFIERS:
        return False
    key = f"{match['code'] or 1}{match['end']}"
    # Text that no key has, as an input method makes it, comes with the key 0.
    is_named = key in FUNCTIONAL_KEYS or key == _MODIFIED_OTHER_KEY or (key == "0u" and bool(match["text"]))
    if not is_named and (match["end"] != "u" or not _is_character(match["code"] or "1")):
        return False
    codes = [code for code in (match["text"] or "").split(":") if code]
    return all(_is_character(code) for code in codes) and (key != _MODIFIED_OTHER_KEY or len(codes) == 1)


def _is_character(code: str) -> bool:
    return len(code) <= 7 and (0 < (number := int(code)) < 0xD800 or 0xDFFF < number <= 0x10FFFF)
