"""Why a login cannot be made a person, by the code that sql/016_logins.sql gives: what is wrong and what to do."""

from __future__ import annotations

from tui.errors import InvalidInput, PermissionDenied, ServerUnsuitable, SwitchboardError

Refusal = tuple[type[SwitchboardError], str, str]

A_LOGIN_OF_ITS_OWN = "Make a login of its own for the person."

LOGIN_REFUSALS: dict[str, Refusal] = {
    "unknown_role": (
        InvalidInput,
        "This server has no role of that name.",
        "Check the spelling, or make the login with it (--create).",
    ),
    "own_row": (
        PermissionDenied,
        "Nobody changes what their own login is.",
        "Ask another administrator, or the owner of the tables.",
    ),
    "superuser": (InvalidInput, "A superuser can become anybody, so it is no one person.", A_LOGIN_OF_ITS_OWN),
    "program_role": (InvalidInput, "That role is one that programs use.", A_LOGIN_OF_ITS_OWN),
    "owner": (
        InvalidInput,
        "That role owns what protects the log, or is a member of a role that does.",
        A_LOGIN_OF_ITS_OWN,
    ),
    "bypasses_row_security": (
        InvalidInput,
        "Row security does not concern that role, or one that it is a member of, so no scope would hold.",
        A_LOGIN_OF_ITS_OWN,
    ),
    "server_wide": (
        InvalidInput,
        "That role reads or writes past what is granted here: by replication, or with all data, files or programs "
        "of the server.",
        A_LOGIN_OF_ITS_OWN,
    ),
    "no_login": (
        InvalidInput,
        "Nobody can log in with that role.",
        "One that was removed here is opened with --create; for a person make a login of its own.",
    ),
    "taken": (
        InvalidInput,
        "That login is a person already.",
        "Look at `switchboard access list`; remove it first where it is to be somebody else.",
    ),
    "pooled": (
        ServerUnsuitable,
        "A pooler on the way gives its own login to everybody, so that a login proves nothing here.",
        "Use the server's direct address, or a pooler that logs in as whoever connects.",
    ),
    "unknown_person": (
        InvalidInput,
        "The directory has no such person.",
        "Give the id or e-mail of somebody in it.",
    ),
    "inactive_person": (
        InvalidInput,
        "That person is not active in the directory.",
        "Activate them there first, or give somebody else.",
    ),
    "no_scope": (
        InvalidInput,
        "A login without an organisation would see nothing.",
        "Name at least one, or let it see them all.",
    ),
    "two_scopes": (
        InvalidInput,
        "A login for all organisations names none of them.",
        "Name some, or let it see them all.",
    ),
    "no_organization": (
        InvalidInput,
        "The id of zeros stands for no organisation.",
        "Name organisations, or let it see them all.",
    ),
    "locks_you_out": (
        PermissionDenied,
        "This would be the first login here that is a person, and yours is none: you would see nothing any more.",
        "Let the owner of the tables add the first one.",
    ),
    "not_mapped": (InvalidInput, "That login is nobody's here.", "Look at `switchboard access list`."),
}


def login_refusal(code: str | None) -> Refusal:
    """Return what a code means; of one that a newer schema gives, that it was refused."""
    unknown = (PermissionDenied, "The database refuses to make that login a person.", "Nothing was changed.")
    return LOGIN_REFUSALS.get(code or "", unknown)
