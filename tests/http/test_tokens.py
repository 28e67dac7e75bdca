"""Tokens: those that are taken, every forged one that is known, and where the keys come from."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.support.acme import ACME, ASHA, GLOBEX
from tests.support.servers.certificates import authority_file, server_context
from tests.support.servers.http import AUDIENCE, ISSUER, SECRET, claims, token
from tests.support.servers.loopback import ScriptedServer
from tui.errors import ConfigError
from tui.http.answers import Refused, Unavailable
from tui.http.token_keys import KeySet, keys_in
from tui.http.tokens import Identity, SecretKey, Verifier
from tui.http.verifier import make_verifier
from tui.secret import Secret
from tui.settings.settings import Settings

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ADDRESS = "https://ref.supabase.example/auth/v1/.well-known/jwks.json"


def jwk(key: Any, key_id: str | None, **others: Any) -> dict[str, Any]:
    """The public part of a key, as a JWKS has it."""
    algorithm = RSAAlgorithm if hasattr(key, "private_numbers") and isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    described = json.loads(algorithm.to_jwk(key.public_key()))
    return {**described, **({"kid": key_id} if key_id else {}), "use": "sig", **others}


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def encoded(value: object) -> str:
    text = json.dumps(value) if not isinstance(value, bytes) else value.decode("latin-1")
    return base64.urlsafe_b64encode(text.encode("latin-1")).rstrip(b"=").decode()


def signed_by_hand(header: dict[str, Any], payload: object, secret: bytes = SECRET.encode()) -> str:
    """A token whose signature is right for HS256, whatever stands in it."""
    text = f"{encoded(header)}.{encoded(payload)}"
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def shared() -> Verifier:
    return Verifier(SecretKey(Secret(SECRET)), issuer=ISSUER, audience=AUDIENCE)


async def of_keys(*keys: dict[str, Any]) -> Verifier:
    async def fetch(_: str) -> bytes:
        return jwks(*keys)

    key_set = KeySet(ADDRESS, fetch)
    await key_set.prepare()
    return Verifier(key_set, issuer=ISSUER, audience=AUDIENCE)


async def refusal(verifier: Verifier, text: str) -> int:
    """The status that a token is refused with; 0 where it is taken."""
    try:
        await verifier.verify(text)
    except Refused as refused:
        assert not text or text not in refused.sentence
        assert SECRET not in refused.sentence
        return refused.status
    return 0


NOW = int(time.time())
HEADER = {"alg": "HS256", "typ": "JWT"}
# What of a token with the right signature is refused all the same.
CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": NOW - 60},
    "without an end": {"exp": None},
    "an end that is no time": {"exp": "tomorrow"},
    "an end beyond all times": {"exp": 1e400},
    "an end of 400 digits": {"exp": 10**400},
    "an end in a text": {"exp": str(NOW + 86_400)},
    "an end that is true": {"exp": True},
    "not yet": {"nbf": NOW + 86_400},
    "issued in the future": {"iat": NOW + 86_400},
    "for others": {"aud": "others"},
    "for nobody": {"aud": None},
    "for a list without us": {"aud": ["others", "more"]},
    "of another issuer": {"iss": "https://other.supabase.example/auth/v1"},
    "of no issuer": {"iss": None},
    "of an issuer that begins alike": {"iss": f"{ISSUER}/x"},
    "of a list of issuers": {"iss": [ISSUER]},
    "service_role": {"role": "service_role"},
    "anon": {"role": "anon"},
    "no role": {"role": None},
    "a list of roles": {"role": ["authenticated"]},
    "another case of the role": {"role": "Authenticated"},
    "anonymous": {"is_anonymous": True},
    "anonymous in words": {"is_anonymous": "true"},
    "anonymous by number": {"is_anonymous": 1},
    "anonymous or not": {"is_anonymous": None} | {"is_anonymous": "false"},
    "no person": {"sub": None},
    "a person who is no id": {"sub": "asha@acme.example"},
    "an id within braces": {"sub": f"{{{ASHA}}}"},
    "a person who is a number": {"sub": 7},
    "the id of nobody": {"sub": "00000000-0000-0000-0000-000000000000"},
    "a longer id": {"sub": f"{ASHA}'--"},
}


async def test_a_token_that_says_what_it_should_not_is_refused() -> None:
    verifier = shared()
    assert await refusal(verifier, signed_by_hand(HEADER, claims(ASHA))) == 0
    taken = [
        what
        for what, others in CLAIMS.items()
        if await refusal(verifier, signed_by_hand(HEADER, claims(ASHA, **others))) != 401
    ]
    assert taken == []


async def test_a_token_is_taken_that_says_what_supabase_says() -> None:
    said = await shared().verify(token(ASHA, app_metadata={"organization_id": str(ACME)}, is_anonymous=None))
    assert said == (ASHA, ACME)
    said = await shared().verify(token(ASHA, aud=["others", AUDIENCE], nbf=NOW - 5))
    assert said == (ASHA, None)


@pytest.mark.parametrize(
    "others",
    [
        {"user_metadata": {"organization_id": str(ACME)}},
        {"organization_id": str(ACME)},
        {"app_metadata": {"organization_id": "acme"}},
        {"app_metadata": {"organization_id": [str(ACME)]}},
        {"app_metadata": [str(ACME)]},
        {"app_metadata": None},
    ],
)
async def test_an_organisation_is_only_what_the_issuer_says(others: dict[str, Any]) -> None:
    said: Identity = await shared().verify(token(ASHA, **others))
    assert said.organization_id is None


FORGED: dict[str, Callable[[], str]] = {
    "unsigned": lambda: f"{encoded({'alg': 'none'})}.{encoded(claims(ASHA))}.",
    "unsigned, in capitals": lambda: f"{encoded({'alg': 'NONE'})}.{encoded(claims(ASHA))}.",
    "unsigned, said to be HS256": lambda: f"{encoded(HEADER)}.{encoded(claims(ASHA))}.",
    "signed with another secret": lambda: jwt.encode(claims(ASHA), "another" * 10, "HS256"),
    "signed with nothing": lambda: signed_by_hand(HEADER, claims(ASHA), b""),
    "signed as HS512": lambda: jwt.encode(claims(ASHA), SECRET * 2, "HS512"),
    "signed as HS384 with the secret": lambda: jwt.encode(claims(ASHA), SECRET, "HS384"),
    "signed with RSA": lambda: jwt.encode(claims(ASHA), RSA, "RS256"),
    "an algorithm that is a list": lambda: signed_by_hand({"alg": ["HS256"]}, claims(ASHA)),
    "an algorithm that is null": lambda: signed_by_hand({"alg": None}, claims(ASHA)),
    "no algorithm": lambda: signed_by_hand({"typ": "JWT"}, claims(ASHA)),
    "critical headers": lambda: signed_by_hand({**HEADER, "crit": ["exp"]}, claims(ASHA)),
    "no critical header": lambda: signed_by_hand({**HEADER, "crit": []}, claims(ASHA)),
    "a payload that is not encoded": lambda: signed_by_hand({**HEADER, "b64": False}, claims(ASHA)),
    "a payload that is a list": lambda: signed_by_hand(HEADER, [claims(ASHA)]),
    "a payload that is no JSON": lambda: signed_by_hand(HEADER, b"{"),
    "a payload that is deep": lambda: signed_by_hand(HEADER, b"[" * 3000),
    "a header that is deep": lambda: f"{encoded(b'[' * 3000)}.{encoded(claims(ASHA))}.x",
    "a header that is a list": lambda: f"{encoded([HEADER])}.{encoded(claims(ASHA))}.x",
    "an altered payload": lambda: token(ASHA).replace(token(ASHA).split(".")[1], encoded(claims(GLOBEX))),
    "a cut signature": lambda: token(ASHA)[:-4],
    "two parts": lambda: token(ASHA).rpartition(".")[0],
    "four parts": lambda: token(ASHA) + ".x",
    "a number of 5,000 digits": lambda: signed_by_hand(
        HEADER, json.dumps(claims(ASHA))[:-1].encode() + b',"exp":' + b"9" * 5000 + b"}"
    ),
    "empty": lambda: "",
    "not ASCII": lambda: "é.é.é",
    "longer than any": lambda: token(ASHA, padding="x" * 9000),
}


async def test_a_forged_token_is_refused() -> None:
    verifier = shared()
    assert [what for what, forge in FORGED.items() if await refusal(verifier, forge()) != 401] == []


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


OF_KEYS: dict[str, tuple[Callable[[], str], int]] = {
    "RSA": (lambda: jwt.encode(claims(ASHA), RSA, "RS256", headers={"kid": "r"}), 0),
    "EC": (lambda: jwt.encode(claims(ASHA), EC, "ES256", headers={"kid": "e"}), 0),
    "the other's key": (lambda: jwt.encode(claims(ASHA), RSA, "RS256", headers={"kid": "e"}), 401),
    "no key id": (lambda: jwt.encode(claims(ASHA), RSA, "RS256"), 401),
    "a key id that is a list": (
        lambda: signed_by_hand({"alg": "RS256", "kid": ["r"]}, claims(ASHA)),
        401,
    ),
    "a longer hash": (lambda: jwt.encode(claims(ASHA), RSA, "RS512", headers={"kid": "r"}), 401),
    "PS256": (lambda: jwt.encode(claims(ASHA), RSA, "PS256", headers={"kid": "r"}), 401),
    "another RSA key": (lambda: jwt.encode(claims(ASHA), OTHER_RSA, "RS256", headers={"kid": "r"}), 401),
    # The public key taken for a shared secret.
    "HS256 by the public key": (
        lambda: signed_by_hand({"alg": "HS256", "kid": "r"}, claims(ASHA), public_pem(RSA)),
        401,
    ),
    # A key that the token brings, or says where it is.
    "its own key": (
        lambda: jwt.encode(claims(ASHA), OTHER_RSA, "RS256", headers={"kid": "r", "jwk": jwk(OTHER_RSA, "r")}),
        401,
    ),
    "its own address": (
        lambda: jwt.encode(claims(ASHA), OTHER_RSA, "RS256", headers={"kid": "x", "jku": "https://evil.example/"}),
        401,
    ),
    "expired": (lambda: jwt.encode(claims(ASHA, exp=1), RSA, "RS256", headers={"kid": "r"}), 401),
    "unsigned": (lambda: f"{encoded({'alg': 'none', 'kid': 'r'})}.{encoded(claims(ASHA))}.", 401),
}


async def test_public_keys_verify_their_own_algorithm_and_no_other() -> None:
    verifier = await of_keys(jwk(RSA, "r"), jwk(EC, "e"))
    found = {what: await refusal(verifier, make()) for what, (make, _) in OF_KEYS.items()}
    assert found == {what: status for what, (_, status) in OF_KEYS.items()}


NO_KEYS = (
    jwk(RSA, "k", use="enc"),
    jwk(RSA, "k", alg="RS512"),
    jwk(RSA, "k", kty="EC"),
    jwk(ec.generate_private_key(ec.SECP384R1()), "k"),
    jwk(rsa.generate_private_key(65537, 1024), "k"),
    {"kty": "oct", "kid": "k", "k": encoded(SECRET.encode())},
    {"kty": "OKP", "kid": "k", "crv": "Ed25519", "x": encoded(b"x" * 32)},
    json.loads(RSAAlgorithm.to_jwk(RSA)) | {"kid": "k"},
    {"kty": "RSA", "kid": "k", "n": "AA", "e": "AA"},
    {"kid": "k"},
    "k",
)


def test_a_key_that_signs_no_tokens_is_left_out() -> None:
    assert [key for key in NO_KEYS if list(keys_in(jwks(jwk(EC, "e"), key)) or {}) != ["e"]] == []


def test_what_is_no_key_set_has_no_keys() -> None:
    for content in (b"", b"[]", b'{"keys": 7}', b"{", b"x" * 70_000, b"[" * 60_000):
        assert keys_in(content) is None


async def test_a_key_that_is_not_known_is_asked_for_once_a_minute() -> None:
    moment, keys, asked = [1000.0], [jwk(RSA, "old")], []

    async def fetch(place: str) -> bytes:
        asked.append(place)
        return jwks(*keys)

    key_set = KeySet(ADDRESS, fetch, clock=lambda: moment[0])
    await key_set.prepare()
    verifier = Verifier(key_set, issuer=ISSUER, audience=AUDIENCE)
    new = jwt.encode(claims(ASHA), OTHER_RSA, "RS256", headers={"kid": "new"})
    old = jwt.encode(claims(ASHA), RSA, "RS256", headers={"kid": "old"})
    for _ in range(5):
        assert await refusal(verifier, new) == 401
    assert len(asked) == 1
    keys.append(jwk(OTHER_RSA, "new"))
    moment[0] += 61
    assert (await refusal(verifier, new), await refusal(verifier, old), len(asked)) == (0, 0, 2)
    # One that was taken back is refused within ten minutes.
    del keys[0]
    moment[0] += 601
    assert (await refusal(verifier, old), await refusal(verifier, new), len(asked)) == (401, 0, 3)


async def test_without_its_keys_it_says_that_it_has_none_and_goes_on_once_it_has() -> None:
    moment, is_away = [1000.0], [True]

    async def fetch(_: str) -> bytes:
        if is_away[0]:
            raise OSError
        return jwks(jwk(EC, None))

    key_set = KeySet(ADDRESS, fetch, clock=lambda: moment[0])
    await key_set.prepare()
    verifier = Verifier(key_set, issuer=ISSUER, audience=AUDIENCE)
    text = jwt.encode(claims(ASHA), EC, "ES256", headers=None)
    with pytest.raises(Unavailable):
        await verifier.verify(text)
    is_away[0] = False
    moment[0] += 61
    assert (await verifier.verify(text)).person_id == ASHA
    is_away[0] = True
    moment[0] += 5000
    # Those that were read are good until they are told to be others.
    assert (await verifier.verify(text)).person_id == ASHA


async def test_keys_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(jwks(jwk(EC, "e")))
    verifier = await make_verifier(Settings(jwks=str(file)), issuer=ISSUER, audience=AUDIENCE)
    assert await refusal(verifier, jwt.encode(claims(ASHA), EC, "ES256", headers={"kid": "e"})) == 0


@pytest.mark.parametrize(
    ("settings", "issuer", "sentence"),
    [
        (Settings(), ISSUER, "Nothing says how tokens are verified"),
        (Settings(jwt_secret=Secret(SECRET), jwks=ADDRESS), ISSUER, "Two settings say"),
        (Settings(jwt_secret=Secret("short")), ISSUER, "shorter than 32 bytes"),
        (Settings(jwt_secret=Secret(SECRET)), None, "who issues the tokens"),
        (Settings(jwks="http://ref.example/jwks"), ISSUER, "begins with https://"),
        (Settings(jwks="/nowhere/jwks.json"), ISSUER, "There is no key"),
    ],
)
async def test_a_verifier_that_is_none_is_refused(settings: Settings, issuer: str | None, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        await make_verifier(settings, issuer=issuer, audience=AUDIENCE)
    assert sentence in refused.value.sentence and SECRET not in str(refused.value)


async def test_the_issuer_is_known_of_a_key_set_at_a_well_known_address(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetch(_: str) -> bytes:
        return jwks(jwk(EC, "e"))

    monkeypatch.setattr("tui.http.verifier.fetch_keys", fetch)
    verifier = await make_verifier(Settings(jwks=ADDRESS), issuer=None, audience=AUDIENCE)
    assert await refusal(verifier, jwt.encode(claims(ASHA), EC, "ES256", headers={"kid": "e"})) == 0


class KeyServer(ScriptedServer):
    """Answers over TLS with a status and a body, whatever is asked; `address` is one of a JWKS."""

    def __init__(self, status: str, body: bytes) -> None:
        super().__init__(self._answer, server_context())
        self._head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nLocation: /elsewhere\r\n\r\n".encode()
        self.body = body

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self._head + self.body)
        await writer.drain()

    @property
    def address(self) -> str:
        return f"https://localhost:{self.port}/auth/v1/.well-known/jwks.json"


async def test_keys_come_over_https_and_are_asked_for_again_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file()))
    with KeyServer("200 OK", jwks(jwk(EC, "e"))) as server:
        verifier = await make_verifier(Settings(jwks=server.address), issuer=None, audience=AUDIENCE)
        issuer = server.address.partition("/.well-known/")[0]
        said = claims(ASHA, iss=issuer)
        assert await refusal(verifier, jwt.encode(said, EC, "ES256", headers={"kid": "e"})) == 0
        unknown = jwt.encode(said, RSA, "RS256", headers={"kid": "unknown"})
        assert [await refusal(verifier, unknown) for _ in range(5)] == [401] * 5
        assert server.connections == 1


@pytest.mark.parametrize("status", ["302 Found", "404 Not Found"])
async def test_keys_are_no_other_page_s(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file()))
    with KeyServer(status, jwks(jwk(EC, "e"))) as server:
        verifier = await make_verifier(Settings(jwks=server.address), issuer=ISSUER, audience=AUDIENCE)
        assert await refusal(verifier, jwt.encode(claims(ASHA), EC, "ES256", headers={"kid": "e"})) == 503
        assert server.connections == 1


async def test_keys_of_whom_nobody_vouches_for_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with KeyServer("200 OK", jwks(jwk(EC, "e"))) as server:
        verifier = await make_verifier(Settings(jwks=server.address), issuer=ISSUER, audience=AUDIENCE)
        assert await refusal(verifier, jwt.encode(claims(ASHA), EC, "ES256", headers={"kid": "e"})) == 503
