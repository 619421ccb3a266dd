-- How shops are reached: what an operator may see of it, what is sealed, and
-- when they were last heard; the one-time states of shops that are being
-- connected; and what is wrong with a site's ingestion.

-- +goose Up
set role app_owner;

create table public.connections (
    tenant_id        uuid        not null,
    site_id          uuid        not null,
    url              text        not null check (url <> ''),
    auth             text        not null default '' check (auth in ('', 'basic', 'query', 'oauth1')), -- '': to be found out
    plain_permalinks boolean     not null default false,
    has_key          boolean     not null default false, -- whether connection_secrets has one
    can_write        boolean     not null default false,
    secrets          integer     not null default 0 check (secrets between 0 and 2), -- how many connection_secrets has
    currency         text        not null default '',
    exponent         integer     not null default 0,
    weight_unit      text        not null default '',
    dimension_unit   text        not null default '',
    created_at       timestamptz,
    updated_at       timestamptz,
    version          bigint      not null check (version > 0),
    primary key (tenant_id, site_id),
    foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade
);
select private.takes('connections', array[]::text[]);

-- What is sealed under the operator's keys. No tenant's role reads it.
create table public.connection_secrets (
    tenant_id     uuid not null,
    site_id       uuid not null,
    sealed_key    text not null default '', -- of the REST API
    sealed_new    text not null default '', -- the webhooks' secret
    sealed_before text not null default '', -- the one before it, for as long as a rotation takes
    primary key (tenant_id, site_id),
    foreign key (tenant_id, site_id) references public.connections (tenant_id, site_id) on delete cascade
);
select private.takes('connection_secrets', array[]::text[]);

-- Apart from connections, since deliveries come often, and versions are for
-- those who change a connection.
create table public.connection_deliveries (
    tenant_id uuid        not null,
    site_id   uuid        not null,
    heard_at  timestamptz not null,             -- when the last good delivery came
    primary key (tenant_id, site_id),
    foreign key (tenant_id, site_id) references public.connections (tenant_id, site_id) on delete cascade
) with (fillfactor = 70);
select private.takes('connection_deliveries', array[]::text[]);

create table public.connect_states (
    hash       text        not null primary key check (hash <> ''),
    tenant_id  uuid        not null,
    site_id    uuid        not null,
    url        text        not null default '',
    return_url text        not null default '',
    asked_by   text        not null default '',
    expires_at timestamptz not null,
    foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade
);
select private.takes('connect_states', array[]::text[]);

create index connect_states_by_site on public.connect_states (tenant_id, site_id, expires_at);

create table public.site_health (
    tenant_id uuid        not null,
    site_id   uuid        not null,
    kind      text        collate "C" not null check (kind <> ''),
    subject   text        collate "C" not null default '',
    detail    text        not null default '',
    count     bigint      not null check (count > 0),
    first_at  timestamptz not null,
    last_at   timestamptz not null,
    primary key (tenant_id, site_id, kind, subject),
    foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade
);
select private.takes('site_health', array[]::text[]);

create index site_health_by_last on public.site_health (tenant_id, site_id, last_at);

-- What comes without a scope is looked up by a function: a delivery, by the id
-- of its site, and a shop that has agreed to be connected, by the hash of a
-- state, which is good once. What is sealed is read and written by functions,
-- too, for one tenant's site, so that no role but the owner has a right on it.
create or replace function public.receiver_of_site(site uuid)
returns table (tenant_id uuid, sealed_new text, sealed_before text, has_key boolean)
language sql stable security definer set search_path = '' as $$
    select c.tenant_id, x.sealed_new, x.sealed_before, c.has_key from public.connections c
    join public.connection_secrets x on x.tenant_id = c.tenant_id and x.site_id = c.site_id
    join public.sites s on s.tenant_id = c.tenant_id and s.id = c.site_id
    join public.tenants t on t.id = c.tenant_id
    where s.id = site and not s.disabled and not t.disabled
$$;

create or replace function public.connection_of_site(tenant uuid, site uuid)
returns table (
    url text, auth text, plain_permalinks boolean, can_write boolean, currency text, exponent integer, weight_unit text, dimension_unit text,
    created_at timestamptz, updated_at timestamptz, version bigint, sealed_key text, sealed_new text, sealed_before text
)
language sql stable security definer set search_path = '' as $$
    select c.url, c.auth, c.plain_permalinks, c.can_write, c.currency, c.exponent, c.weight_unit, c.dimension_unit,
        c.created_at, c.updated_at, c.version, x.sealed_key, x.sealed_new, x.sealed_before
    from public.connections c join public.connection_secrets x on x.tenant_id = c.tenant_id and x.site_id = c.site_id
    where c.tenant_id = tenant and c.site_id = site
$$;

