"""Exotel: the phone, WhatsApp and SMS integrations of one Exotel account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.providers.exotel_hosts import DEFAULT_HOST, HOSTS, REGIONS, api_of_portal, likelier_host
from tui.providers.fields import Field, Findings, IntegrationType

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tui.models.numbers import ListedNumber
    from tui.providers.observations import Observation, Reading
    from tui.providers.verdicts import Tell

REFUSED_AGAIN_AFTER_H = 24
_PORTALS = " or ".join(f"{region.portals[0]} ({region.city})" for region in REGIONS)

WHERE_TO_FIND = (
    f"Sign in to {_PORTALS} as an administrator and open Settings > API Settings: the account SID, the API key and the "
    "API token are there. Copy each value by itself; a space or a line break copied with it makes Exotel refuse it. "
    "Regenerating the token there ends the old one at once."
)

ACCOUNT_SID = Field(
    "account_sid",
    "Account SID",
    "word",
    "The name of the account, from Settings > API Settings.",
    example="exampleco1",
    required=True,
)
API_KEY = Field(
    "api_key",
    "API key",
    "word",
    "The user name of the API, from Settings > API Settings.",
    example="48 letters and digits",
    required=True,
    secret=True,
)
API_TOKEN = Field(
    "api_token",
    "API token",
    "word",
    "The password of the API, from Settings > API Settings.",
    example="48 letters and digits",
    required=True,
    secret=True,
)
API_HOST = Field(
    "api_host",
    "API host",
    "host_port",
    "The region, fixed when the account was created: "
    f"{', '.join(f'{region.api} is {region.city}' for region in REGIONS)}.",
    example="api.in.exotel.com",
    default=DEFAULT_HOST,
    choices=HOSTS,
)
ACCOUNT = (ACCOUNT_SID, API_KEY, API_TOKEN, API_HOST)


def check_account(credential: Mapping[str, Any]) -> Findings:
    """Find what HTTP Basic authentication cannot carry, a key pasted twice, and a host of another kind or region."""
    findings = Findings()
    key = credential.get("api_key")
    if isinstance(key, str) and ":" in key:
        # RFC 7617, section 2: a user-id with a colon is invalid.
        findings.problems["api_key"] = "A key without a colon: only the API key belongs here, not key:token."
    if isinstance(key, str) and key and key == credential.get("api_token"):
        findings.warnings["api_key"] = "The API token is the same; Exotel shows two different values."
    _check_host(credential, findings)
    return findings


def _check_host(credential: Mapping[str, Any], findings: Findings) -> None:
    host = str(credential.get("api_host") or DEFAULT_HOST).lower().partition(":")[0].removesuffix(".")
    api = api_of_portal(host)
    if api is not None:
        findings.problems["api_host"] = f"{host} is the portal, where people sign in. Enter the host of its API, {api}."
        findings.offers["api_host"] = api
        return
    likelier = likelier_host(str(credential.get("account_sid") or ""), host)
    if likelier is not None:
        findings.warnings["api_host"] = (
            f"An account SID that ends like this one is usually of another region. Its API host is {likelier}."
        )
        findings.offers["api_host"] = likelier


def check_sms(credential: Mapping[str, Any]) -> Findings:
    """As check_account, and whether what India's operators ask for is there."""
    findings = check_account(credential)
    sender = str(credential.get("sms_number") or "").strip()
    # A sender name and a number without a country are Indian too.
    is_foreign = sender.startswith("+") and not sender.startswith("+91")
    if sender and not is_foreign and not credential.get("dlt_entity_id"):
        findings.warnings["dlt_entity_id"] = (
            "It is mandatory in India (DLT): operators refuse messages without it. "
            "Leave it blank only where nothing is sent to Indian numbers."
        )
    return findings


def check_whatsapp(credential: Mapping[str, Any]) -> Findings:
    """As check_account, and an automatic reply that says nothing."""
    findings = check_account(credential)
    if credential.get("auto_reply_enabled") is True and not credential.get("auto_reply_message"):
        findings.warnings["auto_reply_message"] = "The automatic reply is on, but it has no text."
    return findings


# Every start reads this module, and few of them test anything.
async def prove_phone(credential: Mapping[str, Any], tell: Tell) -> None:
    """Test the account, the virtual number and the caller ID."""
    from tui.providers import exotel_check

    await exotel_check.prove_phone(credential, tell)


async def prove_whatsapp(credential: Mapping[str, Any], tell: Tell) -> None:
    """Test the account, and its templates where their WABA is known."""
    from tui.providers import exotel_check

    await exotel_check.prove_whatsapp(credential, tell)


async def prove_sms(credential: Mapping[str, Any], tell: Tell) -> None:
    """Test the account and the sender."""
    from tui.providers import exotel_check

    await exotel_check.prove_sms(credential, tell)


