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

create table platform_users (
    user_id text not null primary key,
    role    text not null default 'super_admin' check (role = 'super_admin'),
    email   text not null default ''
) strict, without rowid;
