-- One row that tells what has changed: a number for each kind of thing that
-- processes keep in memory, read by each of them every half second. Triggers
-- count, and not the program, so that no writer can forget it: a command beside
-- the server, an older program, a hand in the database. A number grows in the
-- transaction of the change itself, so whoever sees the number sees the change.
--
-- All who change something meet at this row. They lock it at their commit, when
-- they hold all other locks that they will ever want, and only until it is done:
-- nobody waits for a transaction that is still thinking, and no two wait for each
-- other. That is what the triggers are deferred for. Each kind is counted once a
-- transaction, however many rows it changes.
--
-- migrations/sqlite has the same table under the same name. Prices are a file
-- so far: their number is there for the table that they may become.

-- +goose Up
set role app_owner;

create table public.changes (
    id          int    not null primary key check (id = 1),
    licenses    bigint not null default 0,
    keys        bigint not null default 0,
    sites       bigint not null default 0, -- and tenants
    prices      bigint not null default 0,
    generations bigint not null default 0  -- sites.generation
) with (fillfactor = 10);
select private.takes('changes', array[]::text[]);
-- It is counted by the triggers alone, and read through changes().
revoke all on table public.changes from service_role;

insert into public.changes (id) values (1);

-- count_change counts a change of the kind that its trigger names. It runs as
-- the owner of the table, so that whoever may change a thing is counted.
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
            generations = generations + case tg_argv[0] when 'generations' then 1 else 0 end
        where id = 1;
    end if;
    return null;
end
$$;
-- +goose StatementEnd

create constraint trigger licenses_count_change after insert or update or delete on public.licenses
    deferrable initially deferred for each row execute function private.count_change('licenses');
create constraint trigger api_keys_count_change after insert or update or delete on public.api_keys
    deferrable initially deferred for each row execute function private.count_change('keys');
create constraint trigger sites_count_change after insert or update or delete on public.sites
    deferrable initially deferred for each row execute function private.count_change('sites');
create constraint trigger sites_count_generation after update on public.sites
    deferrable initially deferred for each row when (old.generation <> new.generation) execute function private.count_change('generations');
create constraint trigger tenants_count_change after insert or update or delete on public.tenants
    deferrable initially deferred for each row execute function private.count_change('sites');

-- changes returns the numbers. They are of the whole platform and say nothing
-- about whose change it was.
create or replace function public.changes()
returns table (licenses bigint, keys bigint, sites bigint, prices bigint, generations bigint)
language sql stable security definer set search_path = '' as $$
    select c.licenses, c.keys, c.sites, c.prices, c.generations from public.changes c where c.id = 1
$$;

revoke all on function private.count_change(), public.changes() from public;
revoke all on function public.changes() from anon, authenticated, service_role;
grant execute on function public.changes() to app_runtime;

reset role;
