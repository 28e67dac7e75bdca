"""What the terminal sends becomes keys, or nothing: whatever the pieces are in which it comes."""

from __future__ import annotations

import random
import time
from itertools import product

import pytest
from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser

from tests.support.terminal.terminal_reports import TERMINAL_REPORTS
from tui.terminal.input_grammar import ESCAPE_ALONE_AFTER_S, TAIL_WITHIN_S, InputGrammar
from tui.terminal.keys import KeyReader

KITTY = [
    *(f"\x1b[{key[:-1]};{modifiers}{key[-1]}" for key in FUNCTIONAL_KEYS for modifiers in (2, 3, 5, 6)),
    *(f"\x1b[{code};{modifiers};{text}u" for code in (97, 233, 128512) for modifiers in (1, 2, 5) for text in (65, 97)),
    *(f"\x1b[{code}u" for code in (97, 13, 27, 9, 127)),
    *(f"\x1b[27;{modifiers};{code}~" for modifiers in (2, 5) for code in (65, 97)),
    *("\x1b[0;;229u", "\x1b[0;;26085:26412u"),
]
PAUSES_S = (0.0, 0.01, 0.099, 0.12, 0.5, 1.0, 1.9)


class SlowTerminal:
    """Feeds the grammar what a terminal sends, with pauses, and collects the keys and messages that come of it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.messages: list[str] = []
        self._grammar = InputGrammar()
        self._keys = KeyReader()

    def read(self, data: str) -> None:
        self._collect(self._grammar.feed(data.encode("utf-8", "surrogateescape"), self.now))

    def pause(self, seconds: float) -> None:
        until = self.now + seconds
        while (deadline := self._grammar.deadline) is not None and deadline <= until:
            self.now = deadline
            self._collect(self._grammar.tick(self.now))
        self.now = until

    def _collect(self, tokens: list) -> None:
        for message in self._keys.messages(tokens):
            match message:
                case events.Key():
                    self.messages.append(message.key)
                case events.Paste():
                    self.messages.append(f"paste {message.text}")
                case _:
                    self.messages.append(type(message).__name__)


def messages_of(*pieces: str, pause: float = 0.0, after: float = TAIL_WITHIN_S * 3) -> list[str]:
    """Return the messages of these pieces, sent with so many seconds between them."""
    terminal = SlowTerminal()
    for piece in pieces[:-1]:
        terminal.read(piece)
        terminal.pause(pause)
    terminal.read(pieces[-1])
    terminal.pause(after)
    return terminal.messages


def textual_of(sequence: str) -> list[str]:
    """Return the messages that Textual's own parser makes of a sequence."""
    parser = XTermParser()
    parsed = list(parser.feed(sequence))
    if parser._timeout_time is not None:
        parser._timeout_time = 0
        parsed += list(parser.tick())
    return [message.key if isinstance(message, events.Key) else type(message).__name__ for message in parsed]


def test_every_key_that_textual_knows_is_the_same_key() -> None:
    characters = [chr(code) for code in range(128)]
    split = {f"\x1b{chr(code)}" for code in range(33, 127) if chr(code) not in "bf"} | {"\x1b§"}
    known = [
        *(sequence for sequence in ANSI_SEQUENCES_KEYS if sequence not in split),
        *KITTY,
        *characters,
        "é",
        "😀",
        "\x1b[I",
        "\x1b[O",
        "\x1b[?2026;2$y",
    ]
    # The 8-bit CSI begins a sequence, and where the cursor is cannot be told from F3.
    others = {"\x9b", *(sequence for sequence in known if textual_of(sequence) == ["CursorPosition"])}
    assert len(known) > 900
    assert len(others) < 8
    compared = {sequence: (messages_of(sequence), textual_of(sequence)) for sequence in known if sequence not in others}
    assert {sequence: both for sequence, both in compared.items() if both[0] != both[1]} == {}


def test_an_answer_of_the_terminal_vanishes_wherever_it_is_cut() -> None:
    for name, answer in TERMINAL_REPORTS.items():
        assert messages_of(answer) == [], name
        for at, pause in product(range(1, len(answer)), PAUSES_S[1:]):
            messages = messages_of(answer[:at], answer[at:], pause=pause)
            # An ESC that stands alone for a while is the key.
            is_escape = at == 1 and answer[0] == "\x1b" and pause >= ESCAPE_ALONE_AFTER_S
            assert messages == (["escape"] if is_escape else []), (name, at, pause)


