"""What is said of master keys and their rotation."""

from __future__ import annotations

STOPPED = "the other program is stopped"

LEGACY_ORDER = (
    "Credentials of the legacy format are read by another program, which opens none of them afterwards. "
    "The order: stop it, rotate, change its ENCRYPTION_MASTER_KEY, start it."
)

AFTERWARDS = (
    "Now set the new key as ENCRYPTION_MASTER_KEY wherever Switchboard runs, and the one before, from {source}, as "
    "ENCRYPTION_MASTER_KEY_PREVIOUS until `switchboard keys retire {old}`.",
    "What this does not do: backups from before still open with the old key; and whoever had it may have read the "
    "credentials, so make new ones at the providers: my.exotel.com > API Settings, accounts.zoho.com > Security > App "
    "Passwords.",
)
