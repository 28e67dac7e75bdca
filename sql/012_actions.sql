-- The actions of the log in one list (switchboard.actions), and for each which roles may log it by themselves. The list
-- stands in 002_helpers.sql, since the files from 003 on ask it; here is what comes last.

-- What a deleted integration was is kept in a table now, which nobody else can write, and not as a text.
do $do$
begin
  if to_regprocedure('switchboard.object_or_empty(text)') is not null then
    drop function switchboard.object_or_empty(text);
  end if;
end
$do$;

comment on function switchboard.actions() is
  'Every action that Switchboard logs: its name, its kind (change, opening or act), and for an act the roles that may '
  'log it by themselves.';

