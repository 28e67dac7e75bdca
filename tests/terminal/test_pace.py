"""When a frame waits for the other end of the line, and when it does not."""

from __future__ import annotations

from tui.terminal.pace import ASKED_AT_FIRST, ASKS_EVERY, MOST_UNDRAWN, PATIENCE_S, QUESTION, Pace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def drawn_once(clock: Clock) -> Pace:
    """A terminal that has answered, to which a great frame and a question are under way."""
    pace = Pace(clock)
    pace.record_write(ASKS_EVERY)
    assert pace.question() == QUESTION
    pace.record_answer()
    pace.record_write(MOST_UNDRAWN + 1)
    assert pace.question() == QUESTION
    return pace


def test_a_frame_waits_until_the_one_before_is_drawn() -> None:
    pace = drawn_once(Clock())
    assert pace.is_behind
    assert pace.question() == ""
    pace.record_answer()
    assert not pace.is_behind


def test_an_answer_that_is_lost_holds_frames_back_for_a_moment_and_not_for_good() -> None:
    clock = Clock()
    pace = drawn_once(clock)
    clock.now += PATIENCE_S
    assert not pace.is_behind
    pace.record_write(MOST_UNDRAWN + 1)
    assert pace.question() == QUESTION
    assert pace.is_behind
    for _ in range(2):
        pace.record_answer()
    assert not pace.is_behind


def test_a_terminal_that_never_answers_is_not_waited_for_and_soon_not_asked() -> None:
    clock = Clock()
    pace = Pace(clock)
    asked = 0
    for _ in range(20):
        pace.record_write(MOST_UNDRAWN + 1)
        asked += pace.question() == QUESTION
        assert not pace.is_behind
        clock.now += PATIENCE_S
    assert asked == ASKED_AT_FIRST


def test_an_answer_to_no_question_changes_nothing() -> None:
    pace = Pace(Clock())
    pace.record_answer()
    pace.record_write(MOST_UNDRAWN + 1)
    assert pace.question() == QUESTION
    assert not pace.is_behind
