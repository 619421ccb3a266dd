-- The keys of sites: public ones that name a site, and secret ones of which
-- only the hash is known here.

-- +goose Up
set role app_owner;

create table public.api_keys (
    id         uuid        not null primary key,
    tenant_id  uuid        not null,
    site_id    uuid        not null,
    kind       text        not null check (kind in ('site', 'api')),
    name       text        not null default '',
    key_text   text,                            -- null: secret
    key_hash   text        not null unique check (length(key_hash) = 64),
    hint       text        not null default '',
    role       text        not null default '', -- of a secret key: what it may do, see domain/roles
    created_at timestamptz not null,
    disabled   boolean     not null default false,
    check ((kind = 'site') = (key_text is not null)),
    foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade
);
select private.takes('api_keys', array[]::text[]);

create index api_keys_by_site on public.api_keys (tenant_id, site_id, id);

-- key returns the API key who asks; null for a person, and for a key that is
-- disabled, or whose site or tenant is.
create or replace function private.key() returns public.api_keys
language sql stable security definer set search_path = '' as $$
    select k from public.api_keys k
    join public.sites s on s.tenant_id = k.tenant_id and s.id = k.site_id
    join public.tenants t on t.id = k.tenant_id
    where k.id = (select nullif(pg_catalog.current_setting('app.key_id', true), '')::uuid)
      and k.kind = 'api' and not k.disabled and not s.disabled and not t.disabled
$$;

-- +goose StatementBegin
create or replace function private.tenants_of(at_least text) returns setof uuid
language plpgsql stable rows 10 security definer set search_path = '' as $$
declare
    v_who uuid;
    v_key public.api_keys;
begin
    if coalesce(pg_catalog.current_setting('app.key_id', true), '') = '' then
        v_who := private.uid();
        return query select u.tenant_id from public.user_tenants u where u.user_id = v_who and private.rank(u.role) >= private.rank(at_least);
        return;
    end if;
    v_key := private.key();
    if private.rank(v_key.role) >= private.rank(at_least) then
        return next v_key.tenant_id;
    end if;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function private.only_site() returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
    v_key public.api_keys;
begin
    if coalesce(pg_catalog.current_setting('app.key_id', true), '') = '' then
        return null;
    end if;
    v_key := private.key();
    -- A key that is gone is for no site, and not for all.
    return coalesce(v_key.site_id, '00000000-0000-0000-0000-000000000000'::uuid);
end
$$;
-- +goose StatementEnd

-- The two look-ups by which a scope is found: one hash in, one row out. It takes
-- the same time for a wrong hash as for a right one.
create or replace function public.scope_of_site_key(hash text) returns table (tenant_id uuid, site_id uuid)
language sql stable security definer set search_path = '' as $$
    select k.tenant_id, k.site_id from public.api_keys k
    join public.sites s on s.tenant_id = k.tenant_id and s.id = k.site_id
    join public.tenants t on t.id = k.tenant_id
    where k.key_hash = hash and k.kind = 'site' and not k.disabled and not s.disabled and not t.disabled
$$;

create or replace function public.scope_of_api_key(hash text)
returns table (id uuid, tenant_id uuid, site_id uuid, name text, key_hash text, hint text, role text, created_at timestamptz)
language sql stable security definer set search_path = '' as $$
    select k.id, k.tenant_id, k.site_id, k.name, k.key_hash, k.hint, k.role, k.created_at from public.api_keys k
    join public.sites s on s.tenant_id = k.tenant_id and s.id = k.site_id
    join public.tenants t on t.id = k.tenant_id
    where k.key_hash = hash and k.kind = 'api' and not k.disabled and not s.disabled and not t.disabled
$$;

revoke all on function private.key(), private.tenants_of(text), private.only_site(),
    public.scope_of_site_key(text), public.scope_of_api_key(text) from public;
revoke all on function public.scope_of_site_key(text), public.scope_of_api_key(text) from anon, authenticated, service_role;
grant execute on function private.tenants_of(text), private.only_site() to authenticated;
grant execute on function public.scope_of_site_key(text), public.scope_of_api_key(text) to app_runtime;

select private.member_may('api_keys', 'select', 'admin');
select private.member_may('api_keys', 'insert', 'admin');
select private.member_may('api_keys', 'update', 'admin');
-- What a key is for, whose it is and how it is known never changes.
revoke update on table public.api_keys from authenticated;
grant update (name, disabled) on table public.api_keys to authenticated;

-- Nobody hands out a role above his own: in a new key, or by enabling one that has
-- it. To disable one is every admin's right: it may have leaked.
create policy own_rank on public.api_keys as restrictive for insert to authenticated
    with check (tenant_id = any (array(select private.tenants_of(case role when '' then 'admin' else role end))));
create policy own_rank_kept on public.api_keys as restrictive for update to authenticated
    with check (tenant_id = any (array(select private.tenants_of(case when disabled or role = '' then 'admin' else role end))));

reset role;
