-- The keys of sites: public ones that name a site, and secret ones of which
-- only the hash is known here.

-- +goose Up
create table api_keys (
    id         text    not null primary key,
    tenant_id  text    not null,
    site_id    text    not null,
    kind       text    not null check (kind in ('site', 'api')),
    name       text    not null default '',
    key_text   text,                            -- null: secret
    key_hash   text    not null unique check (length(key_hash) = 64),
    hint       text    not null default '',
    role       text    not null default '',     -- of a secret key: what it may do, see domain/roles
    created_at integer not null,
    disabled   integer not null default 0 check (disabled in (0, 1)),
    check ((kind = 'site') = (key_text is not null)),
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict;

create index api_keys_by_site on api_keys (tenant_id, site_id, id);
