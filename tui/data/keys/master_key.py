"""A master key: what is derived from it, and whether it is fit to write with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from collections import Counter
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from tui.data.keys.envelopes import KEY_ID_BYTES, SALT_BYTES, base64url
from tui.errors import MasterKeyError
from tui.secret import Secret
from tui.words.text import is_unicode

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MINIMUM_CHARACTERS = 32
MINIMUM_DISTINCT = 8
LONGEST_REPETITION = 64

# The costs belong to the formats, and are never read from a row.
_SB2_SCRYPT_N = 2**17
# What the other backend derives its key with: N, and these four letters.
_LEGACY_SCRYPT_N = 2**14
_LEGACY_SALT = b"salt"
# What may stand at either end of a key without being meant, and what it is called.
_WRAPPINGS = {
    "byte order mark": "\ufeff",
    "line break": "\r\n",
    "blanks": " \t\u00a0\u200b",
    "quotes": "'\"`\u2018\u2019\u201a\u201c\u201d\u201e",
}
# What guides print in place of a key, without digits, case and punctuation: your-32-character-secret-key-here ...
_PLACEHOLDERS = (
    "yourchar|yoursecret|yourencryption|yourmaster|yourrandom|keyhere|changeme|changethis|replaceme|replacethis|"
    "replacewith|placeholder|insertkey|putyour|examplekey"
)


class Sb2Key(NamedTuple):
    """What a master key gives with one salt; the objects keep the raw keys out of Python's reach.

    `fingerprints` is keyed and empty: a copy of it tells two plaintexts apart without showing either.
    """

    key_id: bytes
    cipher: AESGCM
    fingerprints: hmac.HMAC


class MasterKey:
    """A master key, any text at all, and where it came from; the text never shows and is never changed.

    Derived keys are kept for the life of the object, and each is derived once, whatever the number of threads.
    Equality is identity: see `same_as`.
    """

    __slots__ = (
        *("__bare", "__first_salt", "__legacy", "__lock", "__roots", "__salts", "__sb2", "__text", "__weaknesses"),
        *("source", "wrapping"),
    )

    def __init__(self, text: Secret | str, source: str) -> None:
        """Wrap the text; `source` names its origin in messages. Raises MasterKeyError where it is not UTF-8."""
        self.__text = text if isinstance(text, Secret) else Secret(text)
        del text  # a traceback that shows local variables must not show it
        self.source = source
        self.wrapping, bare = _unwrap(self.__text.reveal("look at both ends"))
        """What stands round the text and belongs to it all the same, such as "quotes"; empty where nothing does."""
        self.__bare: Secret | MasterKey | None = Secret(bare) if self.wrapping and bare else None
        del bare
        self.__lock = Lock()
        # What scrypt gave for a salt, until it is asked for.
        self.__roots: dict[bytes, bytes] = {}
        self.__sb2: dict[bytes, Sb2Key] = {}
        self.__salts: dict[bytes, bytes] = {}
        self.__first_salt = new_salt()
        self.__legacy: AESGCM | None = None
        self.__weaknesses: tuple[str, ...] | None = None
        if not is_unicode(self.__text.reveal("check")):
            raise MasterKeyError(
                f"The master key from {source} is not valid UTF-8 text.",
                "Use exactly the bytes it was set up with, or a new key from `switchboard keys generate`.",
            )

    def __repr__(self) -> str:
        return "MasterKey(…)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a MasterKey cannot be pickled or copied")

    def same_as(self, other: MasterKey) -> bool:
        """Tell in constant time whether both are the same text."""
        return hmac.compare_digest(self._bytes(), other._bytes())

    def without_wrapping(self) -> MasterKey | None:
        """Return the other key that may be meant, the text without quotes, blanks or line breaks round it.

        `docker run --env-file` leaves them there, python-dotenv and the shell take them off. None where there are none.
        """
        if isinstance(self.__bare, Secret):
            self.__bare = MasterKey(self.__bare, f"{self.source}, without the {self.wrapping}")
        return self.__bare

    def key_id(self, salt: bytes) -> str:
        """Return the key id with this 16-byte salt: 22 characters of base64url. Raises as `sb2`."""
        return base64url(self.sb2(salt).key_id)

    def sb2(self, salt: bytes) -> Sb2Key:
        """Return key id and cipher for envelopes of this 16-byte salt: about 0.5 s and 128 MiB the first time.

        Raises MasterKeyError for a salt of another length.
        """
        if len(salt) != SALT_BYTES:
            raise MasterKeyError(
                f"The salt kept with the master key is not {SALT_BYTES} bytes long.",
                "The key record is damaged: restore it from a backup of the database.",
            )
        derived = self.__sb2.get(salt)
        if derived is None:
            with self.__lock:
                derived = self.__sb2.get(salt) or self._derive_sb2(salt)
                self.__sb2[salt] = derived
                self.__salts[derived.key_id] = salt
        return derived

    def derive_ahead(self, salt: bytes) -> None:
        """Do the slow part of `sb2` for a 16-byte salt, without importing the library that the rest of it needs."""
        with self.__lock:
            if len(salt) == SALT_BYTES and not self.is_derived(salt):
                self.__roots[salt] = _scrypt(self._bytes(), salt, _SB2_SCRYPT_N)

    def is_derived(self, salt: bytes) -> bool:
        """Whether `sb2` has nothing slow left to do for this salt."""
        return salt in self.__sb2 or salt in self.__roots

    def first_salt(self) -> bytes:
        """Return the salt to use where none is recorded: random, and the same each time, so that it is derived once."""
        return self.__first_salt

    def salt_of(self, key_id: bytes) -> bytes | None:
        """Return the salt this object has already derived that key id with, None where it has not."""
        return self.__salts.get(key_id)

    def legacy_cipher(self) -> AESGCM:
        """Return the cipher for legacy envelopes: about 0.06 s the first time."""
        if self.__legacy is None:
            from tui.data.keys.primitives import AESGCM

            with self.__lock:
                self.__legacy = self.__legacy or AESGCM(_scrypt(self._bytes(), _LEGACY_SALT, _LEGACY_SCRYPT_N))
        return self.__legacy

    @property
    def has_control_characters(self) -> bool:
        """Whether there is a line break in it, or another character that no guide would have in a key."""
        return any(unicodedata.category(character) == "Cc" for character in self.__text.reveal("look for line breaks"))

    def weaknesses(self) -> list[str]:
        """Return why nothing may be written with this key, a sentence each and the key in none; [] where it may.

        Source of the rules: the 32 characters every guide to these tables asks for; a placeholder is no key.
        """
        if self.__weaknesses is None:
            self.__weaknesses = _weaknesses(self.__text.reveal("weaknesses"))
        return list(self.__weaknesses)

    def reveal(self, reason: str) -> str:
        """Return the text, as `Secret.reveal` does."""
        return self.__text.reveal(reason)

    def _bytes(self) -> bytes:
        return self.__text.reveal("derive").encode("utf-8")

    def _derive_sb2(self, salt: bytes) -> Sb2Key:
        root = self.__roots.pop(salt, None) or _scrypt(self._bytes(), salt, _SB2_SCRYPT_N)
        from tui.data.keys.primitives import AESGCM, hkdf

        key_id = hkdf(root, b"switchboard key id", KEY_ID_BYTES)
        return Sb2Key(
            key_id,
            AESGCM(hkdf(root, b"switchboard encryption key", 32)),
            hmac.new(hkdf(root, b"switchboard fingerprints", 32), digestmod="sha256"),
        )


def generate_master_key() -> Secret:
    """Return a new master key: 32 random bytes from the operating system, base64 (44 characters)."""
    return Secret(base64.b64encode(secrets.token_bytes(32)).decode("ascii"))


def new_salt() -> bytes:
    """Return 16 random bytes from the operating system, to be kept with the key for its whole life."""
    return secrets.token_bytes(SALT_BYTES)


def _scrypt(key_material: bytes, salt: bytes, n: int) -> bytes:
    """RFC 7914 with r = 8, p = 1 and 32 bytes of output."""
    # OpenSSL's, as the one of `cryptography` is; it needs 128 * r * n bytes and refuses to by itself above 32 MiB.
    return hashlib.scrypt(key_material, salt=salt, n=n, r=8, p=1, dklen=32, maxmem=2 * 128 * 8 * n)


def _unwrap(text: str) -> tuple[str, str]:
    """What stands at either end of a key, in words, and the key without it."""
    wrappings: dict[str, None] = {}
    bare = text
    while True:
        name = next((name for name, signs in _WRAPPINGS.items() if bare.strip(signs) != bare), None)
        if name is None:
            return " and ".join(wrappings), bare
        wrappings[name] = None
        bare = bare.strip(_WRAPPINGS[name])


def _weaknesses(text: str) -> tuple[str, ...]:
    weaknesses = []
    if len(text) < MINIMUM_CHARACTERS:
        weaknesses.append(f"It is shorter than {MINIMUM_CHARACTERS} characters.")
    if re.search(_PLACEHOLDERS, re.sub(r"[\W\d_]+", "", text.casefold())):
        weaknesses.append("It is a placeholder from a guide, not a key.")
    if _has_little_variety(text):
        weaknesses.append("It has little variety: few different characters, a repetition or a sequence.")
    return tuple(weaknesses)


def _has_little_variety(text: str) -> bool:
    """Tell whether it has few different characters, repeats one piece, or climbs in even steps (abcd..., 2468...).

    A key of 32 random hex digits fails this by chance once in ten million.
    """
    if len(set(text)) < MINIMUM_DISTINCT:
        return True
    pieces = range(1, min(len(text) // 2, LONGEST_REPETITION) + 1)
    repeats = any(text[length:] == text[:-length] for length in pieces)
    steps = Counter(ord(right) - ord(left) for left, right in pairwise(text))
    return repeats or steps.most_common(1)[0][1] * 2 >= len(text) - 1
