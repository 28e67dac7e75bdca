"""Rows of two organisations, logins of every scope, and statements that reach for the rows of one organisation each."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.database.access_trials import ADMIN, AUDITOR, SUPPORT

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

PLACES = {"home": "00000000-0000-4000-8000-00000000000a", "away": "00000000-0000-4000-8000-00000000000b"}
EVERYTHING = frozenset({*PLACES, "nowhere"})
GROUPS = {"admin": ADMIN, "support": SUPPORT, "auditor": AUDITOR}
# What a login is mapped to in a database: the places, all of them, or nothing at all, and in which ways nothing.
SCOPES = ("one", "other", "both", "all", "unmapped", "removed", "remade", "vouching", "vouching for all")
# Who is in none of the groups: the owner, an API, and a program with grants and policies of its own.
STRANGERS = {
    "postgres": ("postgres", ""),
    "service_role": ("authenticator", "service_role"),
    "program": ("program", ""),
}
WHOLE = "the whole database"
# What each group may do at all: of a relation Select, Insert, Update, Delete, Move to another organisation where not
# every column may be updated; of functions eXecute.
ABILITIES = {
    "public.integration_credentials": {"admin": "SIUDM", "support": "SU"},
    "public.user_integration_permissions": {"admin": "SIUD", "support": "S"},
    "public.organization_phone_numbers": {"admin": "SIUD", "support": "SIU"},
    "public.integration_audit_logs": dict.fromkeys(GROUPS, "S"),
    "switchboard.credential_versions": {"admin": "S", "support": "S"},
    "switchboard.checks": {"admin": "S", "support": "S"},
    "switchboard.observations": {"admin": "S", "support": "S"},
    "switchboard.changes": {"admin": "S", "support": "S"},
    "switchboard.openings": dict.fromkeys(GROUPS, "S"),
    "switchboard.archives": dict.fromkeys(GROUPS, "S"),
    "switchboard.begin_check": {"admin": "X", "support": "X"},
    "switchboard.hold_check": {"admin": "X", "support": "X"},
    "switchboard.note_check": {"admin": "X", "support": "X"},
    "switchboard.claim_change": {"admin": "X", "support": "X"},
    "switchboard.note_told": {"admin": "X", "support": "X"},
    "switchboard.uses_of": {"admin": "X", "support": "X"},
    "switchboard.people_labels": {"admin": "SIUD"},
    "switchboard.organization_labels": {"admin": "SIUD"},
    "switchboard.logins": {"admin": "S"},
    "switchboard.login_organizations": {"admin": "S"},
    "switchboard.visible_people": dict.fromkeys(GROUPS, "S"),
    "switchboard.visible_organizations": dict.fromkeys(GROUPS, "S"),
    "switchboard.may": {"admin": "X", "support": "X"},
    "switchboard.begin_open": {"admin": "X", "support": "X"},
    "switchboard.take_lock": {"admin": "X", "support": "X"},
    "switchboard.log_act": dict.fromkeys(GROUPS, "X"),
    "switchboard.forget_versions": {"admin": "X"},
    "switchboard.require_everything": dict.fromkeys(GROUPS, "X"),
    WHOLE: {"admin": "X"},
}
# $here and $there are organisations, $integration and $elsewhere theirs, $n and $of_others the end of the ids of people
# who belong there (1), or nowhere and have a permission (2) or a number there (3).
TRIED = """
public.integration_credentials
S select id from # where organization_id = '$here'
I insert into # (organization_id, integration_type, credentials_encrypted) values ('$here', 'exotel_sms', 'x')
U update # set is_active = is_active where organization_id = '$here'
D delete from # where organization_id = '$here'
M update # set organization_id = '$there', integration_type = 'x' where organization_id = '$here'
public.user_integration_permissions
S select id from # where integration_id = '$integration'
I insert into # (user_id, integration_id) values (gen_random_uuid(), '$integration')
U update # set can_send = can_send where integration_id = '$integration'
D delete from # where integration_id = '$integration'
U update # set integration_id = '$elsewhere' where integration_id = '$integration'
public.organization_phone_numbers
S select id from # where organization_id = '$here'
I insert into # (organization_id, phone_number) values ('$here', '2')
U update # set display_name = display_name where organization_id = '$here'
D delete from # where organization_id = '$here'
U update # set organization_id = '$there', phone_number = '3' where organization_id = '$here'
U update # set integration_id = '$elsewhere' where organization_id = '$here'
I insert into # (organization_id, phone_number, integration_id) values ('$here', '4', '$elsewhere')
public.integration_audit_logs
S select id from # where organization_id = '$here'
switchboard.credential_versions
S select id from # where organization_id = '$here'
switchboard.checks
S select from # where integration_id = '$integration'
switchboard.observations
S select from # where integration_id = '$integration'
switchboard.changes
S select from # where organization_id = '$here'
switchboard.openings
S select from # where organization_id = '$here'
switchboard.begin_check
X select #('$integration', null)
switchboard.hold_check
X select #('$integration')
switchboard.note_check
X select #('$integration', '{}', '[]', '[]')
switchboard.claim_change
X select from #(array['$here']::uuid[]) as c where c.id is not null
switchboard.note_told
X select #('$change')
switchboard.uses_of
X select from #('$integration')
switchboard.people_labels
S select id from # where organization_id = '$here'
I insert into # (id, label, organization_id) values (gen_random_uuid(), 'x', '$here')
I insert into # values ('00000000-0000-4000-8000-00000002$of_others', 'x', '$here')
I insert into # values ('00000000-0000-4000-8000-00000003$of_others', 'x', '$here')
U update # set id = '00000000-0000-4000-8000-00000003$of_others' where organization_id = '$here'
U update # set label = label where organization_id = '$here'
D delete from # where organization_id = '$here'
U update # set organization_id = '$there' where organization_id = '$here'
switchboard.organization_labels
S select id from # where id = '$here'
U update # set name = name where id = '$here'
D delete from # where id = '$here'
switchboard.logins
S select login from # where login = 'somebody $here'
switchboard.login_organizations
S select login from # where organization_id = '$here'
switchboard.visible_people
S select id from # where id = '00000000-0000-4000-8000-00000001$n'
S select id from # where id = '00000000-0000-4000-8000-00000002$n'
S select id from # where id = '00000000-0000-4000-8000-00000003$n'
switchboard.visible_organizations
S select id from # where id = '$here'
switchboard.may
X select from #(gen_random_uuid(), '$integration', 'view') as m where m.reason = 'no permission'
switchboard.begin_open
X select #('$integration', 'test')
switchboard.take_lock
X select #('numbers', '$here')
switchboard.log_act
X select #('log_exported', '$here', null, 'success', null)
switchboard.forget_versions
X select #('$here', 'zoho_mail')
"""
# Without naming a column, which would take the right to read: policies for reading then say nothing.
BLIND = """
public.integration_credentials
U update # set is_active = true
M update # set organization_id = '$there', integration_type = gen_random_uuid()::text
D delete from #
public.user_integration_permissions
U update # set can_send = true
U update # set integration_id = '$elsewhere', user_id = gen_random_uuid()
D delete from #
public.organization_phone_numbers
U update # set display_name = 'x'
U update # set organization_id = '$there', phone_number = left(gen_random_uuid()::text, 20)
U update # set integration_id = '$elsewhere'
D delete from #
switchboard.people_labels
D delete from #
"""
OF_ALL = """
switchboard.archives
S select from # where row_count = 7
switchboard.visible_people
S select id from # where id = '00000000-0000-4000-8000-000000040000'
switchboard.organization_labels
I insert into # (id, name) values (gen_random_uuid(), 'x')
switchboard.require_everything
X select #('tries')
the whole database
X select switchboard.change_setting('versions_days', 31)
X select switchboard.hold_envelopes()
X select switchboard.record_type('acme_voice', $bytes)
X select switchboard.withdraw_type('acme_voice')
X select switchboard.take_lock('seals', null)
X select switchboard.record_archive('2026-01-01', 0, $bytes, '{}')
X select switchboard.log_act('schema_changed', null, null, 'success', null)
X insert into switchboard.keys (key_id, purpose, public_key) values ('another', 'seal', 'x')
X update switchboard.keys set created_by = 'x'
X insert into switchboard.schema_version (file, sha256) values ('f', 's')
X insert into switchboard.seals (row_count, digest, root, key_id, signature) values (1, $bytes, $bytes, 'k', $twice)
X insert into switchboard.send_actions values ('fax_sent')
X update switchboard.send_actions set action = action
X delete from switchboard.send_actions
X select switchboard.edit_login('somebody $here', 'admin', array['$here']::uuid[], false, 'edited')
X select switchboard.remove_login('somebody $here')
X select switchboard.map_login('nobody', '$person', 'admin', null, true, false, null, session_user)
"""
SEED = """
insert into public.users
values ('00000000-0000-4000-8000-000000040000', null), ('00000000-0000-4000-8000-000000050000', null);
insert into switchboard.keys (key_id, purpose, public_key) values ('k', 'seal', 'x');
insert into switchboard.organization_labels values ('00000000-0000-4000-8000-000000000001', 'of neither');
insert into switchboard.archives (month, row_count, sha256, first_seal, last_seal, log_row)
values ('2026-01-01', 7, decode(repeat('00', 32), 'hex'), 1, 1, gen_random_uuid());
insert into switchboard.seals (hour, row_count, digest, root, key_id, signature)
select '2026-02-01', 0, decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'), 'k',
       decode(repeat('00', 64), 'hex');
