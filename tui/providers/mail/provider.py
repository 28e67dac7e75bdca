"""Whose mailboxes they are: what the advice about a refused login names, which each provider's type passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class MailProvider(NamedTuple):
    """What one provider of mailboxes is called, and where its people help themselves.

    `enable_imap` and `new_password` (for an account on that host) are sentences that say how; `elsewhere` is one that
    says where else the account may be if the login is right. `host_within` returns what to enter in place of a host by
    the provider's known ones that a refusal names, empty where it names none. `doubt` is what is wrong with the hosts
    of this very credential, said before all other advice. `login_with` is what its people call the password.
    """

    name: str
    enable_imap: str
    new_password: Callable[[str], str]
    elsewhere: Callable[[str], str]
    host_within: Callable[[str], str] = lambda text: ""
    doubt: str = ""
    login_with: str = "app password"
