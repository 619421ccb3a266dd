-- What was set aside, what was sent, and what was spent. Rows of usage_events
-- and usage_adjustments are never changed and outlive the conversation that
-- they name. Only the ledger's functions write here (20240117000003).

-- +goose Up
set role app_owner;

create table public.usage_reservations (
    tenant_id               uuid        not null,
    site_id                 uuid        not null,
    id                      uuid        not null,              -- chosen by the caller
    day                     date        not null,              -- the site's day at admission
    state                   text        not null check (state in ('open', 'settled', 'released', 'swept')),
    ended                   boolean     not null default false, -- the call marked last was settled
    admitted_at             timestamptz not null,
    expires_at              timestamptz not null,
    want_chat_requests      bigint      not null check (want_chat_requests >= 0),
    want_embedding_requests bigint      not null check (want_embedding_requests >= 0),
    want_chat_tokens        bigint      not null check (want_chat_tokens >= 0),
    want_embedding_tokens   bigint      not null check (want_embedding_tokens >= 0),
    want_cost               bigint      not null check (want_cost >= 0),
    held_chat_requests      bigint      not null check (held_chat_requests >= 0),
    held_embedding_requests bigint      not null check (held_embedding_requests >= 0),
    held_chat_tokens        bigint      not null check (held_chat_tokens >= 0),
    held_embedding_tokens   bigint      not null check (held_embedding_tokens >= 0),
    held_cost               bigint      not null check (held_cost >= 0),
    -- The tables of this file have no foreign keys to the tables above them: each
    -- would lock a row with every hold, call and event. Nobody writes them but
    -- the ledger's functions, which look for the site and lock the reservation;
    -- and a site that has a row in usage_daily cannot be deleted.
    primary key (tenant_id, site_id, id)
) with (fillfactor = 70);
select private.takes('usage_reservations', array[]::text[]);

-- The sweep looks for open ones that have expired, across sites.
create index usage_reservations_open on public.usage_reservations (expires_at, id) where state = 'open';

-- Calls that were sent. One that was settled without having been sent, which
-- the library allows, is in usage_events alone.
create table public.usage_calls (
    tenant_id           uuid    not null,
    site_id             uuid    not null,
    reservation_id      uuid    not null,
    call_no             bigint  not null check (call_no >= 1),
    kind                text    not null check (kind in ('chat', 'embedding', 'rerank')),
    model               text    not null,
    conversation_id     uuid,
    message_id          uuid,
    chat_requests       bigint  not null,
    prompt_tokens       bigint  not null,               -- exact, or an upper bound
    max_output          bigint  not null,
    bound_cost          bigint  not null,               -- the most that it can cost
    price_model         text    not null,
    price_version       text    not null,
    price_input         bigint  not null,               -- nano-USD for a million tokens
    price_cached_input  bigint  not null,
    price_output        bigint  not null,
    price_unpriced      boolean not null,
    price_local         boolean not null,
    sent_at             timestamptz not null,
    output_tokens       bigint  not null default 0,     -- the last checkpoint
    event_id            uuid,                           -- null while it is under way
    guessed             boolean not null default false, -- the sweep wrote the event
    corrected           boolean not null default false,
    counted_chat_requests      bigint not null default 0,
    counted_embedding_requests bigint not null default 0,
    counted_chat_tokens        bigint not null default 0,
    counted_embedding_tokens   bigint not null default 0,
    counted_cost               bigint not null default 0,
    counted_prompt             bigint not null default 0,
    counted_completion         bigint not null default 0,
    primary key (tenant_id, site_id, reservation_id, call_no)
) with (fillfactor = 80);
select private.takes('usage_calls', array[]::text[]);

