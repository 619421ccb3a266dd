-- The index that server processes share: what each document is found by. Every
-- process keeps the sites that it searches in memory, and reads here what has
-- changed since it looked last. All of it can be made again from the documents.

-- +goose Up
set role app_owner;

-- How far each site's index has come. Changes of a site are numbered under the
-- lock of its row, so that they become visible in the order of their numbers:
-- who has seen one has seen all before it.
create table public.index_sites (
    tenant_id   uuid   not null,
    site_id     uuid   not null,
    last_change bigint not null,
    cleared     bigint not null default 0,      -- the change that took out everything before it
    primary key (tenant_id, site_id),
    foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade
) with (fillfactor = 50);
select private.takes('index_sites', array[]::text[]);

create table public.index_entries (
    tenant_id   uuid   not null,
    site_id     uuid   not null,
    document_id text   collate "C" not null,
    change_no   bigint not null,                -- the change that made it what it is
    entry       jsonb,                          -- versioned; null: taken out, which the others must still be told
    dim         int    not null default 0 check (dim >= 0), -- the length of its vectors; 0: it has none
    vectors     bytea,                          -- float32, little endian, one chunk's after the other's
    primary key (tenant_id, site_id, document_id),
    check (entry is not null or (dim = 0 and vectors is null)),
    check ((dim > 0) = (vectors is not null)),
    foreign key (tenant_id, site_id) references public.index_sites (tenant_id, site_id) on delete cascade
);
select private.takes('index_entries', array[]::text[]);
-- Nothing makes these shorter.
alter table public.index_entries alter column vectors set storage external;

create index index_entries_by_change on public.index_entries (tenant_id, site_id, change_no);
create index index_entries_with_vectors on public.index_entries (tenant_id, site_id, dim) where dim > 0;

-- What the index as a whole is: one row.
create table public.index_state (
    id              int     not null primary key check (id = 1),
    built           boolean not null default false, -- false until the documents have been put in, or queued
    embedding_model text    not null default ''     -- whose vectors these are; '': none's
);
select private.takes('index_state', array[]::text[]);
insert into public.index_state (id) values (1);

-- Searching is done for shoppers; putting in is the platform's own work.
select private.widget_may('index_sites', 'select');
select private.widget_may('index_entries', 'select');

reset role;
