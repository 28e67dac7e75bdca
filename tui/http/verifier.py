"""The one verifier that the settings say, and the login that the server needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import ConfigError, PermissionDenied
from tui.http.fetching import fetch_keys
from tui.http.token_keys import KeySet, is_address
from tui.http.tokens import SecretKey, Verifier
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.session.session import Session
    from tui.settings.settings import Settings

WELL_KNOWN = "/.well-known/"


async def make_verifier(settings: Settings, *, issuer: str | None, audience: str) -> Verifier:
    """Return the verifier of the settings. Raises ConfigError where there is none, or more than one."""
    secret, place = settings.jwt_secret, settings.jwks
    if (secret is None) == (place is None):
        raise ConfigError(
            "Nothing says how tokens are verified." if secret is None else "Two settings say how tokens are verified.",
            "Set one of SUPABASE_JWT_SECRET and SWITCHBOARD_JWKS.",
        )
    if place is not None and is_address(place) and not place.startswith("https://"):
        raise ConfigError("SWITCHBOARD_JWKS is neither a file nor an address that begins with https://.", "Correct it.")
    if issuer is None and place is not None and is_address(place) and WELL_KNOWN in place:
        issuer = place.partition(WELL_KNOWN)[0]
    if not issuer:
        raise ConfigError(
            "Nothing says who issues the tokens.",
            "Give it with --issuer; Supabase's is https://REF.supabase.co/auth/v1.",
        )
    if secret is not None:
        return Verifier(SecretKey(secret), issuer=issuer, audience=audience)
    keys = KeySet(place or "", fetch_keys)
    await keys.prepare()
    return Verifier(keys, issuer=issuer, audience=audience)


def require_speaker(session: Session) -> None:
    """Raise PermissionDenied unless the login speaks for others: each request is then its person's, and no more."""
    login = session.database.login
    if login is None or not login.vouches:
        name = safe_text(login.name, 63) if login else "of this connection"
        raise PermissionDenied(
            f"The login {name} is not one that speaks for others, so that the database would take every request for "
            "its own.",
            "Make one for the server alone, as the owner: `switchboard access add web --speaks-for-others --role admin "
            "--all-organizations --create`; then start with its DATABASE_URL.",
        )
