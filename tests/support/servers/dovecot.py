"""A real Dovecot on loopback, without root and without the system's own configuration.

It needs Debian's dovecot-imapd: tests that use it carry the marker debian and skip where DOVECOT is not there.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.servers.certificates import authority
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from typing import Self

DOVECOT = Path("/usr/sbin/dovecot")

CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
ssl = required
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_verbose = yes
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
service anvil {{
  chroot =
  # Otherwise even a good login waits for seconds after two bad ones.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls_port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""


class Dovecot:
    """One mailbox, its inbox holding `messages` unread ones, on localhost:`tls_port` and :`starttls_port`."""

    def __init__(self, user: str, password: str, *, messages: int = 2) -> None:
        self.tls_port, self.starttls_port = _free_ports()
        # A new folder each time: a socket left from before delays the first login by seconds.
        self._folder = Path(tempfile.mkdtemp(prefix="switchboard-dovecot-"))
        name, group = ("nobody", "nogroup") if os.geteuid() == 0 else _own_names()
        new = self._folder / "mail" / user / "new"
        for folder in (new, new.parent / "cur", new.parent / "tmp", self._folder / "state"):
            folder.mkdir(parents=True)
        for n in range(messages):
            (new / f"{n}.test").write_text(f"Subject: {n}\n\nText\n")
        (self._folder / "users").write_text(f"{user}:{{PLAIN}}{password}\n")
        issued = authority().issue_cert("localhost")
        issued.cert_chain_pems[0].write_to_path(str(self._folder / "server.pem"))
        issued.private_key_pem.write_to_path(str(self._folder / "server.key"))
        (self._folder / "dovecot.conf").write_text(
            CONFIGURATION.format(
                folder=self._folder,
                user=name,
                group=group,
                tls_port=self.tls_port,
                starttls_port=self.starttls_port,
            )
        )
        if os.geteuid() == 0:
            for path in (self._folder, *self._folder.rglob("*")):
                shutil.chown(path, name, group)
        self._as = {"user": name, "group": group, "extra_groups": []} if os.geteuid() == 0 else {}

    def __enter__(self) -> Self:
        command = [DOVECOT, "-F", "-c", self._folder / "dovecot.conf"]
        self._process = subprocess.Popen(command, cwd=self._folder, **self._as)
        wait_until(lambda: self._process.poll() is not None or self._listens())
        assert self._process.poll() is None, self.log()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        shutil.rmtree(self._folder)

    def log(self) -> str:
        """What it has written so far."""
        path = self._folder / "log"
        return path.read_text() if path.exists() else ""

    def attempts(self) -> tuple[int, int]:
        """How many logins it has accepted and refused."""
        log = self.log()
        refused = re.findall(r"auth failed, ([0-9]+) attempts", log)
        return len(re.findall(r"imap-login: Info: Login: ", log)), sum(map(int, refused))

    def _listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.tls_port), timeout=1):
                return True
        except OSError:
            return False


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for free in (first, second):
            free.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def _own_names() -> tuple[str, str]:
    import grp
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
