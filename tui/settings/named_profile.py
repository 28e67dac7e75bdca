"""The profile that settings are read from: which one is asked for, and whether its name is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import ConfigError
from tui.settings.profiles import NAME_RULE, PROFILE_OPTION, PROFILE_VARIABLE, is_profile_name, profile_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def requested_profile(environ: Mapping[str, str], option: str | None, env_file: Path | None) -> str | None:
    """Return the profile asked for. Raises ConfigError for what is no name, and where a file is named as well."""
    profile = option or environ.get(PROFILE_VARIABLE)
    if not profile:
        return None
    asked_with = PROFILE_OPTION if option else PROFILE_VARIABLE
    if env_file is not None:
        raise ConfigError(f"Both --env-file and {asked_with} say where the settings are.", "Leave one of them out.")
    if not is_profile_name(profile):
        raise ConfigError(f"{asked_with} is not the name of a profile.", NAME_RULE)
    return profile


def no_such_profile(folder: str) -> ConfigError:
    """Return the failure that says which profiles there are."""
    names = profile_names(folder)
    listed = f"Profiles are: {', '.join(names)}."
    what_to_do = listed if names else "Put its settings there as NAME.env, closed to others (chmod 600)."
    return ConfigError(f"There is no profile of that name in {folder}.", what_to_do)


def refuse_another_database(profile: str, variables: Mapping[str, str], in_file: Mapping[str, str]) -> None:
    """Raise ConfigError where variables of the environment say something else than the profile; values are not told."""
    # Empty ones as well, which would cover those of the file.
    others = sorted(name for name, value in variables.items() if value != in_file.get(name, ""))
    if others:
        *first, last = others
        names, verb, them = (f"{', '.join(first)} and {last}", "are", "them") if first else (last, "is", "it")
        raise ConfigError(
            f"{names} in the environment {verb} not as in the profile {profile}.",
            f"Unset {them}, or start without the profile.",
        )
