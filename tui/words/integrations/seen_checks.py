"""What tests and checks found of an integration over time, and what its provider said besides, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal, NamedTuple

from tui.words.counts import counted
from tui.words.text import safe_text
from tui.words.times import day, stretch, to_the_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import tzinfo

    from tui.models.integrations import CheckDay, Checks, Integration, Observed

SIGNS: dict[CheckDay, str] = {"works": "+", "refused": "x", "unknown": "?", "not asked": "."}
"""A day in one character, for who has ASCII alone; a screen draws its own signs of yes and no."""
KYC_COMPLETED = "completed"
MOST_NUMBERS = 3
"""Phone numbers that a line names before it counts the rest."""
CHECK_UNPROVEN = "check unproven"
"""Stands wherever a yes is told of a type whose check nobody has seen say no."""
MOST_DIGITS = 18
"""Of an amount before its point."""
SHOWN = "shown:"
"""Begins the name of an observation that a definition shows; its label follows."""
LONGEST_LABEL = 40
_HIDDEN = "not visible to your role"
_NEXT = "Next check"
_COMMAND = "`switchboard check`"
_TEMPLATES = ("approved", "pending", "rejected", "paused", "disabled", "other")


class CheckFact(NamedTuple):
    """A line of a detail: its label, its text, and whether it tells of something that somebody has to look at."""

    label: str
    text: str
    tone: Literal["plain", "warning", "bad"] = "plain"


def strip(days: Sequence[CheckDay], signs: Mapping[CheckDay, str] = SIGNS) -> str:
    """Return a character for each day; "" where nobody looked."""
    return "".join(signs[said] for said in days)


def for_how_long(integration: Integration, now: datetime | None = None) -> str:
    """Return what a column says of how long it has worked or been broken: "12 d", "30 d+"; "" where that is not so."""
    checks = integration.checks
    if checks is None or checks.standing is None or checks.since is None:
        return ""
    # Beside that nobody answered for 3 h, or that it cannot be read, it would be taken for how long that has lasted.
    if integration.unknown_since is not None or integration.state == "unreadable":
        return ""
    return f"{stretch(checks.since, now)}{'' if checks.since_exactly else '+'}"


def broken_since(integration: Integration) -> datetime | None:
    """Return since when it is refused, where that is known."""
    checks = integration.checks
    return checks.since if checks is not None and checks.standing == "refused" else None


def warnings(integration: Integration, *, says_unproven: bool = True) -> tuple[str, ...]:
    """Return what a yes of the provider hides, the worst first, in a few words each.

    Whoever has just said that the check is unproven need not hear it again (`says_unproven`).
    """
    checks = integration.checks
    if checks is None:
        return ()
    out = counted(len(checks.numbers_out), "number out", "numbers out") if checks.numbers_out else ""
    found = (
        (checks.standing == "cut off", "check cut off"),
        (says_unproven and integration.proven and not checks.check_proven, CHECK_UNPROVEN),
        (bool(out), out),
        (_kyc_is_open(checks), "KYC not completed"),
        (_is_low(checks), "balance low"),
    )
    return tuple(words for is_so, words in found if is_so)


def verified_words(*, check_proven: bool) -> str:
    """Return "verified", and that the check behind it is unproven where it is."""
    return "verified" if check_proven else f"verified ({CHECK_UNPROVEN})"


def but(integration: Integration) -> str:
    """Return ", but KYC not completed (+1)": the worst warning, and how many more there are; "" without any."""
    first, *more = warnings(integration) or ("",)
    return f", but {first}{f' (+{len(more)})' if more else ''}" if first else ""


def check_facts(
    integration: Integration,
    zone: tzinfo,
    *,
    signs: Mapping[CheckDay, str] = SIGNS,
    shown: Callable[[str], str] = str,
    now: datetime | None = None,
) -> tuple[CheckFact, ...]:
    """Return what is known beside the newest test, a line each: the month, the next check, the account, the templates.

    `shown` makes a phone number readable. Nothing where nobody read it.
    """
    checks = integration.checks
    if checks is None or integration.id is None:
        return ()
    moment = now or datetime.now(UTC)
    month = strip(checks.days, signs) or f"{_HIDDEN}:"
    facts = [CheckFact("Last 30 d", f"{month}  {_standing(integration, checks, zone, moment)}")]
    if not checks.is_visible:
        return (*facts, CheckFact(_NEXT, _HIDDEN))
    facts.append(_next_check(integration, checks, zone, moment))
    if checks.numbers_out:
        facts.append(_outage(checks, shown))
    if checks.is_observed:
        facts += [_account(checks, zone), *_templates(integration, checks, zone)]
    return (*facts, *(_shown(checks, label, zone) for label in checks.shown))


def money(amount: str, currency: str) -> str:
    """Return "1,543.75 INR"; the text as it is where it is no amount."""
    try:
        number = Decimal(amount)
    except InvalidOperation:
        return safe_text(amount, 20)
    # Written out, an exponent of nine digits would fill the memory.
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        return safe_text(amount, 20)
    return f"{safe_text(f'{number:,f}', 30)} {safe_text(currency, 3)}".rstrip()


def as_of(observed: Sequence[Observed], zone: tzinfo, now: datetime | None = None) -> str:
    """Return "as of 05:11 UTC", or "as of 2026-11-27" of another day; of the oldest where they were read apart."""
    oldest = min(one.at for one in observed)
    if day(oldest, zone) != day(now or datetime.now(UTC), zone):
        return f"as of {day(oldest, zone)}"
    return f"as of {to_the_minute(oldest, zone).partition(' ')[2]}"


def _standing(integration: Integration, checks: Checks, zone: tzinfo, now: datetime) -> str:
    asked = sum(said != "not asked" for said in checks.days)
    if checks.standing is None or checks.since is None:
        return f"asked on {counted(asked, 'day', 'days')}" if asked else "nobody has asked" if checks.days else ""
    word = {"verified": "works", "refused": "broken", "cut off": "cut off"}[checks.standing]
    at_least, lasted = ("", f" ({stretch(checks.since, now)})") if checks.since_exactly else (" at least", "")
    if integration.unknown_since is not None:
        # Whether it still is so nobody knows.
        word, lasted = {"works": "worked", "broken": "was broken"}.get(word, word), "; unknown now"
    return f"{word}{at_least} since {day(checks.since, zone)}{lasted}"


def _next_check(integration: Integration, checks: Checks, zone: tzinfo, now: datetime) -> CheckFact:
    """When it is asked next: after its time has come, at the run of the command that finds it due."""
    if (why_none := _no_check(integration, checks)) is not None:
        return why_none
    last = to_the_minute(checks.begun_at, zone)
    if checks.is_in_progress:
        return CheckFact(_NEXT, f"one goes on since {last}")
    if checks.next_at is None:
        return _asked_by_hand_alone(checks)
    late = now - checks.next_at
    if late > max(timedelta(days=1), 2 * (checks.every or timedelta())):
        return CheckFact(_NEXT, f"overdue: the last was {last}; does its timer still run?", "warning")
    if late >= timedelta():
        return CheckFact(_NEXT, f"due, by the next run of {_COMMAND}; the last was {last}")
    often = ""
    # After a refusal, and after no answer, more lies between than usually.
    if checks.every and checks.begun_at and checks.next_at - checks.begun_at <= checks.every:
        often = f" (every {_every(checks.every)})"
    return CheckFact(_NEXT, f"{to_the_minute(checks.next_at, zone)} or later, by {_COMMAND}{often}")


def _no_check(integration: Integration, checks: Checks) -> CheckFact | None:
    """Why it is not asked at all, where that is so."""
    if not integration.is_active:
        return CheckFact(_NEXT, "none while it is disabled")
    if checks.begun_at is None:
        return CheckFact(_NEXT, f"none: {_COMMAND} has never asked it")
    return None


def _asked_by_hand_alone(checks: Checks) -> CheckFact:
    if checks.standing == "cut off":
        return CheckFact(_NEXT, "not by itself: one was cut off, which may have been a refused login; test it", "bad")
    return CheckFact(_NEXT, "not by itself after a refusal: correct it, or test it")


def _every(interval: timedelta) -> str:
    """The interval as --every takes it."""
    minutes = round(interval.total_seconds() / 60)
    for unit, size in (("d", 1440), ("h", 60)):
        if minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"


def _outage(checks: Checks, shown: Callable[[str], str]) -> CheckFact:
    named = ", ".join(safe_text(shown(number), 30) for number in checks.numbers_out[:MOST_NUMBERS])
    more = len(checks.numbers_out) - MOST_NUMBERS
    return CheckFact("Outage", f"calls of {named}{f' and {more} more' if more > 0 else ''} are out", "bad")


def _is_low(checks: Checks) -> bool:
    try:
        return Decimal(checks.observed["balance"].value) < Decimal(checks.observed["balance_threshold"].value)
    except (KeyError, InvalidOperation):
        return False


def _kyc_is_open(checks: Checks) -> bool:
    status = checks.observed.get("kyc_status")
    return status is not None and status.value.casefold() != KYC_COMPLETED


def _account(checks: Checks, zone: tzinfo) -> CheckFact:
    seen = checks.observed
    balance, kyc, billing = seen.get("balance"), seen.get("kyc_status"), seen.get("billing_type")
    threshold = seen.get("balance_threshold")
    currency = seen["currency"].value if "currency" in seen else ""
    read = [one for one in (balance, kyc, billing) if one is not None]
    limit = f" (warned below {money(threshold.value, '')})" if threshold is not None else ""
    if not read:
        return CheckFact("Account", f"not read yet: a test or a check reads balance and KYC{limit}")
    parts = ["balance not known"]
    if balance is not None:
        amount, is_low = money(balance.value, currency), _is_low(checks)
        parts = [f"{amount}, below {money(threshold.value, '')}" if is_low and threshold else f"{amount}{limit}"]
    if billing is not None:
        parts.append(safe_text(billing.value, 20))
    if kyc is None:
        parts.append("KYC not known")
    else:
        blocked = ": Indian numbers are blocked" if _kyc_is_open(checks) else ""
        parts.append(f"KYC {safe_text(kyc.value, 20)}{blocked}")
    is_warning = _kyc_is_open(checks) or _is_low(checks)
    return CheckFact("Account", f"{'; '.join(parts)}; {as_of(read, zone)}", "warning" if is_warning else "plain")


def _shown(checks: Checks, label: str, zone: tzinfo) -> CheckFact:
    """What the definition of a declared type shows, in the provider's own words."""
    seen = checks.observed.get(f"{SHOWN}{label}")
    value = (
        "not read yet: a test or a check reads it"
        if seen is None
        else f"{safe_text(seen.value)}; {as_of([seen], zone)}"
    )
    return CheckFact(safe_text(label, LONGEST_LABEL), value)


def _templates(integration: Integration, checks: Checks, zone: tzinfo) -> list[CheckFact]:
    seen = {name: checks.observed[f"templates_{name}"] for name in _TEMPLATES if f"templates_{name}" in checks.observed}
    if not seen:
        if not integration.integration_type.endswith("whatsapp"):
            return []
        return [CheckFact("Templates", "not counted yet: that takes a WABA id, and a test or a check")]
    counts = [
        f"{safe_text(one.value, 10)} {name}" for name, one in seen.items() if one.value != "0" or name == "approved"
    ]
    facts = [CheckFact("Templates", f"{', '.join(counts)}; {as_of(list(seen.values()), zone)}")]
    reasons = checks.observed.get("templates_rejected_reasons")
    if reasons is not None and reasons.value:
        facts.append(CheckFact("Rejected", safe_text("; ".join(reasons.value.splitlines()), 600), "warning"))
    return facts
