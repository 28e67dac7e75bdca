"""What the log says of the calls and messages of other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.words.log.acts.parts import act, ended, with_more
from tui.words.log.details import value_words

if TYPE_CHECKING:
    from tui.words.log.acts.parts import Sentence
    from tui.words.log.details import Told


def _traffic(noun: str, direction: str, *about: str) -> Sentence:
    """Tell what went to somebody, or came from somebody: with whom, and the first of what there is about it."""

    other = "from" if direction == "to" else "to"
    may_have_template, may_last = "template" in about, about == ("duration",)

    def words(told: Told) -> str:
        # Nearly every row of a log is one of these, so each detail is looked at once.
        detail = told.details.get
        whom, whose = value_words(detail(direction)), direction
        if not whom:
            # Of what came in, the number it came in on.
            whom, whose = told.text(other), "on" if other == "to" else other
        text = f"{noun} {whose} {whom}" if whom else noun
        if told.status != "success":
            return ended(told, text)
        # By its name alone, such as delivered, a template would read as how it ended.
        if may_have_template and (template := value_words(detail("template"))):
            return f"{text}: template {template}"
        if may_last:
            seconds = told.count("duration")
            return f"{text}, {seconds:,} s" if seconds else text
        return with_more(text, told.text(*about))

    return words


def _fetched(told: Told) -> str:
    size = told.count("bytes")
    return ended(told, "recording fetched") + (f", {size / 1e6:,.1f} MB" if size else "")


OF_TRAFFIC: dict[str, Sentence] = {
    "call_made": _traffic("call", "to", "duration"),
    "call_received": _traffic("call received", "from", "duration"),
    "recording_fetched": _fetched,
    "message_sent": _traffic("message", "to", "template", "type"),
    "message_received": _traffic("message received", "from", "template", "type"),
    "whatsapp_sent": _traffic("WhatsApp message", "to", "template", "type"),
    "sms_sent": _traffic("SMS", "to", "template"),
    "email_sent": _traffic("e-mail", "to", "subject"),
    "email_received": _traffic("e-mail received", "from", "subject"),
    "webhook_received": act("webhook received"),
}
