"""Verifies bearer tokens: signed by the configured key, in time, meant for us, of somebody who has signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import jwt

from tui.errors import ConfigError
from tui.http.answers import Refused
from tui.words.log.details import uuid_in

if TYPE_CHECKING:
    from uuid import UUID

    from tui.http.token_keys import KeySet
    from tui.secret import Secret

ROLE = "authenticated"
SHORTEST_SECRET_BYTES = 32
"""What RFC 7518, section 3.2, asks of a key for HS256."""
LONGEST_TOKEN = 8_192
LEEWAY_S = 10.0
NEVER = 2**53
"""An end at which numbers are no seconds any more."""
REQUIRED = ("exp", "sub", "aud", "iss", "role")


class Identity(NamedTuple):
    """Who a token says it is: the person, and the organisation that the issuer says they are in, if any."""

    person_id: UUID
    organization_id: UUID | None


class SecretKey:
    """The secret that HS256 tokens are signed with."""

    algorithms = ("HS256",)

    def __init__(self, secret: Secret) -> None:
        text = secret.reveal("verify tokens")
        if len(text.encode()) < SHORTEST_SECRET_BYTES:
            raise ConfigError(
                f"SUPABASE_JWT_SECRET is shorter than {SHORTEST_SECRET_BYTES} bytes, so that its tokens can be forged.",
                "Copy it from the project's settings, or make a longer one.",
            )
        self._secret = secret

    async def key_for(self, header: dict[str, Any]) -> Any:
        """Return the secret, whatever key id a token names."""
        return self._secret.reveal("verify tokens")


class Verifier:
    """Verifies tokens of one issuer, for one audience, with one kind of key."""

    def __init__(self, keys: SecretKey | KeySet, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    async def verify(self, token: str) -> Identity:
        """Return whose token it is. Raises Refused with 401, which repeats nothing of the token.

        Raises Unavailable where the keys cannot be had.
        """
        header = _header_of(token)
        # Before any key is looked for: what is signed otherwise is none of ours, whatever its header says.
        if header.get("alg") not in self._keys.algorithms:
            raise _refused("The token is signed in a way that is not accepted here.")
        if "crit" in header or header.get("b64") is False:
            raise _refused("The token has a header that is not understood here.")
        key = await self._keys.key_for(header)
        if key is None:
            raise _refused("The token is signed with a key that is not known here.")
        algorithm = getattr(key, "algorithm_name", None) or self._keys.algorithms[0]
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": list(REQUIRED), "strict_aud": False},
            )
        except jwt.ExpiredSignatureError:
            raise _refused("The token has expired.") from None
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError):
            raise _refused("The token is not valid here.") from None
        return _identity_of(claims)


def _header_of(token: str) -> dict[str, Any]:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise _refused("The token is not valid here.")
    try:
        return jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise _refused("The token is not valid here.") from None


def _identity_of(claims: dict[str, Any]) -> Identity:
    """Return who the verified claims are of; what the person writes themself (user_metadata) is never looked at."""
    if claims["role"] != ROLE:
        raise _refused("The token is of no person who has signed in.")
    if claims.get("is_anonymous", False) is not False:
        raise _refused("The token is of somebody who has signed in without a name.")
    person_id = uuid_in(claims["sub"])
    if person_id is None or not person_id.int:
        raise _refused("The token is of no person who has signed in.")
    if type(claims["exp"]) not in (int, float) or claims["exp"] >= NEVER:
        # PyJWT reads a text as well, and RFC 7519 has none.
        raise _refused("The token is not valid here.")
    metadata = claims.get("app_metadata")
    organization = metadata.get("organization_id") if isinstance(metadata, dict) else None
    return Identity(person_id, uuid_in(organization))


def _refused(sentence: str) -> Refused:
    return Refused(401, sentence, "Sign in again.")