def test_a_key_behind_an_answer_is_that_key() -> None:
    for name, answer in TERMINAL_REPORTS.items():
        assert messages_of(answer + "j") == ["j"], name
        assert messages_of(answer + "\r") == ["enter"], name


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.long)])
def test_a_key_in_pieces_is_that_key_or_nothing(every: int) -> None:
    for sequence in [*ANSI_SEQUENCES_KEYS, *KITTY][::every]:
        for at in range(2, len(sequence)):
            messages = messages_of(sequence[:at], sequence[at:], pause=0.12)
            assert messages in (textual_of(sequence), []) or sequence[at - 1 : at] == "$", (sequence, at)


def test_the_end_of_a_sequence_is_waited_for_two_seconds() -> None:
    for begun in ("\x1b[", "\x1bO", "\x1b[1;2", "\x1b]11;rgb", "\x1bP>|x"):
        assert messages_of(begun, "A", pause=TAIL_WITHIN_S - 0.01)[:1] != ["A"], begun
        assert messages_of(begun, "A", pause=TAIL_WITHIN_S + 0.01) == ["A"], begun


def test_an_escape_that_a_person_presses_is_told_soon_and_the_next_key_too() -> None:
    terminal = SlowTerminal()
    terminal.read("\x1b")
    assert terminal.messages == []
    terminal.pause(ESCAPE_ALONE_AFTER_S)
    assert terminal.messages == ["escape"]
    terminal.read("q")
    assert terminal.messages == ["escape", "q"]
    assert messages_of("\x1b", "\x1b", "j", pause=0.3) == ["escape", "escape", "j"]
    assert messages_of("\x1b", "\x1b[A", pause=0.3) == ["escape", "up"]
    assert messages_of("\x1b\x1b") == ["escape", "escape"]


def test_escape_and_enter_that_a_slow_line_joins_are_both_keys_in_their_order() -> None:
    # Textual takes them for Alt+enter and tells enter alone, which would do what escape was to leave.
    assert messages_of("\x1b\r") == ["escape", "enter"]
    assert messages_of("\x1by") == ["escape", "y"]
    assert messages_of("\x1b2") == ["escape", "2"]
    assert messages_of("\x1b ") == ["escape", "space"]
    assert messages_of("\x1bb") == ["ctrl+left"]
    assert messages_of("\x1b\x03") == ["escape", "ctrl+c"]


def test_keys_pressed_while_a_tail_is_missing_work_where_they_cannot_be_the_tail() -> None:
    for begun in ("\x1b[", "\x1bO", "\x1b[1;2"):
        for key, name in (("\r", "enter"), ("\x03", "ctrl+c"), ("\x7f", "backspace"), ("\x1b[B", "down")):
            assert messages_of(begun, key, pause=0.5) == [name]
    assert messages_of("\x1b]11;rgb", "\x03", pause=0.5) == ["ctrl+c"]
    # The first esc ends the string, so that no key is swallowed any more.
    assert messages_of("\x1b]11;rgb", "\x1b", "j", pause=0.5) == ["j"]


def test_no_key_is_swallowed_for_long() -> None:
    """By what a person types on without an end of the sequence: neither ? nor a letter that is not ASCII is one."""
    for begun in ("\x1b[", "\x1b]", "\x1bP", "\x1bO"):
        terminal = SlowTerminal()
        terminal.read(begun)
        for _ in range(20):
            terminal.pause(0.5)
            terminal.read("?")
        assert terminal.messages[-1:] == ["question_mark"], begun
    for begun in ("\x1b[", "\x1bO"):
        assert messages_of(begun, "ж", pause=0.5) == ["ж"]


def test_a_character_without_its_first_byte_begins_nothing() -> None:
    terminal = SlowTerminal()
    terminal.read("\udc9f\udc98\udc80")
    terminal.read("j")
    assert terminal.messages == ["j"]


def test_bytes_that_are_no_text_vanish() -> None:
    terminal = SlowTerminal()
    terminal.read("\udcff\udcfe")
    terminal.read("a\udcc3")
    terminal.read("b")
    terminal.read("\x85\x9c")
    assert terminal.messages == ["a", "b"]


def test_a_character_in_pieces_is_whole() -> None:
    grammar, keys = InputGrammar(), KeyReader()
    data = "é€😀".encode()
    tokens = [token for byte in data for token in grammar.feed(bytes([byte]), 0.0)]
    assert [message.character for message in keys.messages(tokens) if isinstance(message, events.Key)] == [
        "é",
        "€",
        "😀",
    ]


