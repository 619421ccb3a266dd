-- What must be looked at again in each site. A site with anything to do has one
-- row of jobs, which is leased to one worker at a time; what is to be done are its
-- rows of pending_changes, one for each object however often it changes. Whoever
-- writes a row of pending_changes holds the lock of the site's row of jobs.
--
-- A hint comes with a request of the shop's, as app_widget, through
-- enqueue_changes; all else is the platform's own work. What waits of a site is read within its rows, for its status.

-- +goose Up
set role app_owner;

create table public.jobs (
    tenant_id    uuid   not null,
    site_id      uuid   not null,
    seq          bigint not null default 0,     -- the last hint's number
    lease        bigint not null default 0,     -- the last lease's number
    worker       text   not null default '',    -- who has, or had it
    taken_at     timestamptz,                   -- when; null: never
    leased_until timestamptz,                   -- null: nobody has it
    rests_until  timestamptz,                   -- it is not taken before; null: it never was
    ready_at     timestamptz,                   -- since when, or from when on, it waits to be taken; null: nothing is to be done
    primary key (tenant_id, site_id),
    foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade
) with (fillfactor = 50);
select private.takes('jobs', array[]::text[]);

create index jobs_by_ready on public.jobs (ready_at, site_id) where ready_at is not null;

create table public.pending_changes (
    tenant_id   uuid    not null,
    site_id     uuid    not null,
    object      text    collate "C" not null,   -- such as product:44; ordered as in Go
    seq         bigint  not null,               -- the newest hint's number
    payload     bytea,                          -- what the shop sent, for one that cannot be asked
    modified_at timestamptz,                    -- when the shop changed it, as the payload says
    attempts    int     not null,
    hinted_at   timestamptz not null,           -- when the oldest hint came that is not answered
    latest_at   timestamptz not null,           -- when the newest came
    due_at      timestamptz not null,
    quiet_until timestamptz,                    -- it is not due before
    dead        boolean not null,
    done        boolean not null,               -- kept until quiet_until, then deleted
    error       text    not null,               -- why the last attempt failed
    primary key (tenant_id, site_id, object),
    foreign key (tenant_id, site_id) references public.jobs (tenant_id, site_id) on delete cascade
) with (fillfactor = 70);
select private.takes('pending_changes', array[]::text[]);

create index pending_changes_due on public.pending_changes (tenant_id, site_id, due_at) where not dead and not done;

-- What one process of several does, such as planning: one row for each.
create table public.leases (
    name   text        not null primary key,
    holder text        not null,
    until  timestamptz not null
);
select private.takes('leases', array[]::text[]);

-- enqueue_changes notes hints for the site of the transaction, all or none:
-- ingestion.Kept.Hint in SQL. p_hints are objects {object, due_at, payload (in
-- base64), modified_at} in the order in which they came.
-- +goose StatementBegin
create or replace function public.enqueue_changes(p_now timestamptz, p_hints json) returns void
language plpgsql security definer set search_path = '' as $$
declare
    v_tenant uuid := nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid;
    v_site   uuid := nullif(pg_catalog.current_setting('app.site_id', true), '')::uuid;
    v_seq    bigint;
    h        record;
begin
    -- Made or waited for, and locked, by one statement.
    insert into public.jobs as j (tenant_id, site_id, seq) values (v_tenant, v_site, pg_catalog.json_array_length(p_hints))
    on conflict (tenant_id, site_id) do update set seq = j.seq + excluded.seq
    returning j.seq - pg_catalog.json_array_length(p_hints) into v_seq;
    for h in
        select x.object, coalesce(x.due_at, p_now) as due_at, pg_catalog.decode(x.payload, 'base64') as payload, x.modified_at, x.n
        from rows from (pg_catalog.json_to_recordset(p_hints) as (object text, due_at timestamptz, payload text, modified_at timestamptz))
            with ordinality as x (object, due_at, payload, modified_at, n)
        order by x.n
    loop
        insert into public.pending_changes as k
            (tenant_id, site_id, object, seq, payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error)
        values (v_tenant, v_site, h.object, v_seq + h.n, h.payload, h.modified_at, 0, p_now, p_now, h.due_at, null, false, false, '')
        on conflict (tenant_id, site_id, object) do update set
            seq       = excluded.seq,
            latest_at = excluded.latest_at,
            hinted_at = case when k.done then excluded.hinted_at else k.hinted_at end,
            attempts  = case when k.done or k.dead then 0 else k.attempts end,
            error     = case when k.done or k.dead then '' else k.error end,
            due_at    = greatest(case when k.done or k.dead then excluded.due_at else least(k.due_at, excluded.due_at) end, k.quiet_until),
            (payload, modified_at) = (
                select case when new.wins then excluded.payload when not k.done then k.payload end,
                       case when new.wins then excluded.modified_at when not k.done then k.modified_at end
                from (select excluded.payload is not null and (k.done or k.payload is null
                    or coalesce(excluded.modified_at, '-infinity') >= coalesce(k.modified_at, '-infinity')) as wins) new),
            dead      = false,
            done      = false;
    end loop;
    update public.jobs j set ready_at = (
        select greatest(p.due_at, j.rests_until) from public.pending_changes p
        where p.tenant_id = v_tenant and p.site_id = v_site and not p.dead and not p.done order by p.due_at limit 1)
    where j.tenant_id = v_tenant and j.site_id = v_site;
end
$$;
-- +goose StatementEnd

revoke all on function public.enqueue_changes(timestamptz, json) from public;
revoke all on function public.enqueue_changes(timestamptz, json) from anon, authenticated, service_role;
grant execute on function public.enqueue_changes(timestamptz, json) to app_widget;

-- A site's status tells what waits, also to who asks by an API key.
select private.widget_may('pending_changes', 'select');

reset role;
