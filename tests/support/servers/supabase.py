"""A server with the roles, ACLs and the auth schema of a Supabase project, where `postgres` is no superuser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.servers.postgres import TestServer

if TYPE_CHECKING:
    import psycopg

ROLES = """
create role postgres login createdb createrole replication bypassrls;
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
create role supabase_auth_admin nologin noinherit createrole;
grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres with admin option;
"""

DATABASE = """
grant usage on schema public to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
    grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
    grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
    grant all on functions to postgres, anon, authenticated, service_role;
create schema extensions;
grant usage on schema extensions to postgres, anon, authenticated, service_role;
create schema auth authorization supabase_auth_admin;
grant usage on schema auth to postgres, anon, authenticated, service_role;
create table auth.users (
    instance_id uuid,
    id uuid primary key,
    aud varchar(255),
    role varchar(255),
    email varchar(255),
    encrypted_password varchar(255),
    raw_app_meta_data jsonb,
    raw_user_meta_data jsonb,
    created_at timestamptz,
    updated_at timestamptz,
    banned_until timestamptz,
    deleted_at timestamptz
);
alter table auth.users owner to supabase_auth_admin;
grant all on auth.users to postgres;
create function auth.uid() returns uuid language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
    )::uuid
$$;
create function auth.role() returns text language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.role', true), ''),
        (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')
    )::text
$$;
create function auth.jwt() returns jsonb language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb
$$;
alter function auth.uid() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;
alter function auth.jwt() owner to supabase_auth_admin;
"""


class SupabaseServer(TestServer):
    """A TestServer whose superuser is supabase_admin and whose databases are owned by the plain role postgres."""

    __test__ = False

    def __init__(self, *, version: int = 18) -> None:
        super().__init__(version=version, superuser="supabase_admin")
        with self.admin() as admin:
            admin.execute(ROLES)
            if admin.info.server_version >= 150000:
                admin.execute("grant set on parameter session_replication_role to postgres")
        self._roles_at_start = self.roles()
        self._template = super().create_database(owner="postgres", prefix="supabase_template")
        with self.admin(self._template) as admin:
            admin.execute(DATABASE)

    def create_project(self) -> str:
        """Create a database as a new project has it and return its name; log in as `postgres`."""
        return self.create_database(template=self._template, owner="postgres", prefix="project")


def as_web_user(connection: psycopg.Connection, role: str, user_id: str | None = None) -> None:
    """Become what PostgREST makes of a request, until the transaction ends: the role and the token's claims."""
    if role not in {"anon", "authenticated", "service_role"}:
        raise ValueError(role)
    claims = f'{{"role": "{role}"' + (f', "sub": "{user_id}"' if user_id else "") + "}"
    connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])
    connection.execute("select set_config('role', %s, true)", [role])
