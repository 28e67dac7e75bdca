"""The command `serve`: the operations on integrations and phone numbers over HTTP."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tui.cli.completion.candidates import files
from tui.cli.parsing import command, option
from tui.cli.requirements import Requirements
from tui.cli.run import require_writable
from tui.data.keys.gate import check_gate
from tui.errors import ConfigError
from tui.session.session import require_configured, require_installed

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.http.addresses import Place, Proxies
    from tui.providers.public_address import Destinations
    from tui.session.session import Session

PACKAGES = ("jwt", "starlette", "uvicorn")


@command(needs=Requirements("administrator", key="required", writes="data", connects=False, organization=False))
@option("--listen", metavar="ADDRESS:PORT", help="Where to listen, in place of 127.0.0.1:8710.")
@option("--socket", metavar="PATH", shell_complete=files, help="Listen at a Unix socket, for its owner and group.")
@option("--behind-tls-proxy", help="Listen where other machines reach it: a proxy with TLS alone does.")
@option("--issuer", metavar="TEXT", help="The iss of every token; Supabase's JWKS names it.")
@option("--audience", metavar="TEXT", help="The aud of every token, else `authenticated`.")
@option("--origin", metavar="ORIGIN", multiple=True, help="A page that may read answers: https://app.example.")
@option("--proxy", metavar="ADDRESS", multiple=True, help="A proxy (or `socket`) believed about who asks.")
@option("--allow-network", metavar="NETWORK", multiple=True, help="A network that tested hosts may be in.")
def serve(
    listen: str | None,
    socket: str | None,
    behind_tls_proxy: bool,
    issuer: str | None,
    audience: str | None,
    origin: tuple[str, ...],
    proxy: tuple[str, ...],
    allow_network: tuple[str, ...],
) -> Work:
    """Answer a web page about integrations over HTTP.

    It lists, shows, saves, tests and deletes integrations, and lists and assigns phone numbers. Who asks is the person
    of a bearer token (SUPABASE_JWT_SECRET or SWITCHBOARD_JWKS verifies it); what they may do is what they hold in their
    organisation. The login has to be one that speaks for others.
    """
    if any(find_spec(name) is None for name in PACKAGES):
        raise ConfigError(
            "What serves HTTP is not installed.",
            "Install it with the package: pip install 'switchboard-console[http]'.",
        )
    from tui.http.addresses import Proxies, listening_place, network_of, require_origin
    from tui.providers.public_address import Destinations

    place = listening_place(listen, socket, behind_tls_proxy=behind_tls_proxy)
    for one in origin:
        require_origin(one)
    networks = tuple(network_of(one, "--allow-network") for one in allow_network)
    return partial(
        _serve,
        place=place,
        issuer=issuer,
        audience=audience or "authenticated",
        origins=origin,
        proxies=Proxies(proxy),
        destinations=Destinations(networks, frozenset(PORTS), NOT_PUBLIC),
    )


PORTS = (443, 465, 587, 993)
NOT_PUBLIC = "Check the host; whoever runs this server can allow its network."


async def _serve(
    session: Session,
    out: Output,
    *,
    place: Place,
    issuer: str | None,
    audience: str,
    origins: tuple[str, ...],
    proxies: Proxies,
    destinations: Destinations,
) -> None:
    from tui.http.app import Application
    from tui.http.availability import Availability
    from tui.http.server import listen, place_of
    from tui.http.server import serve as answer
    from tui.http.verifier import make_verifier, require_speaker

    verifier = await make_verifier(session.settings, issuer=issuer, audience=audience)
    require_configured(session)
    # Whom it speaks for each request says; nobody is its operator.
    session.settings = replace(session.settings, operator=None)
    session.names_operators = True
    await session.connect()
    require_installed(session)
    require_writable(session)
    require_speaker(session)
    (await check_gate(session.database, session.keyring)).require_write()
    listener = listen(place)
    availability = Availability(session.database)
    application = Application(
        session,
        verifier,
        availability,
        proxies=proxies,
        destinations=destinations,
        origins=origins,
        tell=out.say,
    )
    listening = place_of(listener)

    def ready() -> None:
        out.say(f"Listening on {listening}; ctrl+c stops.")
        if out.as_json:
            out.line({"listening": listening})
            sys.stdout.flush()

    try:
        await answer(application, listener, ready=ready)
    finally:
        await availability.close()