"""
SEED_OF_A_PLACE = """
insert into public.users
values ('00000000-0000-4000-8000-00000001$n', '$here'), ('00000000-0000-4000-8000-00000002$n', null),
  ('00000000-0000-4000-8000-00000003$n', null);
insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted)
values ('$integration', '$here', 'zoho_mail', 'before');
update public.integration_credentials set credentials_encrypted = 'after' where id = '$integration';
insert into public.user_integration_permissions (user_id, integration_id)
values ('00000000-0000-4000-8000-00000002$n', '$integration'),
  ('00000000-0000-4000-8000-00000001$of_others', '$integration');
insert into public.organization_phone_numbers (organization_id, phone_number, assigned_to_user_id)
values ('$here', '1', '00000000-0000-4000-8000-00000003$n');
insert into public.integration_audit_logs (organization_id, integration_type, action, status)
values ('$here', 'zoho_mail', 'email_sent', 'success');
insert into switchboard.checks (integration_id) values ('$integration');
insert into switchboard.observations (integration_id, name, value) values ('$integration', 'balance', '1');
insert into switchboard.changes (id, integration_id, organization_id, kind)
values ('$change', '$integration', '$here', 'broke');
insert into switchboard.openings (organization_id, integration_type, kind, at) values ('$here', 'x', 'copied', now());
insert into switchboard.people_labels values ('00000000-0000-4000-8000-00000001$n', 'x', '$here');
insert into switchboard.organization_labels values ('$here', 'x');
"""
MAP = "select switchboard.map_login(%s, %s, %s, %s, %s, %s, null, session_user::text)"
PERSON = "00000000-0000-4000-8000-000000050000"


class Reach(NamedTuple):
    """A statement: what it is on, what ability it takes, and the places that all have to be in scope; of none, any."""

    name: str
    verb: str
    places: frozenset[str]
    text: str


def filled(template: str, place: str) -> str:
    """A template with the ids of a place."""
    other = next(name for name in PLACES if name != place)
    return string.Template(template).substitute(
        here=PLACES[place],
        there=PLACES[other],
        integration=f"00000000-0000-4000-8000-0000000a{place}".replace(place, PLACES[place][-4:]),
        elsewhere=f"00000000-0000-4000-8000-0000000a{PLACES[other][-4:]}",
        n=PLACES[place][-4:],
        change=f"00000000-0000-4000-8000-0000000c{PLACES[place][-4:]}",
        of_others=PLACES[other][-4:],
        person=PERSON,
        bytes="decode(repeat('00', 32), 'hex')",
        twice="decode(repeat('00', 64), 'hex')",
    )


def every_reach() -> list[Reach]:
    """All statements, those on rows of a place for each of the two."""
    reaches = []
    for template, places in ((TRIED, tuple(PLACES)), (BLIND, tuple(PLACES)), (OF_ALL, ("home",))):
        name = ""
        for line in template.strip().splitlines():
            if line[1] != " ":
                name = line
                continue
            for place in places:
                needed = {TRIED: frozenset({place}), BLIND: frozenset[str](), OF_ALL: EVERYTHING}[template]
                if "$there" in line or "$elsewhere" in line or "$of_others" in line:
                    needed = frozenset(PLACES) - (frozenset({place}) if template is BLIND else frozenset())
                reaches.append(Reach(name, line[0], needed, filled(line[2:].replace("#", name), place)))
    return reaches


def map_logins(connection: Connection, here: str) -> dict[str, frozenset[str]]:
    """Map the logins of each scope in a database where "one" is mapped to the place `here`; say what each may see."""
    there = next(place for place in PLACES if place != here)
    seen = {
        "one": frozenset({here}),
        "other": frozenset({there}),
        "both": frozenset(PLACES),
        "all": EVERYTHING,
        "removed": EVERYTHING,
        "remade": EVERYTHING,
        "vouching": frozenset({here}),
        "vouching for all": EVERYTHING,
    }
    for organization in PLACES.values():
        connection.execute(MAP, [f"somebody {organization}", PERSON, "support", [organization], False, False])
    for scope, places in seen.items():
        for role in GROUPS:
            everything = places == EVERYTHING
            organizations = None if everything else [PLACES[place] for place in places]
            vouches = scope.startswith("vouching")
            person = None if vouches else PERSON
            connection.execute(MAP, [f"{role} {scope}", person, role, organizations, everything, vouches])
    for role in GROUPS:
        connection.execute("select switchboard.remove_login(%s)", [f"{role} removed"])
        connection.execute("update switchboard.logins set login_oid = 1 where login = %s", [f"{role} remade"])
    return seen | dict.fromkeys(("unmapped", "removed", "remade"), frozenset())
