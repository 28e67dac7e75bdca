"""What is made of each shape in which Exotel and Zoho may answer: `python -m tests.generate.provider_answers`.

It writes docs/provider_answers.md.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.answer_shapes import GROUPS
from tests.support.mail_answers import MAIL
from tui.providers.observations import KINDS

DOCUMENT = Path(__file__).parents[2] / "docs" / "provider_answers.md"

INTRODUCTION = """# What the providers answer, and what is made of it

No answer of Exotel or Zoho has been seen first-hand: the shapes below are documented by the provider (or read by its
own client), met by a public client, or made up to see that each has a sentence. A yes is only the documented shape,
from the account that was asked for. A no never rests on what public clients alone have met: "unknown" takes no verdict
away. Texts of a provider are cut and cleaned before they are shown; of an account's body its state, its billing and its
KYC are kept, and nothing else.

This page is written by `python -m tests.generate.provider_answers`.

## What a check asks

| check | requests |
|---|---|
| test of a phone or SMS integration | 1 for the account, and 1 for each 50 numbers up to the one that is looked for |
| test of a WhatsApp integration | 1 for the account, and 1 for a template where the WABA id is known |
| reading of a phone or SMS integration | account 1, balance 1, 1 for each 50 numbers, 1 for each number's health |
| reading of a WhatsApp integration | account 1, balance 1, 1 for each 100 templates where the WABA id is known |
| test of a mailbox | one login by SMTP and one by IMAP |

A reading sends at most 45 requests in any minute for one account, of the 50 that Exotel allows for ExoPhones: 1,000
numbers take about 23 minutes. It tells each fact as soon as it is known, asks fresh numbers no second time, and says of
which numbers it does not know the health, and why. It follows a test by hand that passes, for 20 s at most, and a
check, for four minutes: the next one goes on with the numbers that were never read and those that were read the longest
ago. A sync keeps the call flows that the list tells.

## What is observed

| name | of | value | documented |
|---|---|---|---|
"""


def document() -> str:
    """Return the whole document."""
    kinds = [
        f"| `{kind.name}` | each {kind.subject} | {kind.unit} | {'yes' if kind.is_documented else 'no'} |"
        for kind in KINDS
    ]
    parts = [INTRODUCTION + "\n".join(kinds)]
    for title, (shapes, told_of) in GROUPS.items():
        rows = [_row(shape.shown, shape.source, *told_of(shape)) for shape in shapes]
        parts.append(_table(title, ("answer", "source", "taken for", "sentence", "what to do"), rows))
    for title, (texts, told_of_text) in MAIL.items():
        parts.append(
            _table(
                title,
                ("reply", "taken for", "sentence", "what to do"),
                [_row(f"`{t}`", *told_of_text(t)) for t in texts],
            )
        )
    return "\n\n".join(parts) + "\n"


def _table(title: str, columns: tuple[str, ...], rows: list[str]) -> str:
    return "\n".join([f"## {title}\n", _row(*columns), f"|{'---|' * len(columns)}", *rows])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', ' ') for cell in cells)} |"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
