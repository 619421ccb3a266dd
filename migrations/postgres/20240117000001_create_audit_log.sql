-- Who used a super admin's power, on whose data, and why. Rows are only ever
-- added, and by the platform alone. There is no foreign key: the log outlives
-- what it tells of.

-- +goose Up
set role app_owner;

create table public.audit_log (
    seq        bigint      not null generated always as identity primary key, -- the order of recording
    id         uuid        not null unique,
    tenant_id  uuid,                            -- null: it concerned the platform
    site_id    uuid,                            -- null: it concerned the tenant as a whole
    actor      text        not null check (actor <> ''), -- a subject, as in user_tenants
    action     text        not null check (action <> ''), -- see domain/roles
    reason     text        not null check (reason <> ''),
    details    text        not null default '',
    created_at timestamptz not null,
    check (site_id is null or tenant_id is not null)
);
select private.takes('audit_log', array[]::text[]);
revoke update, delete on table public.audit_log from service_role;

create index audit_log_by_tenant on public.audit_log (tenant_id, seq);
create index audit_log_by_site on public.audit_log (tenant_id, site_id, seq);
create index audit_log_of_platform on public.audit_log (seq) where tenant_id is null;

create trigger audit_log_append_only before update or delete on public.audit_log
    for each row execute function private.refuse_change();
create trigger audit_log_no_truncate before truncate on public.audit_log
    for each statement execute function private.refuse_change();

-- A tenant's owner sees what was done to it, and his API key what was done to
-- its site. What concerned the platform is for nobody of a tenant.
select private.member_may('audit_log', 'select', 'owner');

reset role;