create table if not exists public.usage_events (
    id        uuid not null,
    tenant_id uuid not null,
    site_id   uuid not null,
    constraint usage_events_of_site primary key (tenant_id, site_id, id)
);
-- Rows of before have no reservation and no call. Their cost was a number of
-- dollars; their day is taken from UTC, since nobody noted the site's.
-- +goose StatementBegin
do $$
begin
    if exists (
        select from information_schema.columns where table_schema = 'public' and table_name = 'usage_events' and column_name = 'cost'
           and data_type in ('numeric', 'double precision', 'real')
    ) then
        alter table public.usage_events alter column cost drop default;
        alter table public.usage_events alter column cost type bigint using round(coalesce(cost, 0)::numeric * 1000000000)::bigint;
    end if;
end
$$;
-- +goose StatementEnd
alter table public.usage_events
    add column if not exists seq               bigint generated always as identity, -- the order of recording
    add column if not exists tenant_id         uuid,
    add column if not exists site_id           uuid,
    add column if not exists reservation_id    uuid,            -- null: from before reservations
    add column if not exists call_no           bigint  not null default 1 check (call_no >= 1),
    add column if not exists is_last           boolean not null default true,
    add column if not exists conversation_id   uuid,
    add column if not exists message_id        uuid,
    add column if not exists day               date,
    add column if not exists chat_requests     bigint  not null default 0 check (chat_requests >= 0),
    add column if not exists kind              text    not null default 'chat',
    add column if not exists model             text    not null default '',
    add column if not exists provider_model    text    not null default '',
    add column if not exists prompt_tokens     bigint  not null default 0,
    add column if not exists completion_tokens bigint  not null default 0,
    add column if not exists cached_tokens     bigint  not null default 0,
    add column if not exists reasoning_tokens  bigint  not null default 0,
    add column if not exists total_tokens      bigint  not null default 0,
    add column if not exists cost              bigint  not null default 0, -- nano-USD
    add column if not exists price_version     text    not null default '',
    add column if not exists usage_source      text    not null default '',
    add column if not exists excess_tokens     bigint  not null default 0 check (excess_tokens >= 0),
    add column if not exists latency_us        bigint  not null default 0,
    add column if not exists latency_ms        bigint  not null default 0,
    add column if not exists success           boolean not null default true,
    add column if not exists error_code        text    not null default '',
    add column if not exists raw_usage         text    not null default '',
    add column if not exists created_at        timestamptz not null default pg_catalog.now();
update public.usage_events e set tenant_id = s.tenant_id from public.sites s where e.tenant_id is null and s.id = e.site_id;
-- +goose StatementBegin
do $$
declare
    c text;
begin
    update public.usage_events set created_at = pg_catalog.now() where created_at is null;
    update public.usage_events set day = (created_at at time zone 'UTC')::date where day is null;
    if exists (select from information_schema.columns where table_schema = 'public' and table_name = 'usage_events' and column_name = 'event_type') then
        execute $q$update public.usage_events set kind = case when event_type ilike '%embed%' then 'embedding' else 'chat' end$q$;
    end if;
    update public.usage_events set kind = case when kind ilike '%embed%' then 'embedding' when kind ilike '%rerank%' then 'rerank' else 'chat' end
    where kind is null or kind not in ('chat', 'embedding', 'rerank');
    -- Nobody counted messages: each chat call of before was one.
    if not exists (select from public.usage_events where chat_requests > 0) then
        update public.usage_events set chat_requests = 1 where kind = 'chat';
    end if;
    -- What was nullable is not: nothing reads these columns with care for it.
    foreach c in array array['prompt_tokens', 'completion_tokens', 'total_tokens', 'cost', 'latency_ms'] loop
        execute pg_catalog.format('alter table public.usage_events alter column %I type bigint', c);
        perform private.fill('usage_events', c, '0');
    end loop;
    perform private.fill('usage_events', 'kind', $q$'chat'$q$);
    perform private.fill('usage_events', 'model', $q$''$q$);
    perform private.fill('usage_events', 'error_code', $q$''$q$);
    perform private.fill('usage_events', 'success', 'true');
    perform private.fill('usage_events', 'created_at', 'pg_catalog.now()');
    perform private.drop_keys('usage_events');
    alter table public.usage_events
        alter column tenant_id set not null,
        alter column site_id set not null,
        alter column day set not null;
