"""The check of a declared type that is a mailbox: a login by SMTP, by IMAP or by both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import ProviderFailed
from tui.providers.declared.asking import destinations
from tui.providers.declared.templates import render, rendered_whole
from tui.providers.field_kinds import host_and_port
from tui.providers.mail.check import IMAP, LEVEL_SECONDS, SMTP, Place, check_mailbox
from tui.providers.mail.provider import MailProvider
from tui.providers.mail.responses import Login
from tui.providers.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.providers.declared.definition import Definition, MailCheck
    from tui.providers.verdicts import Tell


async def check_mail(
    definition: Definition,
    check: MailCheck,
    values: Mapping[str, str],
    tell: Tell,
    *,
    is_watched: bool = True,
    login: Login | None = None,
    seconds: float = LEVEL_SECONDS,
) -> None:
    """Log in once by each protocol of the check, with `login` in place of the credential's own where it is given."""
    try:
        login = login or login_of(definition, check, values)
        places = [
            Place(service, _host(definition, mail.host, values), render(mail.port, values))
            for service, mail in ((SMTP, check.smtp), (IMAP, check.imap))
            if mail is not None
        ]
    except ProviderFailed as failed:
        tell(Verdict("reach", "host", "failed", failed.sentence, failed.what_to_do))
        return
    await check_mailbox(
        login,
        places,
        provider_of(definition),
        tell,
        is_watched=is_watched,
        destinations=destinations(private_network=check.private_network),
        seconds=seconds,
    )


def login_of(definition: Definition, check: MailCheck, values: Mapping[str, str]) -> Login:
    """Return what is sent to log in. Raises ProviderFailed where a field of it is empty."""
    user, password = (rendered_whole(part, definition, values) for part in (check.user, check.password))
    return Login(user, password)


def provider_of(definition: Definition) -> MailProvider:
    """Return the definition as what advice about a refused login names."""
    return MailProvider(
        definition.title,
        f"Switch it on in the settings of the mailbox, or ask whoever administers it at {definition.title}.",
        lambda host: (
            "Many providers ask programs for an app password of their own: make one in the settings of the account."
        ),
        lambda host: f"If user name and password are right, check that {host} is the host of this mailbox.",
        login_with="password",
    )


def _host(definition: Definition, template: str, values: Mapping[str, str]) -> str:
    split = host_and_port(rendered_whole(template, definition, values))
    if split is None or split[1] is not None:
        raise ProviderFailed("The mail host is not a host name, so nothing was asked.", "Write it like mx.example.com.")
    return split[0]
