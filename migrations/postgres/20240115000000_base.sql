-- What the usage tables build upon: the roles, who there is, what they bought,
-- and whose conversations the spending belongs to.
--
-- In every table: ids are uuid, without the prefix that they carry in Go; times
-- are timestamptz; days are date, in the site's own zone and computed in Go;
-- money is bigint nano-USD. What a site owns carries tenant_id and site_id, and
-- the pair is the foreign key, so that no row can belong to one tenant's site
-- and another tenant.
--
-- Each table may be there already, made by somebody else: then it keeps what it
-- has, gets the columns that are missing, and belongs to app_owner from now on.
-- Every table has row-level security, forced; until its policies come, which is
-- in this file for none, nobody but its owner sees a row.

-- +goose Up
-- +goose StatementBegin
do $$
declare
    r record;
begin
    for r in select * from (values
        ('anon',          'nologin noinherit'),
        ('authenticated', 'nologin noinherit'),
        ('app_widget',    'nologin noinherit'),
        ('app_owner',     'nologin'),
        ('app_runtime',   'login noinherit'),
        ('app_ledger',    'login noinherit'),
        ('app_service',   'login noinherit'),
        ('service_role',  'nologin noinherit bypassrls')
    ) as wanted (name, options) loop
        if not exists (select from pg_catalog.pg_roles where rolname = r.name) then
            begin
                execute pg_catalog.format('create role %I %s', r.name, r.options);
            exception
                when duplicate_object then null; -- another database of this server was faster
                when unique_violation then null;
            end;
        end if;
    end loop;
    -- Who runs this may become the owner, and is asked to in each file.
    if not pg_catalog.pg_has_role(current_user, 'app_owner', 'member') or
       not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        execute pg_catalog.format('grant app_owner to %I', current_user);
    end if;
    for r in select * from (values
        ('authenticated', 'app_runtime'), ('app_widget', 'app_runtime'), ('service_role', 'app_service')
    ) as wanted (role, member) loop
        if not exists (
            select from pg_catalog.pg_auth_members m
            join pg_catalog.pg_roles a on a.oid = m.roleid
            join pg_catalog.pg_roles b on b.oid = m.member
            where a.rolname = r.role and b.rolname = r.member
        ) then
            execute pg_catalog.format('grant %I to %I', r.role, r.member);
        end if;
    end loop;
    -- A process that freezes, or whose host is lost, between a change and its
    -- COMMIT gives its locks back soon, and nobody waits long for a lock.
    for r in select * from (values ('app_runtime', '5s'), ('app_ledger', '2s'), ('app_service', '10s')) as logins (name, lock_timeout) loop
        begin
            execute pg_catalog.format('alter role %I set idle_in_transaction_session_timeout = %L', r.name, '10s');
            execute pg_catalog.format('alter role %I set lock_timeout = %L', r.name, r.lock_timeout);
        exception when insufficient_privilege then
            raise warning 'role % was made by somebody else: let him set idle_in_transaction_session_timeout = 10s and lock_timeout = % for it', r.name, r.lock_timeout;
        end;
    end loop;
    execute pg_catalog.format('grant create on database %I to app_owner', pg_catalog.current_database());
end
$$;
-- +goose StatementEnd

grant usage, create on schema public to app_owner;
grant usage on schema public to authenticated, app_widget, service_role, app_ledger, app_runtime, app_service;

-- Tables that are here already change hands.
-- +goose StatementBegin
do $$
declare
    t text;
begin
    foreach t in array array[
        'tenants', 'sites', 'licenses', 'conversations', 'usage_events', 'usage_daily', 'user_tenants', 'platform_users'
    ] loop
        if exists (
            select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'public' and c.relname = t and c.relkind in ('r', 'p')
              and pg_catalog.pg_get_userbyid(c.relowner) <> 'app_owner'
        ) then
            execute pg_catalog.format('alter table public.%I owner to app_owner', t);
        end if;
    end loop;
end
$$;
-- +goose StatementEnd

set role app_owner;