end
$$;
-- +goose StatementEnd
alter table public.usage_events
    drop constraint if exists usage_events_kind_check,
    add constraint usage_events_kind_check check (kind in ('chat', 'embedding', 'rerank')),
    drop constraint if exists usage_events_source_check,
    add constraint usage_events_source_check check (usage_source in ('provider', 'tokenizer', 'bound', '')),
    drop constraint if exists usage_events_counts_check,
    add constraint usage_events_counts_check check (
        prompt_tokens >= 0 and completion_tokens >= 0 and cost >= 0
        and cached_tokens between 0 and prompt_tokens and reasoning_tokens between 0 and completion_tokens
    ) not valid; -- rows of before may say anything
-- One event for a call, ever.
create unique index if not exists usage_events_of_call on public.usage_events (site_id, reservation_id, call_no);
create unique index if not exists usage_events_of_site on public.usage_events (tenant_id, site_id, id);
create index if not exists usage_events_by_day on public.usage_events (tenant_id, site_id, day, seq);
select private.takes('usage_events', array['id', 'tenant_id', 'site_id', 'day', 'kind', 'model', 'prompt_tokens', 'completion_tokens',
    'total_tokens', 'cost', 'latency_ms', 'success', 'error_code', 'created_at', 'seq', 'call_no', 'is_last', 'chat_requests',
    'provider_model', 'cached_tokens', 'reasoning_tokens', 'price_version', 'usage_source', 'excess_tokens', 'latency_us', 'raw_usage']);

create table public.usage_adjustments (
    seq                bigint      not null generated always as identity primary key,
    tenant_id          uuid        not null,
    site_id            uuid        not null,
    event_id           uuid        not null,
    day                date        not null,      -- of the event
    chat_requests      bigint      not null,      -- these are deltas and may be negative
    embedding_requests bigint      not null,
    chat_tokens        bigint      not null,
    embedding_tokens   bigint      not null,
    cost               bigint      not null,
    prompt_tokens      bigint      not null,
    completion_tokens  bigint      not null,
    reason             text        not null,
    created_at         timestamptz not null,
    unique (site_id, event_id),                   -- an event is corrected once
    foreign key (tenant_id, site_id, event_id) references public.usage_events (tenant_id, site_id, id)
);
select private.takes('usage_adjustments', array[]::text[]);

create index usage_adjustments_by_day on public.usage_adjustments (tenant_id, site_id, day, seq);

-- What an event would cost at another price table; what was billed stays.
create table public.usage_repricings (
    tenant_id     uuid        not null,
    site_id       uuid        not null,
    event_id      uuid        not null,
    price_version text        not null,
    cost          bigint      not null check (cost >= 0),
    created_at    timestamptz not null,
    primary key (tenant_id, site_id, event_id, price_version),
    foreign key (tenant_id, site_id, event_id) references public.usage_events (tenant_id, site_id, id)
);
select private.takes('usage_repricings', array[]::text[]);

-- What was recorded is never changed: not by the ledger, and not by the
-- platform's own jobs, which pass every policy.
-- +goose StatementBegin
create or replace function private.refuse_change() returns trigger
language plpgsql set search_path = '' as $$
begin
    raise exception 'rows of % are never changed or deleted', tg_table_name
        using errcode = 'insufficient_privilege', hint = 'Correct an event by a row of usage_adjustments.';
end
$$;
-- +goose StatementEnd
revoke all on function private.refuse_change() from public;
create or replace trigger usage_events_append_only before update or delete on public.usage_events
    for each row execute function private.refuse_change();
create or replace trigger usage_events_no_truncate before truncate on public.usage_events
    for each statement execute function private.refuse_change();
create or replace trigger usage_adjustments_append_only before update or delete on public.usage_adjustments
    for each row execute function private.refuse_change();
create or replace trigger usage_adjustments_no_truncate before truncate on public.usage_adjustments
    for each statement execute function private.refuse_change();

reset role;