async def list_numbers(credential: Mapping[str, Any], tell: Callable[[int], None]) -> list[ListedNumber]:
    """List all ExoPhones of the account. Raises ProviderFailed."""
    from tui.providers import exotel_check

    return await exotel_check.list_numbers(credential, tell)


async def observe_numbers(
    credential: Mapping[str, Any],
    take: Callable[[Observation], None],
    *,
    fresh: Collection[str] = (),
    stale: Sequence[str] = (),
    tell: Callable[[int, int], None] | None = None,
) -> Reading:
    """Read the account, its balance, and the call flow and the health of each ExoPhone."""
    from tui.providers import exotel_observe

    return await exotel_observe.observe_numbers(credential, take, fresh=fresh, stale=stale, tell=tell)


async def observe_whatsapp(
    credential: Mapping[str, Any],
    take: Callable[[Observation], None],
    *,
    fresh: Collection[str] = (),
    stale: Sequence[str] = (),
    tell: Callable[[int, int], None] | None = None,
) -> Reading:
    """Read the account, its balance, and its templates where their WABA is known."""
    from tui.providers import exotel_observe

    return await exotel_observe.observe_whatsapp(credential, take, fresh=fresh, stale=stale, tell=tell)


TYPES = (
    IntegrationType(
        "exotel_phone",
        "Exotel phone",
        WHERE_TO_FIND + " The number is one of your ExoPhones; it must be active and have voice.",
        (
            *ACCOUNT,
            Field(
                "virtual_number",
                "Virtual number",
                "phone",
                "The ExoPhone that calls go through. It is kept as you type it.",
                example="01141169368",
                required=True,
                max_length=20,
            ),
            Field(
                "caller_id",
                "Caller ID",
                "phone",
                "The ExoPhone that the called person sees, where it is another one.",
                example="08033755555",
                max_length=20,
            ),
        ),
        check=check_account,
        test=prove_phone,
        refused_again_after_h=REFUSED_AGAIN_AFTER_H,
        list_numbers=list_numbers,
        observe=observe_numbers,
    ),
    IntegrationType(
        "exotel_whatsapp",
        "Exotel WhatsApp",
        WHERE_TO_FIND + " The WhatsApp number must be registered with Exotel as a WhatsApp business number.",
        (
            *ACCOUNT,
            Field(
                "whatsapp_number",
                "WhatsApp number",
                "e164",
                "The registered business number, with its country code.",
                example="+919876543210",
                required=True,
                max_length=20,
            ),
            Field(
                "waba_id",
                "WABA id",
                "word",
                "The id of the WhatsApp business account; with it the templates can be checked too.",
                example="104857600123456",
            ),
            Field("business_name", "Business name", "text", "The name that customers see.", example="Example & Co."),
            Field(
                "auto_reply_enabled",
                "Automatic reply",
                "yes_no",
                "Whether a message outside business hours is answered by itself.",
                example="no",
                default="no",
            ),
            Field(
                "auto_reply_message",
                "Reply text",
                "multiline",
                "What the automatic reply says; several lines are fine.",
                example="Thank you. We answer on weekdays from 9 to 18.",
                max_length=4096,
            ),
        ),
        foreign_fields=("business_hours",),
        check=check_whatsapp,
        test=prove_whatsapp,
        refused_again_after_h=REFUSED_AGAIN_AFTER_H,
        observe=observe_whatsapp,
    ),
    IntegrationType(
        "exotel_sms",
        "Exotel SMS",
        WHERE_TO_FIND + " The sender is an ExoPhone with SMS, or a sender name that was approved for you.",
        (
            *ACCOUNT,
            Field(
                "sms_number",
                "SMS number",
                "sender",
                "The ExoPhone or the approved sender name. It is kept as you type it.",
                example="01141169368",
                required=True,
                max_length=20,
            ),
            Field(
                "dlt_entity_id",
                "DLT entity id",
                "word",
                "The id under which your company is registered for DLT; in India no message is sent without it.",
                example="1101234567890123456",
            ),
            Field(
                "dlt_template_id",
                "DLT template id",
                "word",
                "The id of the registered text, where all messages have the same.",
                example="1107123456789012345",
            ),
            Field(
                "sms_type",
                "SMS type",
                "choice",
                "As the text is registered for DLT: transactional, transactional_opt_in or promotional.",
                example="transactional",
                choices=("transactional", "transactional_opt_in", "promotional"),
            ),
        ),
        check=check_sms,
        test=prove_sms,
        refused_again_after_h=REFUSED_AGAIN_AFTER_H,
        list_numbers=list_numbers,
        observe=observe_numbers,
    ),
)
