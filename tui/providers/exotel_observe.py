"""Reads what the keys of an Exotel account tell beside yes and no: balance, KYC, call flows, health, templates."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import aclosing
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tui.errors import ProviderFailed
from tui.providers import exotel_bodies as bodies
from tui.providers.exotel_check import ACCOUNT, MOST_ACCOUNT_BYTES, MOST_PAGE_BYTES, TEMPLATES, merge, pages_of_list
from tui.providers.exotel_exophones import health_refusal, lines_of
from tui.providers.exotel_facts import TEMPLATE_STATES, balance_of, template_page_of, word_of
from tui.providers.exotel_http import ExotelAccount
from tui.providers.exotel_responses import Refusal, account_refusal, refusal, templates_refusal
from tui.providers.field_kinds import as_text
from tui.providers.https_host import SECONDS
from tui.providers.observations import KINDS, Observation, Reading, Unread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from tui.providers.exotel_exophones import ExoPhone
    from tui.providers.exotel_facts import Template
    from tui.providers.request_budget import RequestBudget

BALANCE = "v1/Accounts/{sid}/Balance.json"
EXOPHONE = "v2/accounts/{sid}/incoming-phone-numbers/"

_MOST_TEMPLATES = 100  # on a page; how many Exotel takes at most is documented nowhere
_MOST_TEMPLATE_PAGES = 50
_MOST_FAILURES = 5
"""So many numbers in a row without an answer, and none before: the account has no health to tell."""

# An opaque id, by the documentation; one that would climb the path is none.
_PLAIN_ID = re.compile("[0-9A-Za-z+_-]{1,64}")


async def observe_numbers(
    credential: Mapping[str, Any],
    take: Callable[[Observation], None],
    *,
    fresh: Collection[str] = (),
    stale: Sequence[str] = (),
    tell: Callable[[int, int], None] | None = None,
    seconds: float = SECONDS,
    budget: RequestBudget | None = None,
) -> Reading:
    """Read the account, its balance, and the call flow and the health of each ExoPhone; an Observe.

    Requests: 2, one for 50 numbers, and one for each number that is not `fresh`. `budget` stands in for the one that
    all readings of the account share.
    """
    async with ExotelAccount(credential, seconds=seconds, budget=budget, waits=True) as account:
        observing = _Observing(account, take)
        parts = {
            **observing.account_parts(),
            "numbers": lambda: observing.read_numbers(fresh, stale, tell),
        }
        return await observing.read(parts)


async def observe_whatsapp(
    credential: Mapping[str, Any],
    take: Callable[[Observation], None],
    *,
    fresh: Collection[str] = (),
    stale: Sequence[str] = (),
    tell: Callable[[int, int], None] | None = None,
    seconds: float = SECONDS,
    budget: RequestBudget | None = None,
) -> Reading:
    """Read the account, its balance, and how many templates are in which state; as observe_numbers.

    Requests: 2, and one for 100 templates where the WABA id is known.
    """
    waba_id = as_text(credential.get("waba_id"))
    async with ExotelAccount(credential, seconds=seconds, budget=budget, waits=True) as account:
        observing = _Observing(account, take)
        parts = observing.account_parts()
        return await observing.read({**parts, "templates": lambda: observing.read_templates(waba_id)})


class _Observing:
    """One reading: what it has found so far, and what it could not."""

    def __init__(self, account: ExotelAccount, take: Callable[[Observation], None]) -> None:
        self._account = account
        self._take = take
        self._observations: list[Observation] = []
        self._unread: list[Unread] = []

    def account_parts(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What is read of every account."""
        return {"account": self._read_account, "balance": self._read_balance}

    async def read(self, parts: Mapping[str, Callable[[], Awaitable[None]]]) -> Reading:
        """Read the parts in their order; after a failure that the next one would meet too, none is asked for."""
        ending: ProviderFailed | None = None
        for what, read_part in parts.items():
            if ending is not None:
                self._unread.append(Unread(what, ending))
                continue
            try:
                await read_part()
            except ProviderFailed as why:
                self._unread.append(Unread(what, why))
                is_refused = what == "account" and isinstance(why, Refusal) and not why.leaves_open
                ending = why if is_refused or _ends_reading(why) else None
        return Reading(tuple(self._observations), tuple(self._unread), self._account.calls)

    def _add(self, name: str, value: str, number: str | None = None) -> None:
        observation = Observation(name, value, number)
        self._observations.append(observation)
        self._take(observation)

    async def _read_account(self) -> None:
        response = await self._account.get(ACCOUNT, most_bytes=MOST_ACCOUNT_BYTES)
        refused = account_refusal(response, self._account.asked)
        account = bodies.account_in(response.body)
        if refused is not None or account is None:
            raise refused or ProviderFailed("There is no account in the answer.", "Try again later.")
        for name, text in (("billing_type", account.billing_type), ("kyc_status", account.kyc_status)):
            if word := word_of(text):
                self._add(name, word)

    async def _read_balance(self) -> None:
        response = await self._account.get(BALANCE, most_bytes=MOST_ACCOUNT_BYTES)
        refused = refusal(response, self._account.asked)
        if refused is not None:
            raise refused
        balance = balance_of(response, self._account.asked)
        self._add("balance", f"{balance.amount:f}")
        self._add("currency", balance.currency)

    async def read_numbers(
        self, fresh: Collection[str], stale: Sequence[str], tell: Callable[[int, int], None] | None
    ) -> None:
        """Read the list with the call flows, then the health of each number that is not fresh."""
        phones: dict[str, ExoPhone] = {}
        is_whole = True
        async with aclosing(pages_of_list(self._account)) as pages:
            async for page in pages:
                for phone in page.entries:
                    is_whole = is_whole and phone is not None
                    if phone is not None:
                        phones[phone.number] = merge(phones.get(phone.number), phone)
        for number in {*fresh, *stale} - phones.keys() if is_whole else ():
            for kind in KINDS:
                if kind.subject == "number":
                    self._take(Observation(kind.name, None, number))
        for phone in phones.values():
            if phone.call_flow is not None:
                self._add("number_call_flow", phone.call_flow, phone.number)
        # Where not all can be asked in time each has its turn; those that never have an answer keep none from it.
        known = [phones[number] for number in stale if number in phones and number not in fresh]
        asked = {*fresh, *stale}
        never = [phone for phone in phones.values() if phone.number not in asked]
        in_turn = [phone for pair in zip_longest(never, known) for phone in pair if phone is not None]
        await self._read_health(in_turn, tell)

    async def _read_health(self, phones: list[ExoPhone], tell: Callable[[int, int], None] | None) -> None:
        failures: list[tuple[str, ProviderFailed]] = []
        for n, phone in enumerate(phones):
            try:
                await self._read_lines(phone)
            except ProviderFailed as why:
                failures.append((phone.number, why))
                if _ends_reading(why) or len(failures) == n + 1 == _MOST_FAILURES:
                    # The rest of them is not asked.
                    failures += [(later.number, failures[-1][1]) for later in phones[n + 1 :]]
                    break
            if tell is not None:
                tell(n + 1, len(phones))
        by_reason: dict[str, list[tuple[str, ProviderFailed]]] = {}
        for failure in failures:
            by_reason.setdefault(failure[1].sentence, []).append(failure)
        for alike in by_reason.values():
            self._unread.append(Unread("health", alike[0][1], tuple(number for number, _ in alike)))

    async def _read_lines(self, phone: ExoPhone) -> None:
        name = phone.sid if _PLAIN_ID.fullmatch(phone.sid) else phone.number
        response = await self._account.get(EXOPHONE + quote(name, safe=""), most_bytes=MOST_ACCOUNT_BYTES)
        refused = health_refusal(response, self._account.asked)
        if refused is not None:
            raise refused
        lines = lines_of(response, self._account.asked)
        for direction, line in (("incoming", lines.incoming), ("outgoing", lines.outgoing)):
            if line.state is None:
                continue
            self._add(f"number_{direction}", line.state, phone.number)
            if line.checked_at is not None:
                self._add(f"number_{direction}_checked_at", line.checked_at.isoformat(), phone.number)
            self._add(f"number_{direction}_alternate", line.alternate or "", phone.number)

    async def read_templates(self, waba_id: str) -> None:
        """Count all templates of the WABA; raises ProviderFailed where they are not all of them."""
        if not waba_id:
            raise ProviderFailed("The templates are not counted: no WABA id is given.", "Enter it in the editor.")
        templates: list[Template] = []
        question: dict[str, str | int] = {"waba_id": waba_id, "limit": _MOST_TEMPLATES}
        seen: set[str] = set()
        for _ in range(_MOST_TEMPLATE_PAGES):
            response = await self._account.get(TEMPLATES, most_bytes=MOST_PAGE_BYTES, **question)
            refused = templates_refusal(response, self._account.asked)
            if refused is not None:
                raise refused
            page = template_page_of(response, self._account.asked)
            templates += page.templates
            if not page.templates or (page.after is None and len(page.templates) < _MOST_TEMPLATES):
                break
            if page.after is None or page.after in seen:
                raise _too_many_templates(len(templates))
            seen.add(page.after)
            question["after"] = page.after
        else:
            raise _too_many_templates(len(templates))
        counts = Counter(template.state for template in templates)
        for state in (*TEMPLATE_STATES, "other"):
            self._add(f"templates_{state}", str(counts[state]))
        rejected = [template for template in templates if template.state == "rejected"]
        reasons = [f"{template.name}: {template.reason or 'no reason given'}" for template in rejected]
        self._add("templates_rejected_reasons", "\n".join(reasons))


def _ends_reading(why: ProviderFailed) -> bool:
    """Whether the next request would meet the same: nobody answers, the key is refused, or a limit is reached."""
    return why.code in {"", "401", "402", "429"} or why.code.startswith("5")


def _too_many_templates(count: int) -> ProviderFailed:
    return ProviderFailed(
        f"There are more than {count} templates, and Exotel does not say how to read on, so they are not counted.",
        "Look at the templates in Exotel's portal.",
        code="200",
    )
