"""Lists the phone numbers of an account as a definition says, page by page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urljoin, urlsplit

from tui.errors import ProviderFailed
from tui.models.numbers import ListedNumber
from tui.providers.declared.asking import ask_address, open_host, secret_texts
from tui.providers.declared.definition import HttpsCheck
from tui.providers.declared.judging import no_answer
from tui.providers.declared.templates import render_path, values_of
from tui.providers.https_host import SECONDS
from tui.words.numbers.phone_number import e164, in_numbering_plan
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tui.providers.declared.definition import Definition, JsonPath, Numbers
    from tui.providers.declared.judging import Answer

MOST_PAGES = 200
MOST_NUMBERS = 10_000
LONGEST_NAME = 255
_LISTING_SECONDS = 150.0
_LONGEST_ADDRESS = 4096
_NOT_SYNCED = "Nothing was synced: a number that is left out would look deleted."


async def list_numbers(
    definition: Definition,
    credential: Mapping[str, Any],
    tell: Callable[[int], None],
    *,
    seconds: float = SECONDS,
) -> list[ListedNumber]:
    """Return the numbers of an account; `tell` gets how many are known after each page.

    `seconds` is for reaching the host and for each page. Raises ProviderFailed where not all of them are known.
    """
    numbers, check = definition.numbers, definition.check
    if numbers is None or not isinstance(check, HttpsCheck):
        # No list is not an empty one, by which every number would look deleted.
        raise ProviderFailed(f"The definition of {definition.title} lists no numbers.", "Add them by hand.")
    values = values_of(definition, credential)
    secrets = secret_texts(definition, check, values)
    listed: dict[str, ListedNumber] = {}
    async with open_host(definition, check, values, seconds) as host:
        address = render_path(numbers.path, definition, values)
        asked: set[str] = set()
        try:
            async with asyncio.timeout(_LISTING_SECONDS):
                while address:
                    asked.add(address)
                    answer = await ask_address(host, address)
                    before = len(listed)
                    page = _page(numbers, answer, host.place, definition.title, secrets)
                    listed |= {number.number: number for number in page}
                    tell(len(listed))
                    address = _next(numbers, answer, address, host.place, secrets)
                    if address in asked or (address and page and len(listed) == before):
                        raise _endless(host.place, "answers a page of its list of numbers again")
                    if len(asked) == MOST_PAGES and address:
                        raise _endless(host.place, f"has not ended its list of numbers after {MOST_PAGES} pages")
                    if len(listed) > MOST_NUMBERS:
                        raise _endless(host.place, f"lists more than {MOST_NUMBERS:,} numbers")
        except TimeoutError:
            raise ProviderFailed(
                f"{host.place} did not finish the list within {_LISTING_SECONDS:g} s.", "Try again later."
            ) from None
    return [*listed.values()]


def _page(numbers: Numbers, answer: Answer, host: str, title: str, secrets: Collection[str]) -> list[ListedNumber]:
    """The numbers of one page, without names that hold a secret.

    Raises ProviderFailed where it is none, or has one that cannot be read.
    """
    code = str(answer.status)
    if answer.status in {401, 403}:
        raise ProviderFailed(
            f"{title} does not let this credential list its numbers ({code}).", "Test the credential.", code=code
        )
    if not 200 <= answer.status < 300:
        raise no_answer(answer.status, host, "")
    entries = None if answer.problem else answer.at(numbers.list_path)
    if not isinstance(entries, list):
        misfit = answer.problem or (f"`{numbers.list_path}` is no list" if numbers.list_path else "it is no list")
        raise no_answer(answer.status, host, f"{misfit}.")
    return [_number(numbers, answer, entry, host, secrets) for entry in entries]


def _number(numbers: Numbers, answer: Answer, entry: Any, host: str, secrets: Collection[str]) -> ListedNumber:
    number = _e164(answer.at(numbers.number, entry))
    if number is None:
        raise ProviderFailed(f"{host} lists a number that cannot be read as one.", _NOT_SYNCED, code=str(answer.status))
    name = answer.at(numbers.name, entry) if numbers.name else None
    is_name = isinstance(name, str) and name.strip() and not any(secret in name for secret in secrets)
    return ListedNumber(
        number,
        safe_text(name, LONGEST_NAME) if is_name else None,
        can_call=_can(answer, numbers.can_call, entry),
        can_sms=_can(answer, numbers.can_sms, entry),
    )


def _e164(value: Any) -> str | None:
    """A number as providers write it: many leave out the + before a country code."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        return None
    if text.isascii() and text.isdigit() and not text.startswith("0"):
        whole = e164(f"+{text}")
        # Ten digits may also be a number of this country without its code.
        if whole is not None and (in_numbering_plan(whole) or e164(text) is None):
            return whole
    return e164(text)


def _can(answer: Answer, path: JsonPath, entry: Any) -> bool:
    return answer.at(path, entry) is True if path else True


def _next(numbers: Numbers, answer: Answer, address: str, host: str, secrets: Collection[str]) -> str:
    """The path and query of the next page, "" where there is none. Raises ProviderFailed for another host's."""
    following = answer.at(numbers.next_path) if numbers.next_path else None
    if not following:
        return ""
    failed = ProviderFailed(
        f"{host} names a next page of its list of numbers that is not asked: it is of another host, or no address.",
        _NOT_SYNCED,
        code=str(answer.status),
    )
    if not isinstance(following, str) or len(following) > _LONGEST_ADDRESS or not following.isprintable():
        raise failed
    own = f"https://{host}/"
    try:
        split = urlsplit(urljoin(urljoin(own, address), following))
        place = f"{split.hostname}:{split.port or 443}"
        query = parse_qsl(split.query, keep_blank_values=True)
    except ValueError:
        raise failed from None
    if split.scheme != "https" or place != (host if ":" in host else f"{host}:443") or "@" in split.netloc:
        raise failed
    # Some providers put the key into the address of the next page. It travels in a header, and nowhere else.
    kept = [(name, value) for name, value in query if value not in secrets]
    question = urlencode(kept) if len(kept) < len(query) else split.query
    following = f"{split.path}?{question}" if question else split.path
    if any(secret in text for secret in secrets for text in (following, unquote_plus(following))):
        raise failed
    return following


def _endless(host: str, what: str) -> ProviderFailed:
    return ProviderFailed(f"{host} {what}, so its end cannot be seen.", _NOT_SYNCED)
