-- Who may do what: within a tenant, and on the platform. What a role allows is
-- decided in Go, by domain/roles, and once more here: every policy of the tables
-- before this file, and what later files make theirs with.
--
-- Who asks is said by settings of the transaction:
--   app_widget     app.tenant_id and app.site_id: one site, for its shoppers
--   authenticated  request.jwt.claims with sub (a person, as on Supabase), or
--                  app.key_id (an API key: its site alone, with its role)
-- A setting that is missing, empty or no uuid shows nothing.

-- +goose Up
-- Functions of before, if any, give way once nothing uses them any more.
-- +goose StatementBegin
do $$
declare
    f regprocedure;
begin
    for f in
        select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'public' and p.proname in ('is_super_admin', 'get_user_tenant_role')
          and pg_catalog.pg_get_userbyid(p.proowner) <> 'app_owner'
    loop
        execute pg_catalog.format('alter function %s owner to app_owner', f);
    end loop;
end
$$;
-- +goose StatementEnd

set role app_owner;

create table if not exists public.user_tenants (
    tenant_id uuid not null,
    user_id   uuid not null,
    role      text not null,
    primary key (tenant_id, user_id)
);
alter table public.user_tenants
    add column if not exists email   text not null default '',
    -- As the identity provider names the person; '': by user_id alone.
    add column if not exists subject text not null default '';
update public.user_tenants set role = lower(role) where role <> lower(role);
create unique index if not exists user_tenants_once on public.user_tenants (tenant_id, user_id);
create index if not exists user_tenants_by_user on public.user_tenants (user_id);
select private.drop_keys('user_tenants');
alter table public.user_tenants
    add constraint user_tenants_tenant_fkey foreign key (tenant_id) references public.tenants (id) on delete cascade,
    drop constraint if exists user_tenants_role_check,
    add constraint user_tenants_role_check check (role in ('owner', 'admin', 'support'));
select private.takes('user_tenants', array['tenant_id', 'user_id', 'role', 'email', 'subject']);

create table if not exists public.platform_users (
    user_id uuid not null primary key,
    role    text not null default 'super_admin'
);
alter table public.platform_users
    add column if not exists email   text not null default '',
    add column if not exists subject text not null default '';
create unique index if not exists platform_users_once on public.platform_users (user_id);
alter table public.platform_users
    alter column role set default 'super_admin',
    drop constraint if exists platform_users_role_check,
    add constraint platform_users_role_check check (role = 'super_admin');
select private.takes('platform_users', array['user_id', 'role', 'email', 'subject']);

-- Policies on tables that are not ours would keep these from being dropped;
-- then the migration says so, and which.
drop function if exists public.is_super_admin();
drop function if exists public.get_user_tenant_role(uuid);

-- uid returns the person who asks; null if nobody says so. It reads what
-- Supabase's auth.uid() reads, in both spellings, and cannot call it: the
-- functions below run as app_owner, whom Supabase lets nobody give a right on
-- its schema auth. '' is what a setting of an ended transaction leaves behind.
create or replace function private.uid() returns uuid
language sql stable set search_path = '' as $$
    select nullif(coalesce(
        nullif(pg_catalog.current_setting('request.jwt.claim.sub', true), ''),
        nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    ), '')::uuid
$$;

-- A definer function runs as app_owner, whose own policies let it see what the
-- caller may not: it must show no more than the caller's own memberships.
create or replace function public.is_super_admin() returns boolean
language sql stable security definer set search_path = '' as $$
    select exists (select from public.platform_users where user_id = (select private.uid()))
$$;

create or replace function public.get_user_tenant_role(tenant uuid) returns text
language sql stable security definer set search_path = '' as $$
    select role from public.user_tenants where tenant_id = tenant and user_id = (select private.uid())
$$;

-- rank orders roles as domain/roles does; what is no role has none.
create or replace function private.rank(role text) returns int
language sql immutable parallel safe set search_path = '' as $$
    select case role when 'owner' then 3 when 'admin' then 2 when 'support' then 1 else 0 end
$$;

