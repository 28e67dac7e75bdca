"""Throw-away certificates for localhost: a good one, and one for each way in which a certificate can be wrong."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Certificate = Literal["good", "other name", "expired", "not valid yet", "untrusted", "self-signed"]

_DAY = timedelta(days=1)


@cache
def authority() -> trustme.CA:
    """The authority of this process; `authority_file` makes programs trust it."""
    return trustme.CA()


@cache
def authority_file() -> Path:
    """A file with the authority's certificate: what SSL_CERT_FILE has to name."""
    path = Path(tempfile.mkdtemp(prefix="switchboard-ca-")) / "ca.pem"
    authority().cert_pem.write_to_path(str(path))
    return path


@cache
def server_context(certificate: Certificate = "good") -> ssl.SSLContext:
    """The server's side of TLS with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate == "self-signed":
        _load_self_signed(context)
        return context
    now = datetime.now(UTC)
    issuer = trustme.CA() if certificate == "untrusted" else authority()
    since = now + _DAY if certificate == "not valid yet" else now - 3 * _DAY
    until = now - _DAY if certificate == "expired" else now + 3 * _DAY
    name = "elsewhere.example" if certificate == "other name" else "localhost"
    issuer.issue_cert(name, not_before=since, not_after=until).configure_cert(context)
    return context


def _load_self_signed(context: ssl.SSLContext) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(x509.random_serial_number()).not_valid_before(now - _DAY).not_valid_after(now + _DAY)
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(signed.public_bytes(serialization.Encoding.PEM))
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.flush()
        context.load_cert_chain(file.name)
