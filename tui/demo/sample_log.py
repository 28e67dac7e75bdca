"""The demo's log: ninety days of what people and programs did, generated inside the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

DAYS = 90
ROWS = 20_000
BROWSERS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
]

# Busy around 13:30 in India (08 UTC), quiet at the weekend, growing by half over the ninety days.
HOURS = """
create temp table sample_hours on commit drop as
with weighted as (
  select hour,
         (case extract(isodow from hour) when 7 then 0.25 when 6 then 0.5 else 1 end)
         * (0.08 + exp(-power((extract(hour from hour) - 8) / 4.0, 2)))
         * (1 + extract(epoch from hour - (%(end)s::timestamptz - make_interval(days => %(days)s)))
                / (86400.0 * %(days)s) / 2) as weight
    from generate_series(date_trunc('hour', %(end)s::timestamptz) - make_interval(days => %(days)s),
                         date_trunc('hour', %(end)s::timestamptz) - interval '1 hour', interval '1 hour') as hour
), running as (
  select hour, sum(weight) over (order by hour) / sum(weight) over () as upto, weight / sum(weight) over () as share
    from weighted
)
select hour, row_number() over (order by hour) as number,
       (round(%(rows)s * upto) - round(%(rows)s * (upto - share)))::int as events
  from running
"""

# What happens on an integration, how often, and how often it does not succeed (parts of a hundred).
ACTIONS = """
create temp table sample_actions on commit drop as
select action, integration_type, weight::float8, failed::float8, pending::float8, agent,
       sum(weight) over (partition by integration_type order by action)
         / sum(weight::float8) over (partition by integration_type) as upto
  from (values
    ('call_made', 'exotel_phone', 46, 5, 1, 'backend'), ('call_received', 'exotel_phone', 24, 2, 0, 'webhook'),
    ('recording_fetched', 'exotel_phone', 14, 4, 0, 'backend'),
    ('webhook_received', 'exotel_phone', 14, 1, 0, 'webhook'),
    ('connection_tested', 'exotel_phone', 2, 12, 0, 'web'),
    ('message_sent', 'exotel_whatsapp', 56, 7, 3, 'backend'), ('whatsapp_sent', 'exotel_whatsapp', 8, 6, 2, 'backend'),
    ('message_received', 'exotel_whatsapp', 30, 1, 0, 'webhook'),
    ('connection_tested', 'exotel_whatsapp', 3, 25, 0, 'web'),
    ('sms_sent', 'exotel_sms', 93, 6, 4, 'backend'), ('connection_tested', 'exotel_sms', 2, 10, 0, 'web'),
    ('email_sent', 'zoho_mail', 82, 3, 2, 'web'), ('email_received', 'zoho_mail', 15, 0, 0, 'backend'),
    ('connection_tested', 'zoho_mail', 2, 8, 0, 'web')
  ) as listed (action, integration_type, weight, failed, pending, agent)
"""

# Each row draws its dice once, in a subquery that cannot be merged away (offset 0).
EVENTS = """
insert into public.integration_audit_logs
       (id, organization_id, user_id, integration_type, action, status, details, ip_address, user_agent, created_at)