-- tenants_of returns the tenants in which who asks has at least the given role.
-- (In plpgsql, whose plans are kept: a function in SQL is planned anew with each
-- statement whose policy calls it.)
-- +goose StatementBegin
create or replace function private.tenants_of(at_least text) returns setof uuid
language plpgsql stable rows 10 security definer set search_path = '' as $$
declare
    v_who uuid := private.uid();
begin
    return query select u.tenant_id from public.user_tenants u where u.user_id = v_who and private.rank(u.role) >= private.rank(at_least);
end
$$;
-- +goose StatementEnd

-- only_site returns the one site that an API key is for; null for a person.
-- There are no keys yet: 20240116000001 replaces it.
create or replace function private.only_site() returns uuid
language sql stable set search_path = '' as 'select null::uuid';

-- The two ways of giving somebody a verb on a table of ours. Policies are for
-- one command and one role each, and compare with a value that is computed once
-- a statement, so that the index is used.
--
-- member_may: whoever has the role, or a stronger one, in the row's tenant. An
-- API key is held to its site by a policy that narrows all others.
-- +goose StatementBegin
create or replace function private.member_may(p_table text, p_verb text, p_role text, p_tenant text default 'tenant_id', p_site text default 'site_id') returns void
language plpgsql set search_path = '' as $$
declare
    v_rows text := pg_catalog.format('%I = any (array(select private.tenants_of(%L)))', p_tenant, p_role);
