-- Which words a site takes for the same, as its owner says: a list of
-- {"words": [...], "means": [...]}, replaced as a whole.

-- +goose Up
set role app_owner;

create table public.synonyms (
    tenant_id uuid  not null,
    site_id   uuid  not null,
    rules     jsonb not null check (jsonb_typeof(rules) = 'array'),
    primary key (tenant_id, site_id),
    foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade
);
select private.takes('synonyms', array[]::text[]);

select private.member_may('synonyms', 'select', 'support');
select private.member_may('synonyms', 'insert', 'admin');
select private.member_may('synonyms', 'update', 'admin');
select private.member_may('synonyms', 'delete', 'admin');
-- A question reads them, and the admin API writes them, in the scope of their site.
select private.widget_may('synonyms', 'select');
select private.widget_may('synonyms', 'insert');
select private.widget_may('synonyms', 'update');

create or replace function public.schema_version(out version bigint, out works_since bigint)
language sql immutable set search_path = '' as 'select 20240119000002, 20240118000009';

reset role;
