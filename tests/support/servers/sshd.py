"""A real sshd on loopback that lets the current user in by key, as the block of docs/ssh.md tells it to.

It needs Debian's openssh-server and root: tests that use it carry the marker debian and skip elsewhere.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import Outcome
from tests.support.servers.debian import needs
from tests.support.servers.folders import new_folder
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

SSHD = Path("/usr/sbin/sshd")
GROUP_ID = 64_321
REPOSITORY = Path(__file__).parents[3]
DOCUMENT = REPOSITORY / "docs" / "ssh.md"
TIMEOUT_S = 30
# A socket that is connected to a free port may be given that port itself, and then it talks to itself for ever.
OTHER_ADDRESS = ("127.0.0.2", 0)
# Whatever the block does not forbid is allowed, so that it alone is what forbids.
CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
MaxStartups 100
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
PermitTunnel yes
Subsystem sftp /usr/lib/openssh/sftp-server
"""


def documented(beginning: str, *replaced: tuple[str, str]) -> str:
    """Return the block of docs/ssh.md with that in it, with ours in the place of what is written there once."""
    text = DOCUMENT.read_text(encoding="utf-8")
    (block,) = (block for block in text.split("```")[1::2] if beginning in block)
    for written, ours in replaced:
        assert block.count(written) == 1, written
        block = block.replace(written, ours)
    return block


class Sshd:
    """An sshd with that block; `settings` is what the only file in /etc/switchboard says for its sessions.

    With `accounts`, by name, it lets these in, each by a key of its own and with that SetEnv line: accounts that the
    machine has, which get a shell and the group of docs/ssh.md. Else it lets in whoever runs the tests.

    Its folders are laid over the machine's /etc for this sshd alone, in a mount namespace; nothing is written there.
    """

    def __init__(self, settings: Mapping[str, str], accounts: Mapping[str, str] | None = None) -> None:
        needs(SSHD, "openssh-server")
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
            pytest.skip("needs root, and to be allowed a mount namespace")
        self.folder = new_folder("switchboard-sshd-")
        self._etc = self.folder / "etc"
        self.settings = self._etc / "switchboard" / "env"
        self.settings.parent.mkdir(mode=0o755, parents=True)
        self.settings.touch(0o600)
        self.settings.write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()))
        for name in ("host", *(accounts or ("user",))):
            key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name]
            subprocess.run(key, check=True, capture_output=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.configuration = self.folder / "sshd_config"
        block = documented("ForceCommand", ("/opt/switchboard/bin/python", sys.executable))
        self._over = {Path("/etc"): self._etc}
        if accounts:
            self._over |= open_layers(self.folder)
            block = block.replace("\nMatch Group", "".join(self._accounts_let_in(accounts)) + "\nMatch Group")
        else:
            block = block.replace("Match Group switchboard", f"Match User {getpass.getuser()}")
            block = block.replace("/etc/ssh/keys/%u", f"{self.folder}/user.pub")
        self.configuration.write_text(CONFIGURATION.format(port=self.port, folder=self.folder) + block)
        # As Debian's service makes it.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)

    def _accounts_let_in(self, accounts: Mapping[str, str]) -> Iterator[str]:
        """Add the accounts, their group and their keys to /etc, and yield the block of each."""
        passwd = Path("/etc/passwd").read_text(encoding="utf-8")
        passwd = re.sub(rf"^(({'|'.join(accounts)}):.*):.*:.*$", r"\1:/etc/home/\2:/bin/sh", passwd, flags=re.MULTILINE)
        self._etc.joinpath("passwd").write_text(passwd)
        members = f"switchboard:x:{GROUP_ID}:{','.join(accounts)}\n"
        self._etc.joinpath("group").write_text(Path("/etc/group").read_text(encoding="utf-8") + members)
        os.chown(self.settings, 0, GROUP_ID)
        self.settings.chmod(0o640)
        keys = self._etc / "ssh" / "keys"
        keys.mkdir(mode=0o755, parents=True)
        for name, line in accounts.items():
            self.home(name).mkdir(mode=0o755, parents=True)
            shutil.copy(self.folder / f"{name}.pub", keys / name)
            yield f"\nMatch User {name}\n    SetEnv {line}"

    def home(self, account: str) -> Path:
        """The home of an account, which belongs to root."""
        return self._etc / "home" / account

    def test_configuration(self) -> str:
        """Return what `sshd -t` says; nothing where it would load."""
        check = subprocess.run([SSHD, "-t", "-f", self.configuration], capture_output=True, text=True, check=False)
        return check.stderr if check.stderr or not check.returncode else f"exit status {check.returncode}"

    def __enter__(self) -> Self:
        over = "".join(
            f'mount -t overlay overlay -o "lowerdir={layer}:{folder}" {folder} && '
            for folder, layer in self._over.items()
        )
        log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", f'{over}exec "$@"', "sh", SSHD, "-D", "-e", "-f", self.configuration],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": os.environ["PATH"]},
        )
        log.close()
        try:
            wait_until(self._answers)
        except BaseException:
            self.__exit__()
            raise
        if (self.folder / "user").exists():
            # The master stays with the streams that it was started with, so it is given none.
            master = [*self.client(), "switchboard", "--version"]
            subprocess.run(
                master, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            )
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*self.client(), "-O", "exit"], capture_output=True, check=False)
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self.folder)

    def client(self, program: str = "ssh", *options: str, account: str = "") -> list[str]:
        """Return the beginning of a command line that logs in; for scp and sftp without the host.

        Without options of its own ssh shares one connection, which takes a third of the time.
        """
        port = "-p" if program == "ssh" else "-P"
        shared = f"{self.folder}/shared" if program == "ssh" and not options and not account else "none"
        ssh_options = (
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "BatchMode=yes",
            "LogLevel=ERROR",
            "SendEnv=LANG",
        )
        ssh_options += (f"ControlPath={shared}", "ControlMaster=auto", "ControlPersist=yes")
        command = [program, "-F", "none", port, str(self.port), "-i", str(self.folder / (account or "user"))]
        command += [part for option in ssh_options for part in ("-o", option)]
        command += ["-l", account] if account else []
        return [*command, *options, *(["127.0.0.1"] if program == "ssh" else [])]

    def run(self, command: list[str | bytes], stdin: bytes = b"") -> Outcome:
        """Run a client to its end."""
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder)}
        process = subprocess.run(
            command, input=stdin, capture_output=True, env=environment, cwd=self.folder, timeout=TIMEOUT_S, check=False
        )
        return Outcome(process.returncode, process.stdout.decode(), process.stderr.decode())

    def ask(self, *command: str | bytes, account: str = "") -> Outcome:
        """Run `ssh host command`, as one of the accounts where there are any."""
        return self.run([*self.client(account=account), *command])

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self.folder / "log").read_text()
        return listens(self.port)


def listens(port: int) -> bool:
    """Whether something listens on that port of this machine."""
    with socket.socket() as probe:
        probe.bind(OTHER_ADDRESS)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def open_layers(folder: Path) -> dict[Path, Path]:
    """Make in `folder` what opens the way to this program where it is laid over a folder that is closed to others."""
    layers = {}
    for place in map(Path, (sys.prefix, sys.base_prefix, REPOSITORY)):
        closed = next((above for above in reversed(place.parents) if not above.stat().st_mode & 0o001), None)
        if closed is not None:
            layers[closed] = folder / "open" / closed.relative_to("/")
            (layers[closed] / place.parent.relative_to(closed)).mkdir(mode=0o755, parents=True, exist_ok=True)
    return layers