-- What belongs to no tenant and is nobody's to call but ours.
create schema if not exists private;
revoke all on schema private from public;
grant usage on schema private to authenticated, app_widget;

-- takes makes a table that is here already fit for rows of ours: columns that
-- we do not know (p_known says which we do; '{}' of a table that only we make)
-- are kept, and no longer needed; what others may do with it is taken back, and
-- given anew by the policies' file.
-- +goose StatementBegin
create or replace function private.takes(p_table text, p_known text[]) returns void
language plpgsql set search_path = '' as $$
declare
    c record;
begin
    for c in
        select a.attname from pg_catalog.pg_attribute a
        where a.attrelid = ('public.' || pg_catalog.quote_ident(p_table))::regclass
          and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef and a.attidentity = ''
          and p_known <> '{}' and not a.attname = any (p_known)
          and not exists (
              select from pg_catalog.pg_index i
              where i.indrelid = a.attrelid and i.indisprimary and a.attnum = any (i.indkey)
          )
    loop
        execute pg_catalog.format('alter table public.%I alter column %I drop not null', p_table, c.attname);
    end loop;
    execute pg_catalog.format('alter table public.%I enable row level security', p_table);
    execute pg_catalog.format('alter table public.%I force row level security', p_table);
    for c in
        select distinct x.grantee from pg_catalog.pg_class t cross join lateral pg_catalog.aclexplode(t.relacl) x
        where t.oid = ('public.' || pg_catalog.quote_ident(p_table))::regclass and x.grantee <> t.relowner
    loop
        execute pg_catalog.format('revoke all on table public.%I from %s cascade', p_table,
            case when c.grantee = 0 then 'public' else c.grantee::regrole::text end);
    end loop;
    -- Policies of before are replaced: one of theirs beside ours would add to it.
    for c in select policyname from pg_catalog.pg_policies where schemaname = 'public' and tablename = p_table loop
        execute pg_catalog.format('drop policy %I on public.%I', c.policyname, p_table);
    end loop;
    -- Triggers of before on the books are dropped: one that counts events into days
    -- would count them a second time, and one that fails would fail each call.
    if p_table in ('usage_events', 'usage_daily') then
        for c in select tgname from pg_catalog.pg_trigger where tgrelid = ('public.' || p_table)::regclass and not tgisinternal loop
            raise notice 'trigger % of table % is dropped: woochat keeps this table itself', c.tgname, p_table;
            execute pg_catalog.format('drop trigger %I on public.%I', c.tgname, p_table);
        end loop;
    end if;
    execute pg_catalog.format('create policy owner on public.%I to app_owner using (true) with check (true)', p_table);
    execute pg_catalog.format('grant select, insert, update, delete on table public.%I to service_role', p_table);
end
$$;
-- +goose StatementEnd

-- fill gives a column that was here already the default that it has in a table
-- of ours, to rows without a value too, and lets it be null no more.
-- +goose StatementBegin
create or replace function private.fill(p_table text, p_column text, p_default text) returns void
language plpgsql set search_path = '' as $$
begin
    execute pg_catalog.format('update public.%1$I set %2$I = %3$s where %2$I is null', p_table, p_column, p_default);
    execute pg_catalog.format('alter table public.%1$I alter column %2$I set default %3$s, alter column %2$I set not null', p_table, p_column, p_default);
end
$$;
-- +goose StatementEnd

-- drop_keys drops a table's foreign keys to tables of this schema: ours are made
-- after it. One that empties a column of usage_events, or deletes what was spent
-- with its site, is not.
-- +goose StatementBegin
create or replace function private.drop_keys(p_table text) returns void
language plpgsql set search_path = '' as $$
declare
    k record;
begin
    for k in
        select o.conname from pg_catalog.pg_constraint o join pg_catalog.pg_class f on f.oid = o.confrelid
        where o.conrelid = ('public.' || pg_catalog.quote_ident(p_table))::regclass and o.contype = 'f' and f.relnamespace = 'public'::regnamespace
    loop
        execute pg_catalog.format('alter table public.%I drop constraint %I', p_table, k.conname);
    end loop;
