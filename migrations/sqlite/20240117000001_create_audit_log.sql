-- Who used a super admin's power, on whose data, and why. Rows are only ever
-- added. There is no foreign key: the log outlives what it tells of.

-- +goose Up
create table audit_log (
    seq        integer primary key autoincrement, -- the order of recording
    id         text    not null unique,
    tenant_id  text,                            -- null: it concerned the platform
    site_id    text,                            -- null: it concerned the tenant as a whole
    actor      text    not null check (actor <> ''), -- a subject, as in user_tenants
    action     text    not null check (action <> ''), -- see domain/roles
    reason     text    not null check (reason <> ''),
    details    text    not null default '',
    created_at integer not null,
    check (site_id is null or tenant_id is not null)
) strict;

create index audit_log_by_tenant on audit_log (tenant_id, seq);

create index audit_log_by_site on audit_log (tenant_id, site_id, seq);

-- +goose StatementBegin
create trigger audit_log_update before update on audit_log
begin
    select raise(abort, 'the audit log is only added to');
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger audit_log_delete before delete on audit_log
begin
    select raise(abort, 'the audit log is only added to');
end;
-- +goose StatementEnd

-- "insert or replace" removes rows without a trigger of its own.
-- +goose StatementBegin
create trigger audit_log_insert before insert on audit_log
when exists (select 1 from audit_log where id = new.id or seq = new.seq)
begin
    select raise(abort, 'the audit log is only added to');
end;
-- +goose StatementEnd
