"""The connection tests of Exotel's integrations, and the list of an account's ExoPhones."""

from __future__ import annotations

import asyncio
import difflib
import re
import time
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from tui.errors import ProviderFailed
from tui.providers import exotel_bodies as bodies
from tui.providers.exotel_exophones import NO_FLOW, page_of
from tui.providers.exotel_hosts import portal_of
from tui.providers.exotel_http import ExotelAccount
from tui.providers.exotel_responses import Refusal, account_refusal, refusal, templates_refusal
from tui.providers.field_kinds import as_text
from tui.providers.https_host import SECONDS
from tui.providers.verdicts import Verdict
from tui.words.numbers import phone_number as numbers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from tui.models.numbers import ListedNumber
    from tui.providers.exotel_exophones import ExoPhone, Page
    from tui.providers.https_host import Response
    from tui.providers.verdicts import Level, Outcome, Tell

# Exotel advises to ask for a call, whose answer is a record about a customer; the account says as much of the key.
ACCOUNT = "v1/Accounts/{sid}"
# The best documented of Exotel's three lists of numbers.
EXOPHONES = "v2_beta/Accounts/{sid}/IncomingPhoneNumbers"
TEMPLATES = "v2/accounts/{sid}/templates"

MOST_ACCOUNT_BYTES = 64 * 1024
MOST_PAGE_BYTES = 1024 * 1024
# As in Exotel's samples: how many it takes at most is documented nowhere.
PAGE_SIZE = 50
MOST_PAGES = 100
SEARCH_SECONDS = 30.0
"""How long the pages of the list may take all together while a test looks for a number."""

LISTING_SECONDS = 150.0
"""How long they may take while the whole list is fetched."""

Capability = Literal["voice", "sms"]

# Seen by public clients: an account may call Indian numbers once this is what its KycStatus says.
_KYC_DONE = "completed"
_WORD = re.compile("[A-Za-z][A-Za-z_ -]{0,29}")

_answer = partial(Verdict, "answer")


async def prove_phone(credential: Mapping[str, Any], tell: Tell, *, seconds: float = SECONDS) -> None:
    """Test exotel_phone: the account, then whether the virtual number and the caller ID are its ExoPhones with voice.

    `seconds` is for reaching the host and for each response. Raises nothing that Exotel can cause.
    """

    async def numbers_too(account: ExotelAccount) -> None:
        numbers_by_subject = {"number": as_text(credential.get("virtual_number"))}
        caller_id = as_text(credential.get("caller_id"))
        if caller_id and not numbers.same_number(caller_id, numbers_by_subject["number"]):
            numbers_by_subject["caller ID"] = caller_id
        await _prove_numbers(account, numbers_by_subject, "voice", tell)

    await _prove(credential, tell, seconds, numbers_too)


async def prove_sms(credential: Mapping[str, Any], tell: Tell, *, seconds: float = SECONDS) -> None:
    """Test exotel_sms: the account, then whether the sender is one of its ExoPhones with SMS. As prove_phone."""

    async def sender_too(account: ExotelAccount) -> None:
        sender = as_text(credential.get("sms_number"))
        if numbers.e164(sender) is None:
            what_to_do = f"That it is approved for you can only be seen at {portal_of(account.host)}."
            tell(_answer("number", "doubtful", "A sender name cannot be looked up at Exotel.", what_to_do))
        else:
            await _prove_numbers(account, {"number": sender}, "sms", tell)

    await _prove(credential, tell, seconds, sender_too)


