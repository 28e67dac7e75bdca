"""Where people and organisations come from: a table of another program, or what Switchboard keeps; and why."""

from __future__ import annotations

from typing import NamedTuple

# The views are the one answer to the question which of them is the directory: sql/007_directory.sql decided it when it
# made them, and an administrator may have put others in their place.
SOURCES = """
select s.view_name, s.table_name, s.relation is not null as table_exists,
       pg_catalog.format_type(a.atttypid, a.atttypmod) as id_type,
       exists (select from uses as u where u.view_name = s.view_name and u.used = s.relation) as is_used,
       exists (select from uses as u where u.view_name = s.view_name
                  and u.used = pg_catalog.to_regclass('switchboard.' || s.labels)) as is_labelled,
       pg_catalog.obj_description(s.made, 'pg_class') is not distinct from
       'made by Switchboard ' || pg_catalog.md5(pg_catalog.pg_get_viewdef(s.made)) as is_as_made
  from (select v.view_name, v.table_name, v.labels, pg_catalog.to_regclass(v.table_name),
               pg_catalog.to_regclass('switchboard.' || v.view_name)
          from (values ('organizations', 'public.organizations', 'organization_labels'),
                       ('people', 'public.users', 'people_labels')) as v (view_name, table_name, labels)
       ) as s (view_name, table_name, labels, relation, made)
  left join pg_catalog.pg_attribute as a on a.attrelid = s.relation and a.attname = 'id' and not a.attisdropped
 order by s.view_name
"""
USES = """
with uses (view_name, used) as (
  select c.relname::text, d.refobjid
    from pg_catalog.pg_class as c
    join pg_catalog.pg_rewrite as r on r.ev_class = c.oid
    join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
   where c.relnamespace = pg_catalog.to_regnamespace('switchboard') and c.relname in ('people', 'organizations'))
"""
DIRECTORY_SOURCES = USES + SOURCES

_COLUMNS = {
    "organizations": "id uuid and name text",
    "people": "id uuid, email text, name text, organization_id uuid and is_active boolean",
}
_WHO = {"organizations": "Organisations", "people": "People"}


class Source(NamedTuple):
    """One of the two views, the table that it would be made of, and whether it is.

    `id_type` is the type of the table's id as SQL writes it, None without one. `is_labelled` says that ids which were
    typed count, with names that Switchboard keeps; `is_as_made` that setup made the view, and nobody has replaced it.
    """

    view_name: str
    table_name: str
    table_exists: bool
    id_type: str | None
    is_used: bool
    is_labelled: bool
    is_as_made: bool

    @property
    def note(self) -> tuple[str, str] | None:
        """Why the view is not made of the table, and what to do.

        None where it is, where there is none, and where the view is not ours: whoever replaced it knows.
        """
        if self.is_used or not self.table_exists or not self.is_as_made:
            return None
        subject, substitute = _WHO[self.view_name], "those of auth.users"
        if self.is_labelled:
            substitute = "the UUIDs in use there, with names that Switchboard keeps"
        if self.id_type == "uuid":
            return (
                f"{self.table_name} is there, but {subject.lower()} are {substitute}.",
                f"Run `switchboard setup` as a role that may read {self.table_name}.",
            )
        ids = f"has ids of type {self.id_type}" if self.id_type else "has no column id"
        return (
            f"{self.table_name} {ids}, and the tables of integrations hold UUIDs: {subject.lower()} are {substitute}.",
            f"Where there is a mapping, replace the view switchboard.{self.view_name} by one with "
            f"{_COLUMNS[self.view_name]}; setup then leaves it alone.",
        )

    @property
    def replaced(self) -> tuple[str, str] | None:
        """A sentence that the view is not as setup makes it, and what to do; None where it is."""
        if self.is_as_made:
            return None
        return (
            f"{_WHO[self.view_name]} come from a view that Switchboard did not make, or not in this form.",
            f"Leave it if it is yours; else `drop view switchboard.{self.view_name} cascade` and `switchboard setup`.",
        )