end
$$;
-- +goose StatementEnd
revoke all on function private.takes(text, text[]), private.fill(text, text, text), private.drop_keys(text) from public;

create table if not exists public.tenants (
    id   uuid not null primary key,
    name text not null
);
alter table public.tenants
    add column if not exists created_at timestamptz not null default pg_catalog.now(),
    add column if not exists disabled   boolean     not null default false;
select private.fill('tenants', 'created_at', 'pg_catalog.now()'), private.fill('tenants', 'disabled', 'false');
select private.takes('tenants', array['id', 'name', 'created_at', 'disabled']);

create table if not exists public.sites (
    id        uuid not null primary key, -- so unique across tenants
    tenant_id uuid not null,
    name      text not null
);
alter table public.sites
    add column if not exists tenant_id     uuid,
    add column if not exists name          text        not null default '',
    add column if not exists url           text        not null default '',
    add column if not exists origins       jsonb       not null default '[]' check (jsonb_typeof(origins) = 'array'),
    add column if not exists locale        text        not null default '',
    add column if not exists currency      text        not null default '',
    add column if not exists timezone      text        not null default 'UTC',
    add column if not exists zone_before   text        not null default '',
    add column if not exists zone_since    timestamptz,             -- null: the zone never changed
    add column if not exists zone_floor    text        not null default '',
    add column if not exists limit_text    text        not null default '',
    add column if not exists greeting      text        not null default '',
    add column if not exists suggestions   jsonb       not null default '[]' check (jsonb_typeof(suggestions) = 'array'),
    add column if not exists contact_url   text        not null default '',
    add column if not exists generation    bigint      not null default 0,
    add column if not exists created_at    timestamptz not null default pg_catalog.now(),
    add column if not exists disabled      boolean     not null default false,
    add column if not exists accent_colour text        not null default '';
select private.fill('sites', x.name, x.value) from (values
    ('url', $$''$$), ('origins', $$'[]'$$), ('locale', $$''$$), ('currency', $$''$$), ('timezone', $$'UTC'$$), ('zone_before', $$''$$),
    ('zone_floor', $$''$$), ('limit_text', $$''$$), ('greeting', $$''$$), ('suggestions', $$'[]'$$), ('contact_url', $$''$$), ('generation', '0'),
    ('created_at', 'pg_catalog.now()'), ('disabled', 'false'), ('accent_colour', $$''$$)) x (name, value);
select private.drop_keys('sites');
alter table public.sites
    alter column tenant_id set not null,
    add constraint sites_tenant_fkey foreign key (tenant_id) references public.tenants (id);
create unique index if not exists sites_of_tenant on public.sites (tenant_id, id);
select private.takes('sites', array['id', 'tenant_id', 'name', 'url', 'origins', 'locale', 'currency', 'timezone', 'zone_before',
    'zone_since', 'zone_floor', 'limit_text', 'greeting', 'suggestions', 'contact_url', 'generation', 'created_at', 'disabled', 'accent_colour']);

create table if not exists public.licenses (
    tenant_id   uuid  not null,
    site_id     uuid  not null,
    plan_limits jsonb not null           -- see 20240115000003
);
alter table public.licenses
    add column if not exists tenant_id   uuid,
    add column if not exists site_id     uuid,
    add column if not exists plan        text not null default '',
    add column if not exists status      text not null default 'active',
    add column if not exists plan_limits jsonb,
    add column if not exists valid_from  timestamptz,               -- null: from ever
    add column if not exists valid_until timestamptz;               -- null: for ever
-- +goose StatementBegin
do $$
declare
    v_bad text;
