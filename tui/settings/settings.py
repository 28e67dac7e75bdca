"""The settings: read once from the environment and `.env`, checked, and passed on as one frozen object."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tui.errors import ConfigError
from tui.secret import Secret
from tui.settings.dotenv_file import read_env_file
from tui.settings.named_profile import no_such_profile, refuse_another_database, requested_profile
from tui.settings.profiles import (
    PROFILE_OPTION,
    PROFILE_VARIABLE,
    WHO_CONNECTS,
    configuration_folder,
    profile_file,
    profile_names,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CredentialFormat = Literal["auto", "sb2", "legacy"]

KEY_COMMAND_NAME = "ENCRYPTION_MASTER_KEY_COMMAND"
MASTER_KEY_NAMES = ("ENCRYPTION_MASTER_KEY", "ENCRYPTION_MASTER_KEY_FILE", KEY_COMMAND_NAME)
PREVIOUS_KEY_NAMES = ("ENCRYPTION_MASTER_KEY_PREVIOUS", "ENCRYPTION_MASTER_KEY_PREVIOUS_FILE")
SERVICE_ROLE_NAME = "SUPABASE_SERVICE_ROLE_KEY"
WEBHOOK_NAME = "SWITCHBOARD_WEBHOOK_URL"
JWT_SECRET_NAME = "SUPABASE_JWT_SECRET"  # noqa: S105
JWKS_NAME = "SWITCHBOARD_JWKS"
SWITCHBOARD_NAMES = (
    "SWITCHBOARD_CREDENTIAL_FORMAT",
    "SWITCHBOARD_ORGANIZATION",
    "SWITCHBOARD_OPERATOR",
    "SWITCHBOARD_READ_ONLY",
    "SWITCHBOARD_TIMEZONE",
    "SWITCHBOARD_IDLE_LOCK",
    "SWITCHBOARD_KEY_DAYS",
    "SWITCHBOARD_SEAL_KEY_FILE",
    "SWITCHBOARD_COSIGN_KEY_FILE",
    "SWITCHBOARD_ASCII",
    "SWITCHBOARD_EXPORT_DIR",
    "SWITCHBOARD_LOCKED",
    WEBHOOK_NAME,
    JWKS_NAME,
    PROFILE_VARIABLE,
)
LOCKED_NAME = "SWITCHBOARD_LOCKED"
# What the locked console reads instead of `.env`.
ROOT_FILE = Path("/etc/switchboard/env")
# Those that stand for a keyword of the connection string:
# https://www.postgresql.org/docs/current/libpq-envars.html
LIBPQ_NAME = (
    "PG(HOST|HOSTADDR|PORT|DATABASE|USER|PASSWORD|PASSFILE|REQUIREAUTH|CHANNELBINDING|SERVICE|OPTIONS|APPNAME|SSLMODE|"
    "SSLNEGOTIATION|SSLCOMPRESSION|SSLCERT|SSLKEY|SSLCERTMODE|SSLROOTCERT|SSLCRL|SSLCRLDIR|SSLSNI|REQUIREPEER|"
    "SSLMINPROTOCOLVERSION|SSLMAXPROTOCOLVERSION|MINPROTOCOLVERSION|MAXPROTOCOLVERSION|GSSENCMODE|KRBSRVNAME|GSSLIB|"
    "GSSDELEGATION|CONNECT_TIMEOUT|CLIENTENCODING|TARGETSESSIONATTRS|LOADBALANCEHOSTS)"
)
# libpq looks these up in the environment alone.
ENVIRONMENT_ONLY_NAMES = frozenset({"PGSERVICEFILE", "PGSYSCONFDIR"})
PLACE_NAMES = ("PGHOST", "PGSERVICE", "PGDATABASE")
DEFAULT_IDLE_LOCK_S = 300
LONGEST_KEY_DAYS = 3650
LONGEST_IDLE_LOCK_S = 86_400

ENVIRONMENT = "the environment"

_PREFIX = "SWITCHBOARD_"
_KNOWN_NAMES = frozenset(
    {"DATABASE_URL", SERVICE_ROLE_NAME, JWT_SECRET_NAME, *MASTER_KEY_NAMES, *PREVIOUS_KEY_NAMES, *SWITCHBOARD_NAMES}
)
_PLAIN_NAME = r"[A-Za-z0-9_]{1,60}"
# What a profile stands for, beside libpq's variables: whose data it is, and what opens it.
_PROFILE_DECIDES = frozenset(
    {
        *("DATABASE_URL", SERVICE_ROLE_NAME, *MASTER_KEY_NAMES, *PREVIOUS_KEY_NAMES, "SWITCHBOARD_ORGANIZATION"),
        *(JWT_SECRET_NAME, JWKS_NAME),
    }
)


# No NamedTuples, which json.dumps and a loop would write out, values and all.
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Variable:
    """A variable that is set; `origin` is ENVIRONMENT or the path of the file that has it."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Settings:
    """The settings of a session. A variable that is empty counts as not set, and still hides one of the file."""

    database_url: str | None = None
    """The connection string as typed; None leaves the connection to libpq's own variables."""

    libpq: Mapping[str, str] = field(default_factory=dict)
    """The PG* variables that only the file has; libpq finds those of the environment by itself."""

    root_sets_connection: bool = False
    """Whether root's file names the database, so that no variable of libpq's may name another (locked console)."""

    nothing_configured: bool = True
    """Whether none of DATABASE_URL, PGHOST, PGSERVICE and PGDATABASE is set."""

    master_key: tuple[Variable, ...] = ()
    """The sources of the master key that are set; more than one is refused where the key is read."""

    previous_keys: tuple[Variable, ...] = ()
    """The sources of earlier master keys that are set."""

    service_role_key: Variable | None = None
    """Supabase's service_role key, which is the master key where nothing else is."""

    credential_format: CredentialFormat = "auto"
    """The envelope format of new rows."""

    organization: str | None = None
    """The default organisation, as an id or a name."""

    operator: str | None = None
    """The operator, as a user id or an e-mail address."""

    read_only: bool = False
    """Whether nothing but the log may be written."""

    timezone: tzinfo = UTC
    """The zone in which times are shown and typed."""

    idle_lock: int = DEFAULT_IDLE_LOCK_S
    """Seconds without a key before secrets are dropped and the content is covered."""

    key_days: int | None = None
    """The age in days after which the master key should be changed; None asks for nothing."""

    seal_key_file: Path | None = None
    """The private key that signs seals."""

    cosign_key_file: Path | None = None
    """The private key of a second person, who signs checkpoints."""

    ascii: bool = False
    """Whether to draw with ASCII alone."""

    locked: bool = False
    """Whether this is the locked console."""

    export_dir: Path | None = None
    """The only folder that the locked console writes files to."""

    webhook_url: Secret | None = None
    """Where `check --notify` posts what changed: whoever knows the address can post there as well."""

    jwt_secret: Secret | None = None
    """What signs the tokens that `serve` accepts, where it is a shared secret."""

    jwks: str | None = None
    """The file, or the https:// address, of the public keys of those tokens."""

    env_file: Path | None = None
    """The file that was read; None where there was none."""

    env_file_to_write: Path = Path(".env")
    """The file that the wizard would write to."""

    profile: str | None = None
    """The name of the profile that the settings are from."""

    profiles_folder: str = ""
    """The folder that profiles are looked for in."""

    warnings: tuple[str, ...] = ()
    """Sentences to be shown once at the start."""

    def places_looked_in(self) -> str:
        """Return a sentence or two about where a database was looked for, and which profiles there are."""
        if self.profile is not None:
            return f"Looked in the profile {self.profile} and the environment."
        file = self.env_file_to_write
        name = f"./{file.name}" if file.name == ".env" else str(file)
        absent = "" if self.env_file else " (not there)"
        names = profile_names(self.profiles_folder)
        profiles = f"Profiles: {', '.join(names)}." if names else "There are no profiles."
        return f"Looked in {name}{absent} and the environment. {profiles}"

    def master_key_sources(self) -> tuple[tuple[str, str, str], ...]:
        """Name, value and origin of every variable that holds or leads to a master key, for the data module."""
        service_role = (self.service_role_key,) if self.service_role_key else ()
        return tuple(
            (variable.name, variable.value, variable.origin)
            for variable in (*self.master_key, *self.previous_keys, *service_role)
        )


