-- Rows as the other backend leaves them: its nil organisation among them, two organisations with integrations.
insert into users (id, email, full_name) values
  ('00000000-0000-4000-8000-0000000000e1', 'eve@example.org', 'Eve'),
  ('00000000-0000-4000-8000-0000000000a1', 'ann@example.org', 'Ann');
insert into integration_credentials (id, organization_id, integration_type, credentials_encrypted, created_by, created_at)
select ('00000000-0000-4000-8000-00000000000' || n)::uuid,
       case n when 1 then '00000000-0000-0000-0000-000000000000'::uuid else md5('organisation ' || n % 2)::uuid end,
       case when n < 4 then 'exotel_phone' else 'zoho_mail' end,
       repeat('0', 31) || n || ':' || repeat('a', 32) || ':c0ffee', null,
       case when n = 2 then null else '2026-01-01'::timestamptz + n * interval '1 day' end
from generate_series(1, 5) n;
insert into user_integration_permissions (user_id, integration_id, can_view, can_send, daily_limit)
select u.id, c.id, true, false, 10 from users u cross join integration_credentials c;
insert into organization_phone_numbers (organization_id, integration_id, phone_number, is_primary)
select c.organization_id, c.id, '080-1234-000' || right(c.id::text, 1), true
from integration_credentials c where c.integration_type = 'exotel_phone';
insert into integration_audit_logs (organization_id, integration_type, action, status, details, created_at)
select c.organization_id, c.integration_type, 'credential_configured', 'success', '{"by": "backend"}', null
from integration_credentials c;