async def prove_whatsapp(credential: Mapping[str, Any], tell: Tell, *, seconds: float = SECONDS) -> None:
    """Test exotel_whatsapp: the account, then the templates of the WABA where its id is given. As prove_phone."""

    async def templates_too(account: ExotelAccount) -> None:
        waba_id = as_text(credential.get("waba_id"))
        if not waba_id:
            what_to_do = "With the WABA id, its templates can be asked for too."
            sentence = "That WhatsApp is enabled for the account is not proven: no WABA id is given."
            tell(_answer("templates", "doubtful", sentence, what_to_do))
            return
        response = await account.get(TEMPLATES, most_bytes=MOST_PAGE_BYTES, waba_id=waba_id, limit=1)
        refused = templates_refusal(response, account.asked)
        if refused is None:
            sentence = "Exotel answers for this WABA; whether the number belongs to it cannot be asked."
            tell(_answer("templates", "passed", sentence, "", response.milliseconds, str(response.status)))
        else:
            tell(_refusal_verdict("templates", refused, response))

    await _prove(credential, tell, seconds, templates_too, "templates")


async def list_numbers(
    credential: Mapping[str, Any], tell: Callable[[int], None], *, seconds: float = SECONDS
) -> list[ListedNumber]:
    """List all ExoPhones of the account, each once, telling after each page how many there are so far.

    Either the whole list or ProviderFailed: what is missing from it would be taken for gone. `seconds` is for
    reaching the host and for each page.
    """
    async with ExotelAccount(credential, seconds=seconds) as account:
        await account.reach()
        phones: dict[str, ExoPhone] = {}
        try:
            async with asyncio.timeout(LISTING_SECONDS), aclosing(pages_of_list(account)) as pages:
                async for page in pages:
                    for phone in page.entries:
                        if phone is None:
                            raise ProviderFailed(
                                f"{account.host} lists an ExoPhone that cannot be read as a number.",
                                "Nothing was synced: a number that is left out would look deleted.",
                            )
                        phones[phone.number] = merge(phones.get(phone.number), phone)
                    tell(len(phones))
        except TimeoutError:
            raise ProviderFailed(
                f"{account.host} did not finish the list within {LISTING_SECONDS:g} s.", "Try again later."
            ) from None
        return [phone.listed() for phone in phones.values()]


async def _prove(
    credential: Mapping[str, Any],
    tell: Tell,
    seconds: float,
    prove_more: Callable[[ExotelAccount], Awaitable[None]],
    subject: str = "number",
) -> None:
    level: Level = "reach"
    about = "host"
    started = time.monotonic()
    try:
        async with ExotelAccount(credential, seconds=seconds) as account:
            started = time.monotonic()
            milliseconds = await account.reach()
            sentence = f"{account.host} answers, and its certificate is valid."
            tell(Verdict("reach", "host", "passed", sentence, "", milliseconds))
            level, about, started = "answer", "account", time.monotonic()
            response = await account.get(ACCOUNT, most_bytes=MOST_ACCOUNT_BYTES)
            refused = account_refusal(response, account.asked)
            if refused is None:
                sentence = "Exotel accepts the key for this account."
                tell(_answer("account", "passed", sentence, "", response.milliseconds, str(response.status)))
                _tell_kyc(response, account.host, tell)
            else:
                tell(_refusal_verdict("account", refused, response))
                # The wrapping of the account is documented nowhere: what follows may prove the key all the same.
                if not refused.leaves_open:
                    return
            about, started = subject, time.monotonic()
            await prove_more(account)
    except ProviderFailed as problem:
        # Whoever was reached and then fell silent has said nothing about the credential.
        outcome: Outcome = "failed" if level == "reach" else "doubtful"
        milliseconds = round((time.monotonic() - started) * 1000)
        tell(Verdict(level, about, outcome, problem.sentence, problem.what_to_do, milliseconds, problem.code))


def _tell_kyc(response: Response, host: str, tell: Tell) -> None:
    """Tell that Exotel does not know yet who its customer is, which takes nothing from the key."""
    account = bodies.account_in(response.body)
    status = account.kyc_status if account is not None else ""
    if not status or status.lower() == _KYC_DONE:
        return
    shown = f" ({status.lower()})" if _WORD.fullmatch(status) else ""
    sentence = f"Exotel has not completed the KYC of this account{shown}: until then Indian numbers are blocked."
    what_to_do = f"Hand in what is missing at {portal_of(host)}."
    tell(_answer("KYC", "doubtful", sentence, what_to_do, response.milliseconds, str(response.status)))


