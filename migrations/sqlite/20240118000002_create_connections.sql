-- How shops are reached: what an operator may see of it, what is sealed, and
-- when they were last heard; the one-time states of shops that are being
-- connected; and what is wrong with a site's ingestion.

-- +goose Up
create table connections (
    tenant_id        text    not null,
    site_id          text    not null,
    url              text    not null check (url <> ''),
    auth             text    not null default '' check (auth in ('', 'basic', 'query', 'oauth1')), -- '': to be found out
    plain_permalinks integer not null default 0 check (plain_permalinks in (0, 1)),
    has_key          integer not null default 0 check (has_key in (0, 1)), -- whether connection_secrets has one
    can_write        integer not null default 0 check (can_write in (0, 1)),
    secrets          integer not null default 0 check (secrets between 0 and 2), -- how many connection_secrets has
    currency         text    not null default '',
    exponent         integer not null default 0,
    weight_unit      text    not null default '',
    dimension_unit   text    not null default '',
    created_at       integer,
    updated_at       integer,
    version          integer not null check (version > 0),
    primary key (tenant_id, site_id),
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict;

create index connections_by_site on connections (site_id);

-- What is sealed under the operator's keys.
create table connection_secrets (
    tenant_id     text not null,
    site_id       text not null,
    sealed_key    text not null default '', -- of the REST API
    sealed_new    text not null default '', -- the webhooks' secret
    sealed_before text not null default '', -- the one before it, for as long as a rotation takes
    primary key (tenant_id, site_id),
    foreign key (tenant_id, site_id) references connections (tenant_id, site_id) on delete cascade
) strict;

-- Apart from connections, since deliveries come often, and versions are for
-- those who change a connection.
create table connection_deliveries (
    tenant_id text    not null,
    site_id   text    not null,
    heard_at  integer not null,             -- when the last good delivery came
    primary key (tenant_id, site_id),
    foreign key (tenant_id, site_id) references connections (tenant_id, site_id) on delete cascade
) strict, without rowid;

create table connect_states (
    hash       text    not null primary key check (hash <> ''),
    tenant_id  text    not null,
    site_id    text    not null,
    url        text    not null default '',
    return_url text    not null default '',
    asked_by   text    not null default '',
    expires_at integer not null,
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict;

create index connect_states_by_site on connect_states (tenant_id, site_id, expires_at);

create table site_health (
    tenant_id text    not null,
    site_id   text    not null,
    kind      text    not null check (kind <> ''),
    subject   text    not null default '',
    detail    text    not null default '',
    count     integer not null check (count > 0),
    first_at  integer not null,
    last_at   integer not null,
    primary key (tenant_id, site_id, kind, subject),
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict;

create index site_health_by_last on site_health (tenant_id, site_id, last_at);
