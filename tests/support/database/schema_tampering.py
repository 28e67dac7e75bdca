"""Ways of tampering with what is in the schema, as its owner or a superuser, and what verify says of each.

`python -m tests.support.database.schema_tampering` prints the table of docs/audit_log.md.
"""

from __future__ import annotations

from dataclasses import dataclass

LOG = "public.integration_audit_logs"
CREDENTIALS = "public.integration_credentials"
QUIET = "create function public.quiet() returns trigger language plpgsql as 'begin return null; end'; "
TELLS = "create function public.tells(value text) returns text language sql immutable as 'select value'; "
NEVER = "stands in the schema switchboard, where nothing of others belongs."
NOT_OURS = "is not Switchboard's, and nobody has accepted it."
ALTERED = "is not as it was installed."
TRUSTED = "was put into pg_catalog, which every function of Switchboard trusts."


@dataclass(frozen=True, slots=True)
class Tampering:
    """One way: what is done, in words and in SQL, and the sentences of verify, all of them."""

    name: str
    sql: str
    sentences: tuple[str, ...]


def way(name: str, sql: str, *sentences: str) -> Tampering:
    """Return a way with the sentences that it has to lead to."""
    return Tampering(name, sql, sentences)


TAMPERINGS = (
    way(
        "a column of the log becomes an enum with a cast of its own",
        "create type public.act as enum ('schema_changed', 'credential_revealed'); "
        f"alter table {LOG} alter column action type public.act using action::text::public.act; "
        "create function public.said(public.act) returns json language sql as $$select '\"schema_changed\"'::json$$; "
        "create cast (public.act as json) with function public.said(public.act)",
        f"The column {LOG}.action {ALTERED}",
        "The cast (public.act AS json) can change what the columns say.",
    ),
    way(
        "an overload of write_log that swallows every opening",
        "create function switchboard.write_log(organization_id uuid, user_id uuid, integration_type varchar, "
        "action text, status text, details jsonb) returns uuid language sql as 'select gen_random_uuid()'",
        f"The function switchboard.write_log(uuid,uuid,character varying,text,text,jsonb) {NEVER}",
    ),
    way(
        "a child table of the log with a trigger of its own",
        f"{QUIET}create table public.more (like {LOG} including all); alter table public.more inherit {LOG}; "
        "create trigger quiet before insert on public.more for each row execute function public.quiet()",
        f"The child table public.more is not guarded as {LOG} is: no row security, no trigger switchboard_append_only "
        "that is always on, no trigger switchboard_check_proof that is always on, no trigger switchboard_no_truncate "
        "that is always on, a trigger of its own, quiet.",
    ),
    way(
        "a child table of the integrations that logs nothing",
        f"create table public.more () inherits ({CREDENTIALS})",
        f"The child table public.more is not guarded as {CREDENTIALS} is: no row security, no trigger "
        "switchboard_forget that is always on, no trigger switchboard_log_change that is always on, no trigger "
        "switchboard_log_truncate that is always on, no trigger switchboard_only_as_requested that is always on, no "
        "trigger switchboard_remember that is always on, no trigger switchboard_versions that is always on, no trigger "
        "switchboard_versions_deleted that is always on.",
    ),
    way(
        "a rule on the integrations",
        f"create rule quiet as on delete to {CREDENTIALS} do instead nothing",
        f"The rule {CREDENTIALS}.quiet can swallow or change what is written.",
    ),
    way(
        "a trigger before each new row of the log",
        f"{QUIET}create trigger quiet before insert on {LOG} for each row execute function public.quiet()",
        f"The trigger {LOG}.quiet can swallow or change what is written.",
    ),
    way(
        "a trigger after each new row of the log",
        f"{QUIET}create trigger quiet after insert on {LOG} for each row execute function public.quiet()",
        f"The trigger {LOG}.quiet {NOT_OURS}",
    ),
    way(
        "a trigger on the permissions",
        f"{QUIET}create trigger quiet before update on public.user_integration_permissions "
        "for each row execute function public.quiet()",
        f"The trigger public.user_integration_permissions.quiet {NOT_OURS}",
    ),
    way(
        "a trigger on the seals",
        f"{QUIET}create trigger quiet after insert on switchboard.seals for each row execute function public.quiet()",
        f"The trigger switchboard.seals.quiet {NEVER}",
    ),
    way(
        "the log's protecting trigger renamed",
        f"alter trigger switchboard_append_only on {LOG} rename to quiet",
        f"The trigger {LOG}.switchboard_append_only is missing.",
        f"The trigger {LOG}.quiet can swallow or change what is written.",
    ),
    way(
        "a policy that hides rows of the log",
        f"create policy quiet on {LOG} as restrictive for select to switchboard_auditor using (action <> 'call_made')",
        f"The policy {LOG}.quiet can hide rows.",
    ),
    way(
        "a policy that lets through more",
        f"create policy quiet on {CREDENTIALS} for all to helper using (true)",
        f"The policy {CREDENTIALS}.quiet {NOT_OURS}",
    ),
    way(
        "the same by a name that Switchboard gives elsewhere",
        f"create policy switchboard_own_select on {LOG} for all to helper using (true)",
        f"The policy {LOG}.switchboard_own_select {NOT_OURS}",
    ),
    way(
        "a policy of a group that shows every organisation to whoever sees some",
        f"alter policy switchboard_auditor_select on {LOG} using (true)",
        f"The policy {LOG}.switchboard_auditor_select {ALTERED}",
    ),
    way(
        "a view of people that filters nobody",
        "create or replace view switchboard.visible_people with (security_barrier = true) as "
        "select id, email, name, organization_id, is_active from switchboard.people",
        f"The view switchboard.visible_people {ALTERED}",
    ),
    way(
        "row security switched off on the versions of credentials",
        "alter table switchboard.credential_versions disable row level security",
        "Row security is off on switchboard.credential_versions.",
    ),
    way(
        "a policy that shows what providers said to whoever sees another organisation",
        "alter policy switchboard_support_select on switchboard.observations using (true)",
        f"The policy switchboard.observations.switchboard_support_select {ALTERED}",
    ),
    way(
        "the log made UNLOGGED",
        f"alter table {LOG} set unlogged",
        f"{LOG} is UNLOGGED: a crash of the server empties it.",
    ),
    way(
        "a default of the log that runs a function",
        f"{TELLS}alter table {LOG} alter column user_agent set default public.tells('x')",
        f"The default {LOG}.user_agent can change what new rows of the log say.",
    ),
    way(
        "a default that back-dates the rows of other programs",
        f"alter table {LOG} alter column created_at set default '2020-01-01'",
        f"The default {LOG}.created_at can change what new rows of the log say.",
    ),
    way(
        "a default of the numbers that runs a function",
        f"{TELLS}alter table public.organization_phone_numbers alter column number_type set default public.tells('x')",
        f"The default public.organization_phone_numbers.number_type {NOT_OURS}",
    ),
    way(
        "a column of the log that is computed",
        f"alter table {LOG} drop column ip_address; "
        f"alter table {LOG} add column ip_address inet generated always as ('192.0.2.1') stored",
        f"The column {LOG}.ip_address {ALTERED}",
    ),
    way(
        "a column of the log of a domain that refuses rows",
        "create domain public.kind as inet check (value <> '192.0.2.7'); "
        f"alter table {LOG} alter column ip_address type public.kind",
        f"The column {LOG}.ip_address {ALTERED}",
    ),
    way("a further column", f"alter table {LOG} add column more text", f"The column {LOG}.more {NOT_OURS}"),
    way(
        "a further column of the seals",
        "alter table switchboard.seals add column more text",
        f"The column switchboard.seals.more {NEVER}",
    ),
    way(
        "a check that runs a function for each row",
        f"{TELLS}alter table {LOG} add constraint quiet check (public.tells(action) is not null)",
        f"The check {LOG}.quiet {NOT_OURS}",
    ),
    way(
        "an index that runs a function for each row",
        f"{TELLS}create index quiet on {LOG} (public.tells(user_agent))",
        f"The index function {LOG}.quiet {NOT_OURS}",
    ),
    way(
        "an index with an order of its own",
        "create operator class public.odd for type timestamptz using btree as operator 1 <, operator 2 <=, "
        "operator 3 =, operator 4 >=, operator 5 >, function 1 pg_catalog.timestamptz_cmp(timestamptz, timestamptz); "
        f"create index quiet on {LOG} (created_at public.odd)",
        f"The index order {LOG}.quiet can hide rows.",
    ),
    way(
        "a check of the seals taken away",
        "alter table switchboard.seals drop constraint seals_row_count_check",
        "switchboard.seals lacks the constraint CHECK ((row_count >= 0)).",
    ),
    way(
        "seals that choose their ids",
        "alter table switchboard.seals alter id set generated by default",
        f"The column switchboard.seals.id {ALTERED}",
    ),
    way(
        "seals that count backwards",
        "alter table switchboard.seals alter id set increment by -1 set minvalue -9",
        f"The sequence switchboard.seals_id_seq {ALTERED}",
    ),
    way(
        "the log made the child of a table that others read",
        f"create table public.over (like {LOG}); alter table {LOG} inherit public.over",
        f"The parent public.over of {LOG} gives the rows to whoever may read or change it.",
    ),
    way(
        "a right to change the log",
        f"grant update (status) on {LOG} to helper",
        f"The grant {LOG}.status to helper (update) lets its holder change the log.",
    ),
    way(
        "a right to make triggers on the log",
        f"grant trigger on {LOG} to helper",
        f"The grant {LOG} to helper (trigger) lets its holder change the log.",
    ),
    way(
        "a right to read the log",
        f"grant select on {LOG} to helper",
        f"The grant {LOG} to helper (select) {NOT_OURS}",
    ),
    way(
        "a right to make things in the schema switchboard",
        "grant create on schema switchboard to helper",
        "The grant switchboard to helper (create) gives away what is Switchboard's own.",
    ),
    way(
        "rights to whatever will be made there",
        "alter default privileges in schema switchboard grant select on tables to helper",
        f"The default privileges switchboard of postgres {NEVER}",
    ),
    way(
        "the log given to another owner",
        f"alter table {LOG} owner to helper",
        f"The owner {LOG} (helper) can undo whatever protects the log.",
    ),
    way(
        "a function given to another owner",
        "alter function switchboard.log_change() owner to helper",
        "The owner switchboard.log_change() (helper) can undo whatever protects the log.",
    ),
    way(
        "a function that no longer runs as its owner",
        "alter function switchboard.log_change() security invoker",
        f"The function switchboard.log_change() {ALTERED}",
    ),
    way(
        "a function with a path of its own",
        "alter function switchboard.begin_open(uuid, text) set search_path = public",
        f"The function switchboard.begin_open(uuid,text) {ALTERED}",
    ),
    way(
        "a function that is emptied",
        "create or replace function switchboard.refuse_change() returns trigger language plpgsql "
        "set search_path = pg_catalog, pg_temp as 'begin return new; end'",
        f"The function switchboard.refuse_change() {ALTERED}",
    ),
    way(
        "a procedure, an aggregate, a view, a type, a domain and a table in the schema switchboard",
        "create procedure switchboard.p() language sql as ''; "
        "create aggregate switchboard.a(integer) (sfunc = int4pl, stype = integer); "
        "create view switchboard.v as select 1 as x; create type switchboard.e as enum ('x'); "
        "create domain switchboard.d as text; create table switchboard.t ()",
        f"The aggregate switchboard.a(integer) {NEVER}",
        f"The procedure switchboard.p() {NEVER}",
        f"The table switchboard.t {NEVER}",
        f"The type switchboard.d {NEVER}",
        f"The type switchboard.e {NEVER}",
        f"The view switchboard.v {NEVER}",
    ),
    way(
        "an operator in the schema switchboard",
        "create operator switchboard.= (leftarg = text, rightarg = text, function = pg_catalog.textne)",
        f"The operator switchboard.=(pg_catalog.text,pg_catalog.text) {NEVER}",
    ),
    way(
        "a function in pg_catalog",
        "create function pg_catalog.coalesced(text) returns text language sql as 'select $1'",
        f"The function pg_catalog.coalesced(pg_catalog.text) {TRUSTED}",
    ),
    way(
        "an operator in pg_catalog",
        "create function public.never(varchar, varchar) returns boolean language sql as 'select false'; "
        "create operator pg_catalog.= (leftarg = varchar, rightarg = varchar, function = public.never)",
        f"The operator pg_catalog.=(character varying,character varying) {TRUSTED}",
    ),
    way(
        "a function of the server replaced",
        "create or replace function pg_catalog.host(inet) returns text language plpgsql immutable strict "
        "as $$begin return '192.0.2.1'; end$$",
        f"The function pg_catalog.host(pg_catalog.inet) {TRUSTED}",
    ),
    way(
        "a cast between types of the server",
        "create cast (varchar as uuid) with inout as implicit",
        "The cast (character varying AS pg_catalog.uuid) can change what the columns say.",
    ),
    way(
        "a trigger before each statement on the log",
        f"{QUIET}create trigger quiet before insert on {LOG} for each statement execute function public.quiet()",
        f"The trigger {LOG}.quiet can swallow or change what is written.",
    ),
    way(
        "a trigger on the log that calls itself the server's own",
        f"{QUIET}create trigger quiet before insert on {LOG} for each row execute function public.quiet(); "
        "update pg_trigger set tgisinternal = true where tgname = 'quiet'",
        f"The trigger {LOG}.quiet can swallow or change what is written.",
    ),
    way(
        "a child table of the integrations that logs changes of one column only",
        f"create table public.more () inherits ({CREDENTIALS}); alter table public.more enable row level security; "
        + "".join(
            f"create trigger switchboard_{name} {event} on public.more for each {level} "
            f"execute function switchboard.{function}; "
            f"alter table public.more enable always trigger switchboard_{name}; "
            for name, event, level, function in (
                ("forget", "before delete", "statement", "remember_integration()"),
                ("log_change", "after insert or delete or update of id", "row", "log_change('credential')"),
                ("log_truncate", "before truncate", "statement", "log_truncate()"),
                ("remember", "before delete", "row", "remember_integration()"),
            )
        ),
        f"The child table public.more is not guarded as {CREDENTIALS} is: no trigger switchboard_log_change that is "
        "always on, no trigger switchboard_only_as_requested that is always on, no trigger switchboard_versions that "
        "is always on, no trigger switchboard_versions_deleted that is always on, a trigger of its own, "
        "switchboard_log_change.",
    ),
    way(
        "a condition of the log that runs a text as a statement",
        f"alter table {LOG} add check (ts_rewrite('a'::tsquery, 'select ''a''::tsquery, ''b''::tsquery') is not null)",
        f"The check {LOG}.integration_audit_logs_check can run any statement.",
    ),
    way(
        "a column of the log whose type can get conditions later",
        f"create domain public.later as text; alter table {LOG} add column more public.later",
        f"The column {LOG}.more is of a domain, whose checks can become any function.",
    ),
    way(
        "a person who is filled in where another program names none",
        f"alter table {LOG} alter column user_id set default '00000000-0000-4000-8000-000000000001'",
        f"The default {LOG}.user_id {NOT_OURS}",
    ),
    way(
        "times that a function of an extension's owner makes",
        "create function public.uuid_generate_v1() returns timestamptz language sql as "
        "$$select '2001-01-01'::timestamptz$$; "
        f"alter table {LOG} alter column created_at set default public.uuid_generate_v1(); "
        "alter extension plpgsql add function public.uuid_generate_v1()",
        f"The default {LOG}.created_at can change what new rows of the log say.",
    ),
    way(
        "a cast that an extension's owner calls its own",
        "create cast (varchar as uuid) with inout as implicit; alter extension plpgsql add cast (varchar as uuid)",
        "The cast (character varying AS pg_catalog.uuid) can change what the columns say.",
    ),
    way(
        "a right of the API on a whole table",
        f"grant truncate on {CREDENTIALS} to anon",
        f"The grant {CREDENTIALS} to anon (truncate) opens the table to the API.",
    ),
    way(
        "a role of the API in one of the groups",
        "grant switchboard_support to anon",
        "The member switchboard_support to anon gives the API what is kept from it.",
    ),
    way(
        "every trigger of the permissions switched off",
        "alter table public.user_integration_permissions disable trigger all",
        "The foreign key public.user_integration_permissions.user_integration_permissions_integration_id_fkey is "
        "switched off, so that it is not kept.",
        "The trigger public.user_integration_permissions.switchboard_log_change is switched off.",
        "The trigger public.user_integration_permissions.switchboard_log_truncate is switched off.",
        "The trigger public.user_integration_permissions.switchboard_only_as_requested is switched off.",
    ),
    way(
        "an event trigger",
        "create function public.watch() returns event_trigger language plpgsql as 'begin end'; "
        "create event trigger watch on ddl_command_end execute function public.watch()",
        f"The event trigger watch {NOT_OURS}",
    ),
    way(
        "row security switched on where there are no policies",
        "alter table switchboard.keys enable row level security",
        "Row security was switched on for switchboard.keys, so that nobody but its owner sees a row of it.",
    ),
    way(
        "a function that is offered to everybody",
        "grant execute on function switchboard.open_envelope(uuid) to public",
        "The grant switchboard.open_envelope(uuid) to public (execute) gives away what is Switchboard's own.",
    ),
    # The last one: a session's plan of an INSERT that a rule swallows outlives the rollback of the rule.
    way(
        "a rule on the log",
        f"create rule quiet as on insert to {LOG} do instead nothing",
        f"The rule {LOG}.quiet can swallow or change what is written.",
    ),
)


def table() -> str:
    """The table of the ways and sentences, in Markdown."""
    lines = ["| what was done | what verify and the doctor say |", "|---|---|"]
    return (
        "\n".join([*lines, *(f"| {tampering.name} | {' '.join(tampering.sentences)} |" for tampering in TAMPERINGS)])
        + "\n"
    )


if __name__ == "__main__":
    print(table(), end="")
