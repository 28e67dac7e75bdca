"""The public keys of tokens: a JWKS (RFC 7517) in a file or at an address, read again where a token names a new one."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tui.errors import ConfigError
from tui.http.answers import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LARGEST_BYTES = 65_536
MOST_KEYS = 50
FEWEST_RSA_BITS = 2048
READ_AGAIN_AFTER_S = 60.0
"""A key that is not known is looked for again, at most once in so long: anybody can name one."""
OLD_AFTER_S = 600.0
"""A key that its issuer takes back is good for so long at most."""
ASKED_FOR_S = 5.0

NO_KEYS = "The keys that tokens are signed with cannot be had at the moment."


class KeySet:
    """The keys of a JWKS by their ids. RS256 and ES256 alone: a key of any other kind is left out."""

    algorithms = ("RS256", "ES256")

    def __init__(
        self, place: str, fetch: Callable[[str], Awaitable[bytes]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`place` is the path of a file, or an address, which `fetch` gets. It raises OSError where it cannot."""
        self._place = place
        self._clock = clock
        self._fetch = fetch if is_address(place) else _read_file
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._tried_at = self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def prepare(self) -> None:
        """Read the keys for the first time. Raises ConfigError where there is no key in a file.

        An address may be away for now: then the first token asks there.
        """
        await self._read()
        if not self._keys and not is_address(self._place):
            raise ConfigError(
                f"There is no key for RS256 or ES256 in the file {self._place}.",
                "SWITCHBOARD_JWKS is a JWKS (RFC 7517) that this account may read.",
            )

    async def key_for(self, header: dict[str, Any]) -> Any:
        """Return the key that a token names and whose algorithm is the token's, else None.

        Raises Unavailable where no keys could be had yet.
        """
        key_id = header.get("kid")
        wanted = key_id if isinstance(key_id, str) else None
        if self._find(wanted) is None or self._clock() - self._read_at > OLD_AFTER_S:
            async with self._reading:
                # Whoever waited finds what the one before has read.
                is_missing = self._find(wanted) is None or self._clock() - self._read_at > OLD_AFTER_S
                if is_missing and self._clock() - self._tried_at >= READ_AGAIN_AFTER_S:
                    await self._read()
        if not self._keys:
            raise Unavailable(NO_KEYS, "Try again in a minute.")
        key = self._find(wanted)
        return key if key is not None and key.algorithm_name == header.get("alg") else None

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    async def _read(self) -> None:
        self._tried_at = self._clock()
        try:
            async with asyncio.timeout(ASKED_FOR_S):
                content = await self._fetch(self._place)
        except (OSError, TimeoutError):
            # Those that are known are good until they are told to be others.
            return
        keys = keys_in(content)
        if keys is not None:
            self._keys, self._read_at = keys, self._clock()


def is_address(place: str) -> bool:
    """Whether the place of a key set is an address, and not a file."""
    return "://" in place


def keys_in(content: bytes) -> dict[str | None, jwt.PyJWK] | None:
    """Return the keys that may sign tokens, by their ids; None for what is no JWKS."""
    if len(content) > LARGEST_BYTES:
        return None
    try:
        listed = json.loads(content)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(listed, list):
        return None
    keys: dict[str | None, jwt.PyJWK] = {}
    for described in listed[:MOST_KEYS]:
        key = _signing_key(described)
        if key is not None:
            # Of two with one id the first stands.
            keys.setdefault(key.key_id if isinstance(key.key_id, str) else None, key)
    return keys


def _signing_key(described: Any) -> jwt.PyJWK | None:
    if not isinstance(described, dict) or described.get("use", "sig") != "sig":
        return None
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(str(described.get("kty")))
    if algorithm is None or described.get("alg", algorithm) != algorithm or "d" in described:
        return None
    try:
        key = jwt.PyJWK(described, algorithm=algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key.key, RSAPublicKey):
        return key if key.key.key_size >= FEWEST_RSA_BITS else None
    is_p256 = isinstance(key.key, EllipticCurvePublicKey) and isinstance(key.key.curve, SECP256R1)
    return key if is_p256 else None


async def _read_file(place: str) -> bytes:
    def read() -> bytes:
        with Path(place).open("rb") as file:
            return file.read(LARGEST_BYTES + 1)

    return await asyncio.to_thread(read)