def load_settings(
    environ: Mapping[str, str],
    *,
    env_file: Path | None = None,
    profile: str | None = None,
    cwd: Path,
    locked: bool = False,
    root_file: Path = ROOT_FILE,
) -> Settings:
    """Read the settings from the environment and from `.env` in `cwd`, or from the file or the profile named instead.

    A variable wins over the file; one that would make a profile's name untrue is refused. In the locked console the
    file is `root_file`, or a profile beside it, which only root may write, and it wins. Raises ConfigError, which
    never holds a value: for a file that is missing (where one was named), open to others or ambiguous, for an unknown
    name in it, for a value that is not understood, and in the locked console for a key command that does not come
    from root.
    """
    profile = requested_profile(environ, profile, env_file)
    folder = str(root_file.parent) if locked else configuration_folder(environ)
    if profile is not None:
        file = Path(profile_file(folder, profile))
    else:
        file = root_file if locked else cwd / (env_file or ".env")
    warnings: list[str] = []
    in_file = read_env_file(file, _is_setting, of_root=locked, warnings=warnings)
    if in_file is None and profile is not None:
        raise no_such_profile(folder)
    if in_file is None and env_file is not None:
        raise ConfigError("The file named with --env-file is not there.", "Check its name, or leave the option out.")
    _refuse_unknown(in_file or {}, file)
    if profile is not None:
        deciding = {name: value for name, value in environ.items() if _decides(name, locked=locked)}
        refuse_another_database(profile, deciding, in_file or {})
    values = _Values(environ, in_file or {}, str(file), file_wins=locked)
    libpq = {
        name: value
        for name, value in values.of_file.items()
        if re.fullmatch(LIBPQ_NAME, name) and (locked or name not in environ)
    }
    places = [values.text("DATABASE_URL"), *(environ.get(name) or libpq.get(name) for name in PLACE_NAMES)]
    seal_key_file, cosign_key_file = map(values.text, ("SWITCHBOARD_SEAL_KEY_FILE", "SWITCHBOARD_COSIGN_KEY_FILE"))
    export_dir, jwt_secret = values.text("SWITCHBOARD_EXPORT_DIR"), values.text(JWT_SECRET_NAME)
    if locked:
        _check_key_command(values.variable(KEY_COMMAND_NAME), file)
    return Settings(
        database_url=values.text("DATABASE_URL"),
        libpq=libpq,
        root_sets_connection=locked and any(values.of_file.get(name) for name in ("DATABASE_URL", *PLACE_NAMES)),
        nothing_configured=not any(places),
        master_key=values.variables(MASTER_KEY_NAMES),
        previous_keys=values.variables(PREVIOUS_KEY_NAMES),
        service_role_key=next(iter(values.variables((SERVICE_ROLE_NAME,))), None),
        credential_format=_credential_format(values.text("SWITCHBOARD_CREDENTIAL_FORMAT")),
        organization=values.text("SWITCHBOARD_ORGANIZATION"),
        operator=values.text("SWITCHBOARD_OPERATOR"),
        read_only=values.flag("SWITCHBOARD_READ_ONLY"),
        timezone=_timezone(values.text("SWITCHBOARD_TIMEZONE")),
        idle_lock=_idle_lock(values.text("SWITCHBOARD_IDLE_LOCK")),
        key_days=_key_days(values.text("SWITCHBOARD_KEY_DAYS")),
        seal_key_file=cwd / seal_key_file if seal_key_file else None,
        cosign_key_file=cwd / cosign_key_file if cosign_key_file else None,
        ascii=values.flag("SWITCHBOARD_ASCII"),
        locked=locked,
        export_dir=Path(export_dir) if export_dir else None,
        webhook_url=_webhook_url(values.text(WEBHOOK_NAME)),
        jwt_secret=Secret(jwt_secret) if jwt_secret else None,
        jwks=values.text(JWKS_NAME),
        env_file=None if in_file is None else file,
        env_file_to_write=file,
        profile=profile,
        profiles_folder=folder,
        warnings=(*warnings, *_warnings(environ, values.of_file)),
    )