def _refusal_verdict(subject: str, refused: Refusal, response: Response) -> Verdict:
    outcome: Outcome = "failed" if refused.says_no else "doubtful"
    return _answer(subject, outcome, refused.sentence, refused.what_to_do, response.milliseconds, refused.code)


async def _prove_numbers(
    account: ExotelAccount, numbers_by_subject: Mapping[str, str], capability: Capability, tell: Tell
) -> None:
    """Look for numbers, by the subject they are told under, until all are found or the list ends."""
    begun = time.monotonic()
    listed: dict[str, ExoPhone] = {}
    unreadable = 0
    is_documented = True
    problem: ProviderFailed | None = None
    sought = {subject: numbers.e164(number) or number.strip() for subject, number in numbers_by_subject.items()}
    try:
        async with asyncio.timeout(SEARCH_SECONDS), aclosing(pages_of_list(account)) as pages:
            async for page in pages:
                is_documented = is_documented and page.is_documented
                for phone in page.entries:
                    if phone is None:
                        unreadable += 1
                    else:
                        listed[phone.number] = merge(listed.get(phone.number), phone)
                if listed.keys() >= set(sought.values()):
                    break
    except ProviderFailed as failure:
        problem = failure
    except TimeoutError:
        sentence = f"{account.host} did not finish the list of ExoPhones within {SEARCH_SECONDS:g} s."
        problem = ProviderFailed(sentence, "Try again later.")
    milliseconds = round((time.monotonic() - begun) * 1000)
    for subject, number in sought.items():
        look = f"Look at {portal_of(account.host)} > ExoPhones."
        if number in listed:
            tell(_capability_verdict(subject, listed[number], capability, milliseconds, look))
            # Nobody calls a caller ID, and nobody hears an SMS.
            if subject == "number" and capability == "voice" and listed[number].call_flow == NO_FLOW:
                sentence = f"{number} has no call flow: whoever calls it hears nothing."
                what_to_do = f"Assign one at {portal_of(account.host)} > ExoPhones."
                tell(_answer("call flow", "doubtful", sentence, what_to_do, milliseconds, "200"))
        elif problem is not None:
            tell(_unlisted_verdict(subject, problem, milliseconds, look))
        else:
            verdict = _missing_verdict(subject, number, list(listed), unreadable, milliseconds, look)
            # Exotel documents one shape of the list; that another one is whole is not known.
            tell(verdict if is_documented else replace(verdict, outcome="doubtful"))


async def pages_of_list(account: ExotelAccount) -> AsyncGenerator[Page, None]:
    """Yield the pages of the list; raises ProviderFailed where it ends before its end.

    The links to the next page are only believed to exist: Exotel's own samples lead to another host, without TLS.
    """
    seen: set[str] = set()
    for n in range(MOST_PAGES):
        response = await account.get(EXOPHONES, most_bytes=MOST_PAGE_BYTES, Page=n, PageSize=PAGE_SIZE)
        refused = refusal(response, account.asked)
        if refused is not None:
            raise refused
        page = page_of(response, account.asked, PAGE_SIZE)
        listed = {entry.number for entry in page.entries if entry is not None}
        if listed and listed <= seen:
            # Beyond the end some servers repeat the last page. But where the second page already repeats a full
            # first one, pages may not be turned at all, and the rest of the list be missing.
            if n == 1 and len(page.entries) == page.size:
                raise ProviderFailed(
                    f"{account.host} answers the same {len(page.entries)} ExoPhones for every page.",
                    "Whether there are more cannot be seen; ask Exotel's support why.",
                    code=str(response.status),
                )
            return
        seen |= listed
        if page.entries:
            yield page
        if not page.entries or page.more is False or (page.more is None and len(page.entries) < page.size):
            return
    raise ProviderFailed(
        f"The list of ExoPhones has not ended after {MOST_PAGES} pages with {len(seen)} numbers.",
        "That is not a list of Exotel: check the API host.",
    )