select md5('log ' || e.number)::uuid, i.organization_id,
       case when a.agent = 'webhook' or e.d3 < 0.03 then null
            else (select p.ids[1 + floor(e.d4 * e.d4 * array_length(p.ids, 1))::int]
                    from sample_people as p where p.organization_id = i.organization_id) end,
       i.integration_type, a.action, s.status,
       case
         when s.status = 'failed' and a.action <> 'connection_tested' then jsonb_build_object(
           'error_code', (array[401, 403, 408, 422, 429, 502, 504])[1 + floor(e.d5 * 7)::int],
           'error', (array['Authentication failed', 'Number blocked by the do-not-disturb registry', 'No answer',
                           'Invalid destination number', 'Rate limit exceeded', 'Upstream error',
                           'Upstream timeout after 30000 ms'])[1 + floor(e.d5 * 7)::int],
           'request_id', substr(md5('request ' || e.number), 1, 16))
         when a.action like 'call%%' then jsonb_build_object('call_sid', md5('call ' || e.number),
           case a.action when 'call_received' then 'from' else 'to' end,
           '+9198' || lpad(floor(e.d5 * 1e8)::text, 8, '0'), 'duration', floor(e.d6 * e.d6 * 900)::int)
         when a.action = 'recording_fetched' then jsonb_build_object('call_sid', md5('call ' || (e.number - 1)),
           'bytes', 20000 + floor(e.d6 * 2000000)::int)
         when a.action = 'message_received' then jsonb_build_object(
           'message_id', md5('message ' || e.number), 'from', '+9197' || lpad(floor(e.d5 * 1e8)::text, 8, '0'),
           'type', (array['text', 'text', 'button', 'image', 'location'])[1 + floor(e.d6 * 5)::int])
         when a.action in ('message_sent', 'whatsapp_sent') then jsonb_build_object(
           'message_id', md5('message ' || e.number), 'to', '+9197' || lpad(floor(e.d5 * 1e8)::text, 8, '0'),
           'template', (array['eta_update', 'delivered', 'invoice', 'reminder', 'greeting'])[1 + floor(e.d6 * 5)::int])
         when a.action = 'sms_sent' then jsonb_build_object('sms_sid', md5('sms ' || e.number),
           'to', '+9199' || lpad(floor(e.d5 * 1e8)::text, 8, '0'), 'parts', 1 + floor(e.d6 * 3)::int)
         when a.action like 'email%%' then jsonb_build_object(
           'message_id', '<' || md5('mail ' || e.number) || '@mail.example>', 'subject',
           (array['Your order ', 'Invoice ', 'Re: shipment ', 'Appointment '])[1 + floor(e.d6 * 4)::int]
                      || (10000 + floor(e.d5 * 90000)::int))
         when a.action = 'connection_tested' then jsonb_build_object(
           'source', 'settings page',
           'milliseconds', 120 + floor(e.d6 * 900)::int)
         else jsonb_build_object('reference', substr(md5('reference ' || e.number), 1, 12))
       end,
       case a.agent
         when 'webhook' then ('203.0.113.' || (10 + floor(e.d6 * 4)::int))::inet
         when 'backend' then ('198.51.100.' || (20 + floor(e.d6 * 6)::int))::inet
         else ('10.' || (20 + floor(e.d5 * 3)::int) || '.' || floor(e.d6 * 8)::int || '.'
               || (2 + floor(e.d4 * 250)::int))::inet end,
       case a.agent
         when 'webhook' then 'ExotelWebhook/2'
         when 'backend' then 'banxway-backend/1.0 (node 20)'
         else (%(browsers)s::text[])[1 + floor(e.d4 * 3)::int] end,
       e.moment
  from (
    select h.hour + interval '1 hour' * ((k - 0.5) / h.events) as moment,
           row_number() over (order by h.number, k) as number,
           random() as d1, random() as d2, random() as d3, random() as d4, random() as d5, random() as d6,
           random() as d7
      from sample_hours as h cross join lateral generate_series(1, h.events) as k
    offset 0
  ) as e
  join sample_integrations as i on e.d1 >= i.upto - i.share and e.d1 < i.upto
  cross join lateral (
    select a.* from sample_actions as a
     where a.integration_type = i.integration_type and e.d2 < a.upto order by a.upto limit 1) as a
  cross join lateral (
    select case when e.d7 * 100 < a.failed then 'failed' when e.d7 * 100 < a.failed + a.pending then 'pending'
                else 'success' end as status) as s
"""

# How busy each integration was. Its upper bounds cover the dice from 0 to 1 without a gap.
INTEGRATIONS = """
create temp table sample_integrations on commit drop as
with weighted as (
  select c.id, c.organization_id, c.integration_type,
         (case c.organization_id when %(largest)s then 5 else 2 end)
         * (case c.integration_type when 'exotel_phone' then 5.0 when 'exotel_whatsapp' then 4 when 'zoho_mail' then 2
                                    else 1 end) as weight
    from public.integration_credentials as c
)
select *, weight / sum(weight) over () as share, sum(weight) over (order by id) / sum(weight) over () as upto
  from weighted
"""
PEOPLE = """
create temp table sample_people on commit drop as
select organization_id, array_agg(id order by email) as ids from public.users where is_active group by organization_id
"""


def fill_log(connection: Connection, *, end: datetime, largest: UUID, rows: int = ROWS) -> None:
    """Insert about `rows` rows that end shortly before `end` (a moment), most of them in the `largest` organisation.

    The same every time for the same `end`: the dice are seeded. Must run inside a transaction.
    """
    values = {"end": end, "days": DAYS, "rows": rows, "largest": largest, "browsers": BROWSERS}
    connection.execute("select setseed(0.4242)")
    connection.execute(HOURS, values)
    connection.execute(ACTIONS)
    connection.execute(INTEGRATIONS, values)
    connection.execute(PEOPLE)
    connection.execute(EVENTS, values)