begin
    execute pg_catalog.format('grant %s on table public.%I to authenticated', p_verb, p_table);
    execute pg_catalog.format('create policy %I on public.%I for %s to authenticated %s %s',
        p_role || '_' || p_verb, p_table, p_verb,
        case when p_verb <> 'insert' then 'using (' || v_rows || ')' else '' end,
        case when p_verb in ('insert', 'update') then 'with check (' || v_rows || ')' else '' end);
    if p_site is not null and not exists (
        select from pg_catalog.pg_policies where schemaname = 'public' and tablename = p_table and policyname = 'key_site'
    ) then
        execute pg_catalog.format(
            'create policy key_site on public.%1$I as restrictive to authenticated
             using ((select private.only_site()) is null or %2$I = (select private.only_site()))
             with check ((select private.only_site()) is null or %2$I = (select private.only_site()))', p_table, p_site);
    end if;
end
$$;
-- +goose StatementEnd

-- widget_may: one site's own rows, for its shoppers.
-- +goose StatementBegin
create or replace function private.widget_may(p_table text, p_verb text, p_tenant text default 'tenant_id', p_site text default 'site_id') returns void
language plpgsql set search_path = '' as $$
declare
    v_rows text := pg_catalog.format('%I = (select nullif(pg_catalog.current_setting(''app.tenant_id'', true), '''')::uuid)', p_tenant);
begin
    if p_site is not null then
        v_rows := v_rows || pg_catalog.format(' and %I = (select nullif(pg_catalog.current_setting(''app.site_id'', true), '''')::uuid)', p_site);
    end if;
    execute pg_catalog.format('grant %s on table public.%I to app_widget', p_verb, p_table);
    execute pg_catalog.format('create policy %I on public.%I for %s to app_widget %s %s',
        'widget_' || p_verb, p_table, p_verb,
        case when p_verb <> 'insert' then 'using (' || v_rows || ')' else '' end,
        case when p_verb in ('insert', 'update') then 'with check (' || v_rows || ')' else '' end);
end
$$;
-- +goose StatementEnd

revoke all on function public.is_super_admin(), public.get_user_tenant_role(uuid), private.uid(), private.rank(text),
    private.tenants_of(text), private.only_site(), private.member_may(text, text, text, text, text),
    private.widget_may(text, text, text, text) from public;
-- Supabase gives new functions of schema public to these by default.
revoke all on function public.is_super_admin(), public.get_user_tenant_role(uuid) from anon, service_role;
grant execute on function public.is_super_admin(), public.get_user_tenant_role(uuid), private.uid(), private.tenants_of(text),
    private.only_site() to authenticated;
grant execute on function public.is_super_admin(), public.get_user_tenant_role(uuid) to service_role;

select private.member_may('tenants', 'select', 'support', 'id', null);
select private.widget_may('tenants', 'select', 'id', null);

select private.member_may('sites', 'select', 'support', 'tenant_id', 'id');
select private.member_may('sites', 'insert', 'admin', 'tenant_id', 'id');
select private.member_may('sites', 'update', 'admin', 'tenant_id', 'id');
select private.member_may('sites', 'delete', 'owner', 'tenant_id', 'id');
-- What decides about money is not a member's to write: a site's day is told by its
-- zone and the days of before, and a day ahead would be a fresh limit. The zone is
-- set once, with the site; woochat moves it later by the rules.
revoke insert, update on table public.sites from authenticated;
grant insert (id, tenant_id, name, url, origins, locale, currency, timezone, limit_text, greeting, suggestions, contact_url, accent_colour)
    on table public.sites to authenticated;
grant update (name, url, origins, locale, currency, limit_text, greeting, suggestions, contact_url, accent_colour, disabled)
    on table public.sites to authenticated;
select private.widget_may('sites', 'select', 'tenant_id', 'id');

-- Nobody of a tenant changes what it bought, or what it has used.
select private.member_may('licenses', 'select', 'support');
select private.widget_may('licenses', 'select');
select private.member_may('usage_events', 'select', 'support');
select private.widget_may('usage_events', 'select');
select private.member_may('usage_daily', 'select', 'support');
select private.widget_may('usage_daily', 'select');
select private.member_may('usage_adjustments', 'select', 'support');
select private.widget_may('usage_adjustments', 'select');
select private.member_may('usage_repricings', 'select', 'support');
select private.widget_may('usage_repricings', 'select');

select private.member_may('conversations', 'select', 'support');
select private.widget_may('conversations', 'select');
select private.widget_may('conversations', 'insert');
select private.widget_may('conversations', 'delete');

-- Everybody sees his own memberships, admins those of their tenant; only an
-- owner changes them. An API key has no memberships and sees none.
select private.member_may('user_tenants', 'select', 'admin', 'tenant_id', null);
create policy own_select on public.user_tenants for select to authenticated using (user_id = (select private.uid()));
select private.member_may('user_tenants', 'insert', 'owner', 'tenant_id', null);
select private.member_may('user_tenants', 'update', 'owner', 'tenant_id', null);
select private.member_may('user_tenants', 'delete', 'owner', 'tenant_id', null);
create policy no_key on public.user_tenants as restrictive to authenticated using ((select private.only_site()) is null)
    with check ((select private.only_site()) is null);

-- A tenant that has an owner keeps one, whoever writes. Two who each take one of
-- two away write the tenant's row first: the second waits, and then sees what the
-- first has done; a lock alone would not be seen by one who reads at an earlier
-- moment (repeatable read), who fails at that row instead.
-- +goose StatementBegin
create or replace function private.keep_owner() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'UPDATE' and new.role = 'owner' and new.tenant_id = old.tenant_id then
        return null;
    end if;
    update public.tenants set name = name where id = old.tenant_id;
    -- Its members go with a tenant that is deleted.
    if found and not exists (select from public.user_tenants where tenant_id = old.tenant_id and role = 'owner') then
        raise exception 'tenant % needs an owner', old.tenant_id
            using errcode = 'check_violation', constraint = 'user_tenants_keep_owner', table = 'user_tenants', schema = 'public',
            hint = 'Make somebody else an owner first.';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
revoke all on function private.keep_owner() from public;
create or replace trigger user_tenants_keep_owner after update or delete on public.user_tenants
    for each row when (old.role = 'owner') execute function private.keep_owner();

grant select on table public.platform_users to authenticated;
create policy own_select on public.platform_users for select to authenticated using (user_id = (select private.uid()));

-- What comes later in this schema is given to nobody by default. The defaults of
-- other roles that make tables here (postgres, on Supabase) are theirs to change.
alter default privileges in schema public revoke all on tables from public;
alter default privileges in schema public revoke execute on functions from public;
alter default privileges revoke execute on functions from public;

reset role;
