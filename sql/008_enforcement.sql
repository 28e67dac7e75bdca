-- Whether a person may do something with an integration now: the answer that any program can ask for.

do $do$
begin
  -- Filled once: what an administrator takes out of the list stays out.
  if to_regclass('switchboard.send_actions') is null then
    create table switchboard.send_actions (action varchar(100) primary key);
    insert into switchboard.send_actions (action)
    values ('call_made'), ('email_sent'), ('message_sent'), ('sms_sent'), ('whatsapp_sent');
  end if;
end
$do$;
comment on table switchboard.send_actions is
  'The actions of the log that count against the daily and the monthly limit of a permission.';

create or replace function switchboard.may(
  user_id uuid, integration_id uuid, act text,
  out allowed boolean, out reason text, out used_today bigint, out used_this_month bigint
) language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $function$
-- act: view, send or configure. reason is null where it is allowed, else one of: unknown act, no such integration,
-- no permission, may not view, may not send, may not configure, expired, integration disabled, daily limit reached,
-- monthly limit reached. Limits are of sends, so only send is refused by them. Use is what the log has with status
-- success and an action of send_actions, by this person, for the integration's organisation and type, since the
-- beginning of the day and of the month in UTC. With the owner's rights, because a caller whose policies hide rows
-- of the log would count too few.
declare
  integration record;
  permission record;
  month constant timestamptz := date_trunc('month', now(), 'UTC');
  day constant timestamptz := date_trunc('day', now(), 'UTC');
begin
  allowed := false;
  used_today := 0;
  used_this_month := 0;
  select c.organization_id, c.integration_type, c.is_active into integration
  from public.integration_credentials c
  where c.id = may.integration_id;
  if not found or not (switchboard.in_scope(integration.organization_id::uuid) or switchboard.is_of_another_program()) then
    reason := case when act in ('view', 'send', 'configure') then 'no such integration' else 'unknown act' end;
    return;
  end if;
  select count(*) filter (where l.created_at >= day), count(*) into used_today, used_this_month
  from public.integration_audit_logs l
  where l.user_id = may.user_id
    and l.created_at >= month
    and l.organization_id = integration.organization_id
    and l.integration_type = integration.integration_type
    and l.status = 'success'
    and l.action = any (array(select s.action from switchboard.send_actions s));
  -- An adopted table may have more than one row for the same two: the one granted last stands.
  select p.can_view, p.can_send, p.can_configure, p.daily_limit, p.monthly_limit, p.expires_at into permission
  from public.user_integration_permissions p
  where p.user_id = may.user_id and p.integration_id = may.integration_id
  order by p.granted_at desc nulls last, p.id
  limit 1;
  reason := case
    when act is null or act not in ('view', 'send', 'configure') then 'unknown act'
    when not found then 'no permission'
    when not coalesce(case act when 'view' then permission.can_view when 'send' then permission.can_send
                               else permission.can_configure end, false) then 'may not ' || act
    when permission.expires_at <= now() then 'expired'
    when integration.is_active is not true then 'integration disabled'
    when act = 'send' and used_today >= permission.daily_limit then 'daily limit reached'
    when act = 'send' and used_this_month >= permission.monthly_limit then 'monthly limit reached'
  end;
  allowed := reason is null;
end
$function$;
