"""Cuts what the terminal sends into keys, sequences and pastes, so that whatever is no key vanishes whole.

The grammar is that of ECMA-48 (CSI, and the strings DCS, SOS, OSC, PM, APC), with what terminals add to it: SS3, the
keys of the Linux console and of rxvt, bracketed pastes and mouse reports. Bytes come in pieces over a slow line, so
an unfinished sequence waits for its tail, and swallows it.
https://ecma-international.org/publications-and-standards/standards/ecma-48/
https://vt100.net/emu/dec_ansi_parser
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ESCAPE_ALONE_AFTER_S = 0.1
"""How long a lone ESC may still begin a sequence; later it was the key."""

TAIL_WITHIN_S = 2.0
"""How long the rest of an unfinished sequence is waited for, and swallowed."""

LONGEST_SEQUENCE_S = 8.0
"""How long a sequence without an end may swallow keys that come one by one."""

LONGEST_SEQUENCE = 64
"""Characters of a sequence that are kept; a longer one vanishes."""

LONGEST_PASTE = 16_000_000
"""Characters of a paste that are kept."""

ESC, BEL, INTERRUPT, OSC = "\x1b", "\x07", "\x03", "\x1b]"
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"
# Bytes that are no UTF-8 arrive as U+DC80 to U+DCFF (surrogateescape): a terminal that sends C1 controls as single
# bytes sends those.
_C1 = {
    chr(code): introducer
    for byte, introducer in {0x8F: "O", 0x90: "P", 0x98: "X", 0x9B: "[", 0x9D: "]", 0x9E: "^", 0x9F: "_"}.items()
    for code in (byte, 0xDC00 + byte)
}
_STRINGS = frozenset("P]X^_")
# CAN, SUB, and ST as one character; XTerm ends an OSC with BEL as well.
_STRING_ENDS = frozenset("\x18\x1a\x9c\udc9c")
# By word back and forward, the word before, and the field before.
_ALT_KEYS = frozenset("bf\x7f\t")
# With Alt these are no keys: nobody can tell them from the beginning of a sequence.
_INTRODUCERS = _STRINGS | frozenset("[O")
_PLAIN = re.compile("[^\x1b\x80-\x9f\udc80-\udcff]+")
# Escape and ctrl+c, as bytes and as Kitty's protocol has them (also with a lock on, which it counts as a modifier).
_WAY_OUT = re.compile(r"\x1b|\x03|\x1b\[(27|99)(;\d+)?u")
_NOT_UNICODE = re.compile("[\udc80-\udcff]")
# rxvt ends Shift+Delete and its like with $, which for others comes before the last character.
_RXVT_SHIFTED = re.compile(r"\x1b\[\d+\$")


class Kind(Enum):
    """What a token is."""

    TEXT = auto()
    """Characters, each a key."""
    SEQUENCE = auto()
    """An escape sequence from ESC to its last character; it may be a key."""
    ESCAPE = auto()
    """The escape key."""
    PASTE = auto()
    """The text of a bracketed paste."""


class Token(NamedTuple):
    """A complete piece of the input."""

    kind: Kind
    text: str


class _State(Enum):
    GROUND = auto()
    ESCAPE = auto()
    AFTER_ESCAPE = auto()
    """A lone ESC was returned as the key a moment ago; it may have been the first byte of a sequence."""
    CSI = auto()
    CSI_LINUX = auto()
    """Behind ESC [ [, with which the Linux console begins F1 to F5."""
    RXVT = auto()
    """Behind a $ that may be the end."""
    SS3 = auto()
    MOUSE = auto()
    """Behind ESC [ M, which three characters follow."""
    STRING = auto()
    STRING_ESCAPE = auto()
    """Behind an ESC in a string, which a backslash makes its end."""
    PASTE = auto()


class InputGrammar:
    """Cuts bytes into tokens. Times are seconds of one monotonic clock.

    `tick` is for when nothing could be read: what was read late, since the process was busy, may have come in time.
    """

    def __init__(self) -> None:
        self._decode = getincrementaldecoder("utf-8")("surrogateescape").decode
        self._state = _State.GROUND
        self._sequence = ""
        self._is_late = False
        self._deadline: float | None = None
        self._until = 0.0
        self._is_fresh = False
        self._mouse_characters_due = 0
        self._paste: list[str] = []
        self._pasted = 0
        self._paste_tail = ""

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do, or None."""
        return self._deadline

    def feed(self, data: bytes, now: float) -> list[Token]:
        """Return the tokens that these bytes complete."""
        tokens: list[Token] = []
        text = self._decode(data)
        at = 0
        while at < len(text):
            if self._state is _State.PASTE:
                at = self._read_paste(text, at, now, tokens)
            elif self._state is _State.GROUND and (plain := _PLAIN.match(text, at)):
                tokens.append(Token(Kind.TEXT, plain[0]))
                at = plain.end()
            else:
                tokens += self._read(text[at], now)
                at += 1
        return tokens

    def tick(self, now: float) -> list[Token]:
        """Return the tokens that the passing of time completes: a lone ESC is the escape key."""
        if self._deadline is None or now < self._deadline:
            return []
        state, sequence, expired_at = self._state, self._sequence, self._deadline
        if state is _State.PASTE:
            self._deadline = None
            return []
        self._leave()
        if state in (_State.ESCAPE, _State.STRING_ESCAPE):
            self._enter(_State.AFTER_ESCAPE, expired_at + TAIL_WITHIN_S)
        # An ESC in a string only lets whoever pressed it out of the string.
        escape = [Token(Kind.ESCAPE, ESC)] if state is _State.ESCAPE else []
        shifted = [Token(Kind.SEQUENCE, sequence)] if state is _State.RXVT and not self._is_late else []
        return escape or shifted

    def _enter(self, state: _State, deadline: float | None = None) -> None:
        self._state = state
        self._deadline = deadline

    def _leave(self) -> None:
        self._enter(_State.GROUND)
        self._sequence = ""

    def _begin(self, introducer: str, now: float, *, is_late: bool = False) -> None:
        """Begin the sequence that this character after ESC introduces; a late one vanishes at its end.

        Its ESC was returned as a key, which may have closed what the rest was meant for.
        """
        self._sequence, self._is_late, self._is_fresh = ESC + introducer, is_late, True
        self._until = now + LONGEST_SEQUENCE_S
        if introducer in _STRINGS:
            self._enter(_State.STRING, now + TAIL_WITHIN_S)
        else:
            self._enter(_State.SS3 if introducer == "O" else _State.CSI, now + TAIL_WITHIN_S)

    def _read(self, character: str, now: float) -> Iterator[Token]:
        """Read one character that is not plain text."""
        is_fresh, self._is_fresh = self._is_fresh, False
        if is_fresh and not character.isascii():
            # No sequence: what looked like an 8-bit introducer was a piece of a character that came broken.
            self._leave()
        match self._state:
            case _State.GROUND:
                yield from self._read_ground(character, now)
            case _State.ESCAPE:
                yield from self._read_escape(character, now)
            case _State.AFTER_ESCAPE:
                self._leave()
                if character in _INTRODUCERS:
                    self._begin(character, now, is_late=True)
                elif character != "\\":
                    yield from self._read_ground(character, now)
            case _State.STRING | _State.STRING_ESCAPE:
                yield from self._read_string(character, now)
            case _:
                yield from self._read_sequence(character, now)

    def _read_ground(self, character: str, now: float) -> Iterator[Token]:
        if character == ESC:
            self._enter(_State.ESCAPE, now + ESCAPE_ALONE_AFTER_S)
        elif introducer := _C1.get(character):
            self._begin(introducer, now)
        elif not ("\x80" <= character <= "\x9f" or "\udc80" <= character <= "\udcff"):
            yield Token(Kind.TEXT, character)

    def _read_escape(self, character: str, now: float) -> Iterator[Token]:
        if character == ESC:
            yield Token(Kind.ESCAPE, ESC)
            self._enter(_State.ESCAPE, now + ESCAPE_ALONE_AFTER_S)
            return
        self._leave()
        if character in _INTRODUCERS:
            self._begin(character, now)
        elif character in _ALT_KEYS:
            yield Token(Kind.SEQUENCE, ESC + character)
        elif character != "\\":
            # Nothing has a key with Alt: these are two keys that a slow line brought together. As one key,
            # the second would act on what the first was to leave.
            yield Token(Kind.ESCAPE, ESC)
            yield from self._read_ground(character, now)

    def _read_sequence(self, character: str, now: float) -> Iterator[Token]:
        """Read a character of CSI, SS3 or a mouse report."""
        if character < " " or character == "\x7f" or (not character.isascii() and self._state is not _State.MOUSE):
            # No sequence has such a character: somebody pressed a key while the tail was missing.
            self._leave()
            yield from self._read_ground(character, now)
            return
        self._deadline = min(now + TAIL_WITHIN_S, self._until)
        if len(self._sequence) <= LONGEST_SEQUENCE:
            self._sequence += character
        if self._state is _State.MOUSE:
            self._mouse_characters_due -= 1
            if not self._mouse_characters_due:
                self._leave()
        elif self._state is _State.CSI_LINUX:
            yield from self._finish()
        elif not "@" <= character <= "~":
            is_end = self._state is _State.CSI and _RXVT_SHIFTED.fullmatch(self._sequence)
            if is_end:
                self._enter(_State.RXVT, now + ESCAPE_ALONE_AFTER_S)
            elif self._state is _State.RXVT:
                self._state = _State.CSI
        elif self._sequence == "\x1b[[":
            self._enter(_State.CSI_LINUX, now + TAIL_WITHIN_S)
        elif self._sequence == "\x1b[M":
            self._mouse_characters_due = 3
            self._enter(_State.MOUSE, now + TAIL_WITHIN_S)
        elif self._sequence == PASTE_BEGINS:
            self._enter(_State.PASTE, now + TAIL_WITHIN_S)
        else:
            yield from self._finish()

    def _finish(self) -> Iterator[Token]:
        if len(self._sequence) <= LONGEST_SEQUENCE and not self._is_late:
            yield Token(Kind.SEQUENCE, self._sequence)
        self._leave()

    def _read_string(self, character: str, now: float) -> Iterator[Token]:
        if self._state is _State.STRING_ESCAPE:
            self._leave()
            if character != "\\":
                self._enter(_State.ESCAPE, now + ESCAPE_ALONE_AFTER_S)
                yield from self._read(character, now)
        elif character == ESC:
            self._enter(_State.STRING_ESCAPE, now + ESCAPE_ALONE_AFTER_S)
        elif character in _STRING_ENDS or (character == BEL and self._sequence == OSC):
            self._leave()
        elif character == INTERRUPT:
            self._leave()
            yield Token(Kind.TEXT, character)
        else:
            self._deadline = min(now + TAIL_WITHIN_S, self._until)

    def _read_paste(self, text: str, at: int, now: float, tokens: list[Token]) -> int:
        """Read what belongs to the paste; return where it ends."""
        if self._deadline is None and _WAY_OUT.fullmatch(text, at):
            # Its end was lost, nothing came for a while, and somebody wants to go on.
            self._end_paste(tokens)
            if text[at:] == ESC:
                self._enter(_State.AFTER_ESCAPE, now + TAIL_WITHIN_S)
            return len(text)
        joined = self._paste_tail + text[at:]
        end = joined.find(PASTE_ENDS)
        if end < 0:
            keep = next((n for n in range(len(PASTE_ENDS) - 1, 0, -1) if joined.endswith(PASTE_ENDS[:n])), 0)
            self._keep_pasted(joined[: len(joined) - keep])
            self._paste_tail = joined[len(joined) - keep :]
            self._deadline = now + TAIL_WITHIN_S
            return len(text)
        self._keep_pasted(joined[:end])
        consumed = end + len(PASTE_ENDS) - len(self._paste_tail)
        self._paste_tail = ""
        self._end_paste(tokens)
        return at + consumed

    def _keep_pasted(self, text: str) -> None:
        accepted = text[: LONGEST_PASTE - self._pasted]
        self._pasted += len(accepted)
        self._paste.append(accepted)

    def _end_paste(self, tokens: list[Token]) -> None:
        pasted = "".join(self._paste) + self._paste_tail
        if not self._is_late:
            tokens.append(Token(Kind.PASTE, _NOT_UNICODE.sub("\ufffd", pasted.replace("\x00", ""))))
        self._paste, self._pasted, self._paste_tail = [], 0, ""
        self._leave()