def merge(earlier: ExoPhone | None, phone: ExoPhone) -> ExoPhone:
    """One entry of two for the same number, with what either of them says it can do."""
    if earlier is None:
        return phone
    return replace(
        earlier,
        name=earlier.name or phone.name,
        voice=_merge_flags(earlier.voice, phone.voice),
        sms=_merge_flags(earlier.sms, phone.sms),
        sid=earlier.sid or phone.sid,
        call_flow=phone.call_flow if earlier.call_flow in (None, NO_FLOW) else earlier.call_flow,
        is_documented=earlier.is_documented and phone.is_documented,
    )


def _merge_flags(first: bool | None, second: bool | None) -> bool | None:
    return second if first is None else first or bool(second)


def _capability_verdict(subject: str, phone: ExoPhone, capability: Capability, milliseconds: int, look: str) -> Verdict:
    can = phone.voice if capability == "voice" else phone.sms
    name = "voice" if capability == "voice" else "SMS"
    if can:
        sentence = f"{phone.number} is an ExoPhone of this account and has {name}."
        return _answer(subject, "passed", sentence, "", milliseconds, "200")
    if can is None:
        sentence = f"{phone.number} is an ExoPhone of this account; Exotel does not say whether it has {name}."
        return _answer(subject, "doubtful", sentence, look, milliseconds, "200")
    sentence = f"{phone.number} is an ExoPhone of this account, but it has no {name}."
    what_to_do = f"Use another ExoPhone, or ask Exotel's support for {name} on this one."
    outcome: Outcome = "failed" if phone.is_documented else "doubtful"
    return _answer(subject, outcome, sentence, what_to_do, milliseconds, "200")


def _missing_verdict(
    subject: str, number: str, listed: list[str], unreadable: int, milliseconds: int, look: str
) -> Verdict:
    if unreadable:
        sentence = f"{number} was not found: {unreadable} of {len(listed) + unreadable} ExoPhones cannot be read."
        return _answer(subject, "doubtful", sentence, look, milliseconds, "200")
    if not listed:
        sentence = f"The account has no ExoPhones, so {number} is not one of them."
        return _answer(subject, "failed", sentence, "Check the account SID, or buy one.", milliseconds, "200")
    how_many = "the one ExoPhone" if len(listed) == 1 else f"one of the {len(listed)} ExoPhones"
    sentence = f"{number} is not {how_many} of this account."
    nearest = difflib.get_close_matches(number, listed, n=1, cutoff=0.8)
    examples = f"There is {', '.join(listed[:3])}{' ...' * (len(listed) > 3)}."
    hint = f"The nearest is {nearest[0]}." if nearest else examples
    return _answer(subject, "failed", sentence, f"{hint} Correct the number, or the account.", milliseconds, "200")


def _unlisted_verdict(subject: str, problem: ProviderFailed, milliseconds: int, look: str) -> Verdict:
    """Return the verdict on a number whose list did not come, although the account was good."""
    if problem.code in {"401", "403", "404"}:
        says_no = False
        sentence = (
            f"Exotel accepts the key, but not for the list of ExoPhones ({problem.code}), so the number is not checked."
        )
        what_to_do = f"The key may be restricted to parts of the API. {look}"
    else:
        says_no = isinstance(problem, Refusal) and problem.says_no
        sentence, what_to_do = f"The number is not checked. {problem.sentence}", problem.what_to_do
    outcome: Outcome = "failed" if says_no else "doubtful"
    return _answer(subject, outcome, sentence, what_to_do, milliseconds, problem.code, is_temporary=not says_no)
