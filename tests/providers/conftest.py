"""What the tests of providers share: an environment in which their stand-ins are trusted."""

from __future__ import annotations

import pytest

from tests.support.servers.certificates import authority_file


@pytest.fixture(autouse=True)
def trusted_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process trust the certificates of the tests' own authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file()))