class _Values:
    """The environment and the file, of which one wins; an empty value counts as not set, but hides the other's."""

    def __init__(self, environ: Mapping[str, str], of_file: Mapping[str, str], file: str, *, file_wins: bool) -> None:
        self.environ = environ
        self.of_file = of_file
        self.file = file
        self.file_wins = file_wins

    def variable(self, name: str) -> Variable | None:
        """Return the variable; None where it is not set, or empty."""
        if name in self.environ and not (self.file_wins and name in self.of_file):
            variable = Variable(name, self.environ[name], ENVIRONMENT)
        else:
            variable = Variable(name, self.of_file.get(name, ""), self.file)
        return variable if variable.value else None

    def variables(self, names: tuple[str, ...]) -> tuple[Variable, ...]:
        """Return the variables of the names that are set."""
        return tuple(variable for name in names if (variable := self.variable(name)) is not None)

    def text(self, name: str) -> str | None:
        """Return the value as UTF-8 text. Raises ConfigError for anything else."""
        variable = self.variable(name)
        if variable is not None and any("\ud800" <= character <= "\udfff" for character in variable.value):
            raise ConfigError(f"{name} is not UTF-8 text.", "Set it again in a terminal that uses UTF-8.")
        return variable.value if variable else None

    def flag(self, name: str) -> bool:
        """Return whether the value is 1 or a word for it. Raises ConfigError for what is neither yes nor no."""
        value = (self.text(name) or "0").strip().lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise ConfigError(f"{name} is neither 1 nor 0.", f"Set {name}=1, or leave it out.")


def _is_setting(name: str) -> bool:
    is_known = name in _KNOWN_NAMES or name in ENVIRONMENT_ONLY_NAMES or name.startswith(_PREFIX)
    return is_known or re.fullmatch(LIBPQ_NAME, name) is not None