def test_of_the_mouse_the_left_button_and_the_wheel_are_heard_and_only_where_that_was_asked_for() -> None:
    heard = {"0;3;5M": "MouseDown", "0;80;24m": "MouseUp", "64;1;1M": "MouseScrollUp", "65;1;1M": "MouseScrollDown"}
    unheard = ("1;3;5M", "2;3;5M", "4;3;5M", "35;3;5M", "66;1;1M", "64;1;1m", "0;0;0M", "0;99999;1M", "0;-1;1M", "0;1M")
    for report in (*heard, *unheard):
        for with_mouse in (False, True):
            grammar, keys = InputGrammar(), KeyReader(with_mouse=with_mouse)
            found = [
                type(message).__name__ for message in keys.messages(grammar.feed(f"\x1b[<{report}j".encode(), 0.0))
            ]
            assert found == [*([heard[report]] if with_mouse and report in heard else []), "Key"], (report, with_mouse)


def test_a_paste_is_whole_wherever_it_is_cut_and_none_of_it_is_a_key() -> None:
    pasted = "RAy\x1b[A\x1b[201\ny\r"
    whole = f"\x1b[200~{pasted}\x1b[201~j"
    for at in range(2, len(whole) - 1):
        assert messages_of(whole[:at], whole[at:], pause=0.5) == [f"paste {pasted}", "j"], at
    assert messages_of("\x1b[200~\x1b[201~j") == ["paste ", "j"]


def test_a_paste_without_an_end_is_left_with_escape_once_nothing_comes() -> None:
    for way_out in ("\x1b", "\x03", "\x1b[27u", "\x1b[27;129u", "\x1b[99;133u"):
        assert messages_of("\x1b[200~half", way_out, "j", pause=TAIL_WITHIN_S) == ["paste half", "j"]
    # Where the escape was the first byte of the end, its tail vanishes too.
    terminal = SlowTerminal()
    terminal.read("\x1b[200~half")
    terminal.pause(TAIL_WITHIN_S)
    terminal.read("\x1b")
    terminal.pause(1.0)
    terminal.read("[201~")
    terminal.read("j")
    assert terminal.messages == ["paste half", "j"]
    # Before that it may belong to what is pasted.
    assert messages_of("\x1b[200~half", "\x1b", "x\x1b[201~", pause=1.0) == ["paste half\x1bx"]


def test_a_megabyte_is_pasted_in_no_time() -> None:
    text = "0123456789abcde\n" * 65_536
    data = f"\x1b[200~{text}\x1b[201~".encode()
    grammar = InputGrammar()
    began = time.process_time()
    tokens = [token for at in range(0, len(data), 4096) for token in grammar.feed(data[at : at + 4096], 0.0)]
    assert time.process_time() - began < 0.5
    assert [token.text for token in tokens] == [text]


def test_a_sequence_without_end_is_not_kept() -> None:
    terminal = SlowTerminal()
    for _ in range(5):
        terminal.read("1;" * 1_000)
    terminal.read("\x1b[")
    for _ in range(5):
        terminal.read("1;" * 1_000)
    assert len(terminal._grammar._sequence) < 100
    terminal.read("A")
    terminal.read("j")
    assert terminal.messages[-1] == "j"
    assert "up" not in terminal.messages


@pytest.mark.parametrize("cuts_in_all", [2_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_random_cuts_give_no_other_key(cuts_in_all: int) -> None:
    """Whatever is cut, up to four times, gives the key that it is, nothing, or escape; keys around it stay keys."""
    chance = random.Random(11)
    keys = [key for key in (*ANSI_SEQUENCES_KEYS, *KITTY) if len(key) > 2]
    replies = list(TERMINAL_REPORTS.values())
    pool = {sequence: messages_of(sequence) for sequence in (*keys, *replies)}
    counts = {"whole": 0, "nothing": 0, "escape": 0}
    for number in range(cuts_in_all):
        sequence = chance.choice(keys if number % 2 else replies)
        cuts = sorted(chance.sample(range(1, len(sequence)), min(len(sequence) - 1, chance.randint(1, 4))))
        pieces = [sequence[a:b] for a, b in zip([0, *cuts], [*cuts, len(sequence)], strict=True)]
        terminal = SlowTerminal()
        for piece in pieces:
            terminal.read(piece)
            terminal.pause(chance.choice(PAUSES_S))
        messages = list(terminal.messages)
        allowed = (pool[sequence], [], ["escape"])
        assert messages in allowed, (pieces, messages)
        counts["whole" if messages and messages == pool[sequence] else "escape" if messages else "nothing"] += 1
        terminal.pause(ESCAPE_ALONE_AFTER_S)
        terminal.read("j")
        assert terminal.messages[len(messages) :][-1:] == ["j"], (pieces, terminal.messages)
    print(counts)
