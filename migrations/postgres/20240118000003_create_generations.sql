-- In which generation of the index each site is searched, which one is built
-- behind it, and what each of the two still lacks; see docs/embedding.md.

-- +goose Up
set role app_owner;

alter table public.documents
    -- Found by its words in the generation that is searched, though it waits for
    -- its vectors.
    add column worded  boolean not null default false,
    -- The generation that is built lacks it.
    add column unbuilt boolean not null default false;
create index documents_unbuilt on public.documents (tenant_id, site_id, id) where unbuilt;

-- A generation that the index has dropped stays as a row, so that its number is
-- never given again.
create table public.index_generations (
    tenant_id  uuid        not null,
    site_id    uuid        not null,
    generation bigint      not null,
    model      text        not null,            -- whose vectors it holds; '': none
    state      text        not null check (state in ('served', 'building', 'retired', 'gone')),
    since      timestamptz not null,            -- when it came into this state
    primary key (tenant_id, site_id, generation),
    foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade
);
select private.takes('index_generations', array[]::text[]);
create unique index index_generations_served on public.index_generations (tenant_id, site_id) where state = 'served';
create unique index index_generations_building on public.index_generations (tenant_id, site_id) where state = 'building';

-- A question is asked of the generation that is served.
select private.widget_may('index_generations', 'select');

-- Whose vectors are wanted in the indexes of all sites: one row, as the server
-- that started last has it.
create table public.index_model (
    id    int  not null primary key check (id = 1),
    model text                                  -- '': none; null: no server has said yet
);
select private.takes('index_model', array[]::text[]);
insert into public.index_model (id) values (1);

-- Generations of a site's index share nothing. What is there is of none, and is
-- made again from the documents.
delete from public.index_sites;
update public.index_state set built = false;
alter table public.index_state drop column embedding_model;
alter table public.index_entries drop constraint index_entries_tenant_id_site_id_fkey, drop constraint index_entries_pkey;
alter table public.index_sites drop constraint index_sites_pkey, add column generation bigint not null;
alter table public.index_sites add primary key (tenant_id, site_id, generation);
alter table public.index_entries add column generation bigint not null;
alter table public.index_entries
    add primary key (tenant_id, site_id, generation, document_id),
    add foreign key (tenant_id, site_id, generation) references public.index_sites (tenant_id, site_id, generation) on delete cascade;
drop index public.index_entries_by_change, public.index_entries_with_vectors;
create index index_entries_by_change on public.index_entries (tenant_id, site_id, generation, change_no);
create index index_entries_with_vectors on public.index_entries (tenant_id, site_id, generation, dim) where dim > 0;

-- Processes keep the generations of sites in memory, too.
alter table public.changes add column indexes bigint not null default 0; -- index_generations

-- +goose StatementBegin
create or replace function private.count_change() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_mark text := 'woochat.counted_' || tg_argv[0];
    v_this text := pg_catalog.pg_current_xact_id()::text;
begin
    -- The mark is undone with the savepoint in which it was made, as the number is.
    if pg_catalog.current_setting(v_mark, true) is distinct from v_this then
        perform pg_catalog.set_config(v_mark, v_this, true);
        update public.changes set
            licenses    = licenses    + case tg_argv[0] when 'licenses'    then 1 else 0 end,
            keys        = keys        + case tg_argv[0] when 'keys'        then 1 else 0 end,
            sites       = sites       + case tg_argv[0] when 'sites'       then 1 else 0 end,
            generations = generations + case tg_argv[0] when 'generations' then 1 else 0 end,
            indexes     = indexes     + case tg_argv[0] when 'indexes'     then 1 else 0 end
        where id = 1;
    end if;
    return null;
end
$$;
-- +goose StatementEnd

create constraint trigger index_generations_count_change after insert or update or delete on public.index_generations
    deferrable initially deferred for each row execute function private.count_change('indexes');

drop function public.changes();
create function public.changes()
returns table (licenses bigint, keys bigint, sites bigint, prices bigint, generations bigint, indexes bigint)
language sql stable security definer set search_path = '' as $$
    select c.licenses, c.keys, c.sites, c.prices, c.generations, c.indexes from public.changes c where c.id = 1
$$;

revoke all on function public.changes() from public, anon, authenticated, service_role;
grant execute on function public.changes() to app_runtime;

reset role;
