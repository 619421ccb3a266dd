-- Who may do what: within a tenant, and on the platform. What a role allows is
-- decided in Go, by domain/roles. A subject is text as the identity provider
-- names it, and may not be a UUID.

-- +goose Up
create table user_tenants (
    tenant_id text not null references tenants (id) on delete cascade,
    user_id   text not null,
    role      text not null check (role in ('owner', 'admin', 'support')),
    email     text not null default '',
    primary key (tenant_id, user_id)
) strict, without rowid;

create index user_tenants_by_user on user_tenants (user_id);

-- A tenant that has an owner keeps one, whoever writes. Its members go with a
-- tenant that is deleted.
-- +goose StatementBegin
create trigger user_tenants_keep_owner_delete after delete on user_tenants
when old.role = 'owner' and exists (select 1 from tenants where id = old.tenant_id)
    and not exists (select 1 from user_tenants where tenant_id = old.tenant_id and role = 'owner')
begin
    select raise(abort, 'a tenant needs an owner: make somebody else one first');
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger user_tenants_keep_owner_update after update on user_tenants
when old.role = 'owner' and not exists (select 1 from user_tenants where tenant_id = old.tenant_id and role = 'owner')
begin
    select raise(abort, 'a tenant needs an owner: make somebody else one first');
end;
-- +goose StatementEnd

-- "insert or replace" removes rows without a trigger of its own.
-- +goose StatementBegin
create trigger user_tenants_keep_owner_insert before insert on user_tenants
when new.role <> 'owner'
    and exists (select 1 from user_tenants where tenant_id = new.tenant_id and user_id = new.user_id and role = 'owner')
    and not exists (select 1 from user_tenants where tenant_id = new.tenant_id and user_id <> new.user_id and role = 'owner')
begin
    select raise(abort, 'a tenant needs an owner: make somebody else one first');
end;
-- +goose StatementEnd

create table platform_users (
    user_id text not null primary key,
    role    text not null default 'super_admin' check (role = 'super_admin'),
    email   text not null default ''
) strict, without rowid;