-- save_connection returns the new version, and null if there is another one than
-- p_version (0: none). The first is any: a connection that was removed and made
-- anew shares no version with the one before.
-- +goose StatementBegin
create or replace function public.save_connection(
    p_tenant uuid, p_site uuid, p_version bigint, p_url text, p_auth text, p_plain_permalinks boolean, p_can_write boolean, p_currency text,
    p_exponent integer, p_weight_unit text, p_dimension_unit text, p_created timestamptz, p_updated timestamptz,
    p_key text, p_new text, p_before text
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
    v_version bigint;
    v_secrets integer := (p_new <> '')::integer + (p_before <> '')::integer;
begin
    if p_version = 0 then
        insert into public.connections (tenant_id, site_id, url, auth, plain_permalinks, has_key, can_write, secrets, currency, exponent,
            weight_unit, dimension_unit, created_at, updated_at, version)
        values (p_tenant, p_site, p_url, p_auth, p_plain_permalinks, p_key <> '', p_can_write, v_secrets, p_currency, p_exponent,
            p_weight_unit, p_dimension_unit, p_created, p_updated, 1 + pg_catalog.floor(pg_catalog.random() * 4503599627370496)::bigint)
        on conflict (tenant_id, site_id) do nothing returning version into v_version;
    else
        update public.connections c set url = p_url, auth = p_auth, plain_permalinks = p_plain_permalinks, has_key = p_key <> '',
            can_write = p_can_write, secrets = v_secrets, currency = p_currency, exponent = p_exponent, weight_unit = p_weight_unit,
            dimension_unit = p_dimension_unit, created_at = p_created, updated_at = p_updated, version = c.version + 1
        where c.tenant_id = p_tenant and c.site_id = p_site and c.version = p_version returning c.version into v_version;
    end if;
    if v_version is not null then
        insert into public.connection_secrets (tenant_id, site_id, sealed_key, sealed_new, sealed_before)
        values (p_tenant, p_site, p_key, p_new, p_before)
        on conflict (tenant_id, site_id) do update set
            sealed_key = excluded.sealed_key, sealed_new = excluded.sealed_new, sealed_before = excluded.sealed_before;
    end if;
    return v_version;
end
$$;
-- +goose StatementEnd

create or replace function public.remove_connection(tenant uuid, site uuid) returns void
language sql volatile security definer set search_path = '' as $$
    delete from public.connections c where c.tenant_id = tenant and c.site_id = site
$$;

-- +goose StatementBegin
create or replace function public.save_connect_state(
    state_hash text, tenant uuid, site uuid, url text, return_url text, asked_by text, expires timestamptz, now timestamptz
) returns void
language sql volatile security definer set search_path = '' as $$
    delete from public.connect_states c where c.tenant_id = tenant and c.site_id = site and c.expires_at <= now;
    insert into public.connect_states (hash, tenant_id, site_id, url, return_url, asked_by, expires_at)
    values (state_hash, tenant, site, url, return_url, asked_by, expires)
$$;
-- +goose StatementEnd

create or replace function public.take_connect_state(state_hash text)
returns table (tenant_id uuid, site_id uuid, url text, return_url text, asked_by text, expires_at timestamptz)
language sql volatile security definer set search_path = '' as $$
    delete from public.connect_states c where c.hash = state_hash
    returning c.tenant_id, c.site_id, c.url, c.return_url, c.asked_by, c.expires_at
$$;

revoke all on function public.receiver_of_site(uuid), public.connection_of_site(uuid, uuid),
    public.save_connection(uuid, uuid, bigint, text, text, boolean, boolean, text, integer, text, text, timestamptz, timestamptz, text, text, text),
    public.remove_connection(uuid, uuid), public.save_connect_state(text, uuid, uuid, text, text, text, timestamptz, timestamptz),
    public.take_connect_state(text) from public;
revoke all on function public.receiver_of_site(uuid), public.connection_of_site(uuid, uuid),
    public.save_connection(uuid, uuid, bigint, text, text, boolean, boolean, text, integer, text, text, timestamptz, timestamptz, text, text, text),
    public.remove_connection(uuid, uuid), public.save_connect_state(text, uuid, uuid, text, text, text, timestamptz, timestamptz),
    public.take_connect_state(text) from anon, authenticated, service_role;
grant execute on function public.receiver_of_site(uuid), public.connection_of_site(uuid, uuid),
    public.save_connection(uuid, uuid, bigint, text, text, boolean, boolean, text, integer, text, text, timestamptz, timestamptz, text, text, text),
    public.remove_connection(uuid, uuid), public.save_connect_state(text, uuid, uuid, text, text, text, timestamptz, timestamptz),
    public.take_connect_state(text) to app_runtime;

select private.member_may('connections', 'select', 'support');
select private.widget_may('connections', 'select');
select private.member_may('connection_deliveries', 'select', 'support');
select private.widget_may('connection_deliveries', 'select');
select private.widget_may('connection_deliveries', 'insert');
select private.widget_may('connection_deliveries', 'update');
select private.member_may('site_health', 'select', 'support');
select private.widget_may('site_health', 'select');
select private.widget_may('site_health', 'insert');
select private.widget_may('site_health', 'update');
select private.widget_may('site_health', 'delete');
-- Sealed texts, and the states of what is not yet connected, are the platform's
-- own business.

reset role;
