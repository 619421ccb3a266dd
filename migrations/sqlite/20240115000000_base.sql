-- What the usage tables build upon: who there is, what they bought, and whose
-- conversations the spending belongs to.
--
-- In every table: ids are UUIDs in canonical text without the prefix that they
-- carry in Go; times are integers, microseconds since 1970 in UTC; days are
-- text such as 2026-11-23 in the site's own zone; money is integer nano-USD;
-- flags are 0 or 1. What a site owns carries tenant_id and site_id, and the
-- pair is the foreign key, so that no row can belong to one tenant's site and
-- another tenant.

-- +goose Up
create table tenants (
    id         text    not null primary key,
    name       text    not null,
    created_at integer not null,
    disabled   integer not null default 0 check (disabled in (0, 1))
) strict;

create table sites (
    id            text    not null primary key, -- so unique across tenants
    tenant_id     text    not null references tenants (id),
    name          text    not null,
    url           text    not null,
    origins       text    not null default '[]' check (json_type(origins) = 'array'),
    locale        text    not null default '',
    currency      text    not null default '',
    timezone      text    not null default 'UTC',
    zone_before   text    not null default '',
    zone_since    integer,                      -- null: the zone never changed
    zone_floor    text    not null default '',
    limit_text    text    not null default '',
    greeting      text    not null default '',
    suggestions   text    not null default '[]' check (json_type(suggestions) = 'array'),
    contact_url   text    not null default '',
    generation    integer not null default 0,
    created_at    integer not null,
    disabled      integer not null default 0 check (disabled in (0, 1)),
    accent_colour text    not null default '',
    unique (tenant_id, id)
) strict;

create table licenses (
    site_id     text    not null primary key,   -- one license per site
    tenant_id   text    not null,
    plan        text    not null,
    status      text    not null check (status in ('active', 'trialing', 'suspended', 'expired', 'cancelled')),
    plan_limits text    not null,               -- JSON, see 20240115000003
    valid_from  integer,                        -- null: from ever
    valid_until integer,                        -- null: for ever
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict;

create table conversations (
    id         text    not null primary key,
    tenant_id  text    not null,
    site_id    text    not null,
    visitor_id text    not null,
    locale     text    not null default '',
    started_at integer not null,
    unique (tenant_id, site_id, id),
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict;

create index conversations_by_visitor on conversations (tenant_id, site_id, visitor_id, started_at);
