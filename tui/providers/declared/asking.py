"""Where a definition's HTTPS check asks: its host, with the credential in a header and nowhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from tui.errors import ProviderFailed
from tui.providers.declared.judging import MOST_BYTES, REFUSALS_READ, Answer, refusal
from tui.providers.declared.templates import labels_in, render_path, rendered_whole
from tui.providers.field_kinds import host_and_port
from tui.providers.https_host import SECONDS, HttpsHost, basic
from tui.providers.public_address import PRIVATE_TOO, PUBLIC
from tui.providers.transport_failures import HTTPS_PORT, Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.providers.declared.definition import Definition, Get, HttpsCheck
    from tui.providers.public_address import Destinations

_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_ADVICE = "Check the host. Only a definition of root's that says `private_network = true` may lead there."


def destinations(*, private_network: bool) -> Destinations:
    """Return where the check of a definition may lead."""
    return PRIVATE_TOO if private_network else PUBLIC._replace(advice=_ADVICE)


def open_host(
    definition: Definition, check: HttpsCheck, values: Mapping[str, str], seconds: float = SECONDS
) -> HttpsHost:
    """Return the host of the check for these values of fields, to be used with `async with`.

    Raises ProviderFailed where they are not what an address or a header can carry.
    """
    fields = {field.name: field for field in definition.fields}
    label = fields[check.host_field].label if not check.host else "host in its definition"
    split = host_and_port(check.host or values[check.host_field])
    if split is None:
        raise ProviderFailed(f"The {label} is not a host name, so nothing was asked.", "Write it like api.example.com.")
    endpoint = Endpoint(split[0], split[1] or HTTPS_PORT, label)
    where = destinations(private_network=check.private_network)
    headers = _headers(definition, check, values)
    return HttpsHost(endpoint, definition.title, headers, seconds=seconds, destinations=where)


async def ask(host: HttpsHost, definition: Definition, path: str, values: Mapping[str, str]) -> Answer:
    """Ask for a path of the definition. Raises ProviderFailed where no whole answer came."""
    return await ask_address(host, render_path(path, definition, values))


async def ask_address(host: HttpsHost, address: str) -> Answer:
    """Ask for a path and query that are quoted already. Raises ProviderFailed where no whole answer came."""
    path = address.removeprefix("/")
    return Answer(await host.get(path, most_bytes=MOST_BYTES, refusals_read=REFUSALS_READ))


async def ask_get(
    host: HttpsHost, definition: Definition, get: Get, values: Mapping[str, str]
) -> tuple[Answer, ProviderFailed | None]:
    """Ask one of the check's GETs; return the answer, and what speaks against a yes. Raises as `ask` does."""
    answer = await ask(host, definition, get.path, values)
    return answer, refusal(get, answer, values, host.place, definition.title)


def secret_texts(definition: Definition, check: HttpsCheck, values: Mapping[str, str]) -> frozenset[str]:
    """Return what no answer may tell further: the secrets, also as they are sent and as an address writes them.

    Raises ProviderFailed as `open_host` does.
    """
    secrets = [values[field.name] for field in definition.fields if field.secret and values[field.name]]
    sent = [header.rpartition(" ")[2] for header in _headers(definition, check, values).values()]
    return frozenset([*secrets, *sent, *(quote(secret, safe="", errors="replace") for secret in secrets)])


def _headers(definition: Definition, check: HttpsCheck, values: Mapping[str, str]) -> dict[str, str]:
    authorization = check.authorization
    secret = rendered_whole(authorization.secret, definition, values)
    if authorization.scheme == "basic":
        user = rendered_whole(authorization.user, definition, values)
        if ":" in user:
            raise ProviderFailed(
                f"The {labels_in(authorization.user, definition)} has a colon in it, so nothing was asked.",
                "Copy it once more: a user name with a colon cannot be sent.",
            )
        return {"Authorization": basic(user, secret)}
    if not _HEADER_VALUE.fullmatch(secret):
        raise ProviderFailed(
            f"The {labels_in(authorization.secret, definition)} has characters that no header can carry; "
            "nothing was sent.",
            "Copy it once more, in plain letters and without line breaks.",
        )
    if authorization.scheme == "bearer":
        return {"Authorization": f"Bearer {secret}"}
    return {authorization.header: secret}
