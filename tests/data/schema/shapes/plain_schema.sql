-- The shape of the other backend's plain schema file: unnamed UNIQUEs, no row security, no triggers.
create table users (id uuid primary key, email text, full_name text, is_active boolean default true);
create table integration_credentials (
  id uuid primary key default gen_random_uuid(), organization_id uuid not null, integration_type varchar(50) not null,
  credentials_encrypted text not null, display_name varchar(255), is_active boolean default true,
  is_verified boolean default false, last_verified_at timestamptz, created_by uuid, updated_by uuid,
  created_at timestamptz default now(), updated_at timestamptz default now(),
  unique (organization_id, integration_type));
create table user_integration_permissions (
  id uuid primary key default gen_random_uuid(), user_id uuid not null,
  integration_id uuid not null references integration_credentials (id) on delete cascade,
  can_view boolean default false, can_send boolean default false, can_configure boolean default false,
  daily_limit integer, monthly_limit integer, granted_by uuid, granted_at timestamptz default now(),
  expires_at timestamptz, unique (user_id, integration_id));
create table integration_audit_logs (
  id uuid primary key default gen_random_uuid(), organization_id uuid not null, user_id uuid,
  integration_type varchar(50) not null, action varchar(100) not null, status varchar(50) not null,
  details jsonb, ip_address inet, user_agent text, created_at timestamptz default now());
create table organization_phone_numbers (
  id uuid primary key default gen_random_uuid(), organization_id uuid not null,
  integration_id uuid references integration_credentials (id) on delete cascade, phone_number varchar(20) not null,
  display_name varchar(100), number_type varchar(50), assigned_to_user_id uuid, is_primary boolean default false,
  can_call boolean default true, can_sms boolean default true, is_active boolean default true,
  created_at timestamptz default now(), updated_at timestamptz default now(),
  unique (organization_id, phone_number));
create index idx_integration_audit_logs_org_time on integration_audit_logs (organization_id, created_at desc);
create index idx_phone_numbers_assigned on organization_phone_numbers (assigned_to_user_id);
