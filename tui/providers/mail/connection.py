"""One connection to a mail server: opened and secured in a thread, and cut from any other at once."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import threading
from typing import TYPE_CHECKING

from tui.providers.public_address import limits, require_allowed

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from tui.providers.public_address import Destinations
    from tui.providers.transport_failures import Endpoint, Stage

MOST_BYTES = 1_000_000
"""So much a server never sends in one dialogue; an honest one needs a few thousand bytes."""

_PER_ADDRESS = 3.0  # seconds, where the name has further addresses to try


class TooMuch(Exception):
    """The server sent MOST_BYTES."""


class MailConnection:
    """A TCP connection that is to become a verified TLS connection.

    One thread calls connect, greets_within, secure and close; any thread may call cut. `seconds` bounds a single
    wait of that thread, should nobody cut it. `stage` says how far it has come.
    """

    def __init__(self, endpoint: Endpoint, seconds: float, destinations: Destinations | None = None) -> None:
        self.endpoint = endpoint
        self.stage: Stage = "name"
        self._limits = limits(destinations)
        self._seconds = seconds
        self._received = 0
        self._lock = threading.Lock()
        self._is_cut = False
        self._socket: socket.socket | None = None
        # A second descriptor of the same connection: the socket itself must not be touched while a thread reads it.
        self._handle: socket.socket | None = None

    @property
    def open_socket(self) -> socket.socket:
        """The open socket; raises ConnectionAbortedError where there is none."""
        if self._socket is None:
            raise ConnectionAbortedError
        return self._socket

    def connect(self) -> None:
        """Resolve the name and connect to its first address that accepts.

        Raises OSError, the last address's own, UnicodeError for what cannot be a name, and ProviderFailed for where it
        may not go.
        """
        addresses = socket.getaddrinfo(self.endpoint.host, self.endpoint.port, type=socket.SOCK_STREAM)
        require_allowed(addresses, self.endpoint, self._limits)
        self.stage = "connection"
        for number, (family, kind, protocol, _, address) in enumerate(addresses, 1):
            is_last = number == len(addresses)
            self._adopt(socket.socket(family, kind, protocol))
            self.open_socket.settimeout(self._seconds if is_last else min(self._seconds, _PER_ADDRESS))
            try:
                self.open_socket.connect(address)
                break
            except OSError:
                self._drop()
                if is_last:
                    raise
        self.open_socket.settimeout(self._seconds)
        self.stage = "greeting"

    def greets_within(self, seconds: float) -> bool:
        """Whether the server speaks first, in the clear, or hangs up; TLS servers are silent until spoken to."""
        if not seconds:
            return False
        self.open_socket.settimeout(seconds)
        try:
            self.open_socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return False
        finally:
            self.open_socket.settimeout(self._seconds)
        return True

    def secure(self) -> str:
        """Turn to TLS, verifying the certificate for the host; return the protocol's version, such as "TLSv1.3".

        Raises OSError, of which ssl.SSLError is one.
        """
        self.stage = "TLS"
        # Left to themselves, smtplib and imaplib of Python 3.11 verify neither certificate nor name.
        context = ssl.create_default_context()
        secured = context.wrap_socket(self.open_socket, server_hostname=self.endpoint.host)
        self._socket = secured
        version = secured.version()
        if version is None:
            # A socket whose peer is gone is wrapped without a handshake, and then writes in the clear.
            raise ConnectionResetError
        self.stage = "greeting"
        return version

    def reader(self) -> io.BufferedReader:
        """What the server says from now on; raises TooMuch when it says too much."""
        return io.BufferedReader(_Counted(self, self.open_socket.makefile("rb", buffering=0)))

    def count(self, size: int) -> None:
        """Add to what was received, in bytes; raises TooMuch."""
        self._received += size
        # Not only beyond it: a line that is cut off at this length looks like one that a hang-up cut off.
        if self._received >= MOST_BYTES:
            raise TooMuch

    def cut(self) -> None:
        """End the connection: whichever call waits for the server fails now, and so do all later ones."""
        with self._lock:
            self._is_cut = True
            if self._handle is not None:
                with contextlib.suppress(OSError):
                    self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the descriptors back."""
        with self._lock:
            self._is_cut = True
        self._drop()

    def _adopt(self, opened: socket.socket) -> None:
        with self._lock:
            if self._is_cut:
                opened.close()
                raise ConnectionAbortedError
            self._socket = opened
            self._handle = opened.dup()

    def _drop(self) -> None:
        with self._lock:
            for descriptor in (self._handle, self._socket):
                if descriptor is not None:
                    descriptor.close()
            self._handle = self._socket = None


class _Counted(io.RawIOBase):
    """A socket's bytes, counted."""

    def __init__(self, connection: MailConnection, raw: socket.SocketIO) -> None:
        self._connection = connection
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        size = self._raw.readinto(buffer)
        self._connection.count(size or 0)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()