begin
    -- A license of a tenant with one site is that site's.
    update public.licenses l set site_id = s.id from public.sites s
    where l.site_id is null and s.tenant_id = l.tenant_id
      and not exists (select from public.sites o where o.tenant_id = s.tenant_id and o.id <> s.id);
    update public.licenses l set tenant_id = s.tenant_id from public.sites s where l.tenant_id is null and s.id = l.site_id;
    select string_agg(distinct coalesce(l.site_id::text, 'tenant ' || l.tenant_id::text, 'a license of nobody'), ', ') into v_bad
    from public.licenses l where l.site_id is null or l.tenant_id is null
       or not exists (select from public.sites s where s.id = l.site_id and s.tenant_id = l.tenant_id);
    if v_bad is not null then
        raise exception 'licenses name no site of their tenant: %', v_bad
            using hint = 'Set site_id and tenant_id of these licenses, or delete them, and migrate again. Nothing was changed.';
    end if;
    select string_agg(site_id::text, ', ') into v_bad from (select site_id from public.licenses group by site_id having count(*) > 1) d;
    if v_bad is not null then
        raise exception 'these sites have more than one license: %', v_bad
            using hint = 'Keep one license for a site and delete the others, and migrate again. Nothing was changed.';
    end if;
    -- Who says no status is not known to have paid.
    update public.licenses set status = 'suspended' where status is null;
    update public.licenses set status = lower(status) where status <> lower(status);
    update public.licenses set status = 'cancelled' where status = 'canceled';
    update public.licenses set status = 'trialing' where status in ('trial', 'trialling');
    select string_agg(distinct status, ', ') into v_bad from public.licenses
    where status not in ('active', 'trialing', 'suspended', 'expired', 'cancelled');
    if v_bad is not null then
        raise exception 'licenses have a status that is none: %', v_bad
            using hint = 'Use active, trialing, suspended, expired or cancelled, and migrate again. Nothing was changed.';
    end if;
end
$$;
-- +goose StatementEnd
select private.fill('licenses', 'plan', $$''$$), private.fill('licenses', 'status', $$'active'$$), private.drop_keys('licenses');
alter table public.licenses
    alter column tenant_id set not null,
    alter column site_id set not null,
    alter column plan_limits drop default;
create unique index if not exists licenses_one_a_site on public.licenses (site_id);
create index if not exists licenses_of_tenant on public.licenses (tenant_id, site_id);
alter table public.licenses
    drop constraint if exists licenses_status_check,
    add constraint licenses_status_check check (status in ('active', 'trialing', 'suspended', 'expired', 'cancelled')),
    add constraint licenses_site_fkey foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade;
select private.takes('licenses', array['tenant_id', 'site_id', 'plan', 'status', 'plan_limits', 'valid_from', 'valid_until']);

create table if not exists public.conversations (
    id        uuid not null primary key,
    tenant_id uuid not null,
    site_id   uuid not null
);
-- When it was opened, if somebody noted it by another name.
-- +goose StatementBegin
do $$
begin
    if exists (select from information_schema.columns where table_schema = 'public' and table_name = 'conversations' and column_name = 'created_at')
        and not exists (select from information_schema.columns where table_schema = 'public' and table_name = 'conversations' and column_name = 'started_at')
    then
        alter table public.conversations add column started_at timestamptz;
        update public.conversations set started_at = created_at;
    end if;
end
$$;
-- +goose StatementEnd
alter table public.conversations
    add column if not exists tenant_id  uuid,
    add column if not exists site_id    uuid,
    add column if not exists visitor_id uuid        not null default pg_catalog.gen_random_uuid(),
    add column if not exists locale     text        not null default '',
    add column if not exists started_at timestamptz not null default pg_catalog.now();
select private.fill('conversations', 'visitor_id', 'pg_catalog.gen_random_uuid()'), private.fill('conversations', 'locale', $$''$$),
    private.fill('conversations', 'started_at', 'pg_catalog.now()'), private.drop_keys('conversations');
update public.conversations c set tenant_id = s.tenant_id from public.sites s where c.tenant_id is null and s.id = c.site_id;
alter table public.conversations
    alter column tenant_id set not null,
    alter column site_id set not null,
    add constraint conversations_site_fkey foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade;
create unique index if not exists conversations_of_site on public.conversations (tenant_id, site_id, id);
create index if not exists conversations_by_visitor on public.conversations (tenant_id, site_id, visitor_id, started_at);
select private.takes('conversations', array['id', 'tenant_id', 'site_id', 'visitor_id', 'locale', 'started_at']);

reset role;