def _check_key_command(command: Variable | None, root_file: Path) -> None:
    """Raise ConfigError unless root alone chose the program: by its whole path, and not by folders of PATH."""
    if command is None:
        return
    if command.origin == ENVIRONMENT:
        raise ConfigError(
            f"{command.name} in the environment is not open in the locked console.",
            f"The administrator of this machine may set it in {root_file}.",
        )
    if not command.value.lstrip(" '\"").startswith("/"):
        raise ConfigError(
            f"{command.name} in {root_file} does not name its program by the whole path.",
            "Write it as /usr/bin/pass show ...: the locked console does not search PATH.",
        )


def _decides(name: str, *, locked: bool) -> bool:
    """Whether a variable decides which database it is, and what opens it: what a profile stands for."""
    if locked and name in WHO_CONNECTS:
        return False
    return name in _PROFILE_DECIDES or name in ENVIRONMENT_ONLY_NAMES or re.fullmatch(LIBPQ_NAME, name) is not None


def _refuse_unknown(values: Mapping[str, str], file: Path) -> None:
    if LOCKED_NAME in values:
        raise ConfigError(
            f"{LOCKED_NAME} in {file} has no effect.", "Set it in the environment, or start `switchboard --locked`."
        )
    if PROFILE_VARIABLE in values:
        raise ConfigError(
            f"{PROFILE_VARIABLE} in {file} has no effect.",
            f"Set it in the environment, or start `switchboard {PROFILE_OPTION} NAME`.",
        )
    for name in values:
        if name.startswith(_PREFIX) and name not in SWITCHBOARD_NAMES:
            nearest = difflib.get_close_matches(name, SWITCHBOARD_NAMES, n=1, cutoff=0)[0]
            raise ConfigError(
                f"{name} in {file} is not a setting of Switchboard.",
                f"The nearest is {nearest}; correct the name or remove the line.",
            )


def _warnings(environ: Mapping[str, str], of_file: Mapping[str, str]) -> list[str]:
    warnings = []
    unknown = sorted(name for name in environ if name.startswith(_PREFIX) and name not in SWITCHBOARD_NAMES)
    if unknown:
        printable = [name for name in unknown if re.fullmatch(_PLAIN_NAME, name)][:3]
        rest = f" and {len(unknown) - len(printable)} more" if len(unknown) > len(printable) else ""
        names = ", ".join(printable) or "names with unusual characters"
        warnings.append(f"Not a setting of Switchboard, ignored: {names}{rest if printable else ''}.")
    useless = sorted(name for name in of_file if name in ENVIRONMENT_ONLY_NAMES)
    warnings += [f"{name} works in the environment only, not in the file." for name in useless]
    return warnings


def _credential_format(value: str | None) -> CredentialFormat:
    match (value or "auto").strip().lower():
        case "auto":
            return "auto"
        case "sb2":
            return "sb2"
        case "legacy":
            return "legacy"
    raise ConfigError("SWITCHBOARD_CREDENTIAL_FORMAT is not a format.", "Use auto, sb2 or legacy.")


def _timezone(value: str | None) -> tzinfo:
    if value is None:
        return UTC
    from tui.settings.time_zones import suggest_zone, time_zone

    zone = time_zone(value)
    if zone is not None:
        return zone
    names = suggest_zone(value)
    raise ConfigError(
        "SWITCHBOARD_TIMEZONE is not a time zone that this machine knows by that name.",
        f"Use a whole name: {names}; or UTC." if names else "Use a whole name such as Europe/Berlin, or UTC.",
    )


def _key_days(value: str | None) -> int | None:
    text = (value or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LONGEST_KEY_DAYS:
        return int(text)
    raise ConfigError(
        "SWITCHBOARD_KEY_DAYS is not a number of days.", f"Use a whole number from 1 to {LONGEST_KEY_DAYS}."
    )


def _webhook_url(value: str | None) -> Secret | None:
    if not value:
        return None
    # Not above: nobody but `check` needs it, and every start would wait for it.
    from urllib.parse import urlsplit

    try:
        split = urlsplit(value.strip())
        is_address = split.scheme == "https" and bool(split.hostname) and (split.port or 1) > 0
    except ValueError:
        is_address = False
    if not is_address or not value.strip().isprintable() or " " in value.strip():
        raise ConfigError(f"{WEBHOOK_NAME} is not an address that begins with https://.", "Copy it from the receiver.")
    return Secret(value.strip())


def _idle_lock(value: str | None) -> int:
    text = (value or str(DEFAULT_IDLE_LOCK_S)).strip()
    if text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= LONGEST_IDLE_LOCK_S:
        return int(text)
    raise ConfigError(
        "SWITCHBOARD_IDLE_LOCK is not a number of seconds.", f"Use a whole number from 1 to {LONGEST_IDLE_LOCK_S}."
    )
