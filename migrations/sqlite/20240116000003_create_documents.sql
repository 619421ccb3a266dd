-- What the shop says, from which every index is built and can be rebuilt, and
-- how far each of its sources has been read.

-- +goose Up
create table documents (
    tenant_id        text    not null,
    site_id          text    not null,
    id               text    not null,          -- unique within its site only
    revision         text    not null,
    kind             text    not null check (kind in ('product', 'page', 'faq')),
    source           text    not null default '',
    title            text    not null default '',
    url              text    not null default '',
    body             text    not null default '',
    locale           text    not null default '',
    facts            text    not null,          -- versioned JSON
    shown            integer not null check (shown in (0, 1)),
    updated_at       integer,                   -- null: the shop does not say
    read_at          integer,                   -- when the shop was asked; null: before all others
    indexed_revision text    not null default '',
    change_no        integer,                   -- the change that the index must follow; null: it has
    primary key (tenant_id, site_id, id),
    check (shown or body = ''),
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict;

create unique index documents_pending on documents (tenant_id, site_id, change_no) where change_no is not null;

-- The chunks of a document's present revision.
create table chunks (
    tenant_id   text    not null,
    site_id     text    not null,
    document_id text    not null,
    seq         integer not null,
    heading     text    not null default '',
    text        text    not null,
    primary key (tenant_id, site_id, document_id, seq),
    foreign key (tenant_id, site_id, document_id) references documents (tenant_id, site_id, id) on delete cascade
) strict;

create table source_cursors (
    tenant_id text not null,
    site_id   text not null,
    source    text not null,
    cursor    text not null,
    primary key (tenant_id, site_id, source),
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict, without rowid;
