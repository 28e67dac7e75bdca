-- What the other backend's migration 006 adds to that: names, row security, policies with their holes, triggers.
alter table integration_credentials rename constraint integration_credentials_organization_id_integration_type_key
  to unique_org_integration;
alter table user_integration_permissions rename constraint user_integration_permissions_user_id_integration_id_key
  to unique_user_integration;
alter table organization_phone_numbers rename constraint organization_phone_numbers_organization_id_phone_number_key
  to unique_org_phone_number;

create function update_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at = now();
  return new;
end
$$;
create trigger trigger_integration_credentials_updated_at before update on integration_credentials
  for each row execute function update_updated_at();
create trigger trigger_phone_numbers_updated_at before update on organization_phone_numbers
  for each row execute function update_updated_at();

alter table integration_credentials enable row level security;
alter table user_integration_permissions enable row level security;
alter table integration_audit_logs enable row level security;
alter table organization_phone_numbers enable row level security;
create policy integration_credentials_org_access on integration_credentials for all
  using (organization_id in (select organization_id from users where id = auth.uid()));
create policy user_integration_permissions_access on user_integration_permissions for all
  using (user_id = auth.uid());
create policy integration_audit_logs_org_access on integration_audit_logs for select
  using (organization_id in (select organization_id from users where id = auth.uid()));
create policy phone_numbers_org_access on organization_phone_numbers for all
  using (organization_id in (select organization_id from users where id = auth.uid()));
