-- What makes the log provable outside its database. A seal of version 2 signs the root of a Merkle tree (RFC 6962) over the
-- rows of its hour, so that one row can be proven without the others, and the last seal of each sealing holds a checkpoint: a
-- signed note (C2SP tlog-checkpoint) with the root of a tree over all seals up to it.

do $do$
begin
  if not exists (select from pg_attribute a
                 where a.attrelid = 'switchboard.seals'::regclass and a.attname = 'root' and not a.attisdropped) then
    alter table switchboard.seals
      add column root bytea check (octet_length(root) = 32),
      add column block_roots bytea check (octet_length(block_roots) = (row_count + 4095) / 4096 * 32),
      add column checkpoint text,
      add column subtrees bytea;
  end if;
  -- Seals without a root are of version 1: those that are there stay, and none is added.
  if not exists (select from pg_constraint c
                 where c.conrelid = 'switchboard.seals'::regclass and c.conname = 'seals_of_version_2') then
    alter table switchboard.seals add constraint seals_of_version_2 check (root is not null) not valid;
  end if;
  if not exists (select from pg_attribute a
                 where a.attrelid = 'switchboard.settings'::regclass and a.attname = 'text_value' and not a.attisdropped) then
    alter table switchboard.settings
      alter column value drop not null,
      add column text_value text,
      add constraint settings_number_or_text check ((value is null) <> (text_value is null));
  end if;
  if not exists (select from switchboard.settings s where s.name = 'origin') then
    -- Of a random uuid the half without the digits that say which kind it is.
    insert into switchboard.settings (name, text_value)
    values ('origin', 'switchboard/' || right(replace(gen_random_uuid()::text, '-', ''), 12));
  end if;
end
$do$;
