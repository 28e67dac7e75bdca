-- What a seal holds beside its digest: the list of its rows, so that a check can name the one that was altered, added or
-- removed, and the transaction of the sealing, which tells a later row from one that committed late.

do $do$
begin
  if not exists (select from pg_attribute a
                 where a.attrelid = 'switchboard.seals'::regclass and a.attname = 'row_list' and not a.attisdropped) then
    alter table switchboard.seals
      add column row_list bytea check (octet_length(row_list) = row_count * 24),
      add column xid xid8;
  end if;
end
$do$;
comment on table switchboard.seals is
  'Signed digests of the log, one per hour in UTC; hour is null for the rows whose created_at is null or infinite. '
  'previous is the SHA-256 of the seal before, null in the first. row_list: id and the first 8 bytes of the leaf of '
  'each row, in their order. root: of the RFC 6962 tree over the rows, null in seals of version 1. block_roots: of an hour '
  'without a row_list the root of every 4096 rows. checkpoint: a signed note over all seals up to this one. '
  'subtrees: the roots of the whole subtrees that its root is made of, the largest first.';
