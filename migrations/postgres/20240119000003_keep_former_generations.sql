-- A site can go back to the generation of its index that was searched before.

-- +goose Up
set role app_owner;

alter table public.documents
    -- The revision that the former generation holds, '' for none; null: it is not
    -- known, and it lacks the document.
    add column former_revision text;

alter table public.index_generations
    -- A retired one is kept for a while, to go back to.
    add column former boolean not null default false,
    -- The site went back to it, and stays there whatever model is wanted.
    add column pinned boolean not null default false;
create unique index index_generations_former on public.index_generations (tenant_id, site_id) where former;

create or replace function public.schema_version(out version bigint, out works_since bigint)
language sql immutable set search_path = '' as 'select 20240119000003, 20240118000009';

reset role;
