-- What was set aside, what was sent, and what was spent. Rows of usage_events
-- and usage_adjustments are never changed and outlive the conversation that
-- they name.

-- +goose Up
create table usage_reservations (
    tenant_id           text    not null,
    site_id             text    not null,
    id                  text    not null,       -- chosen by the caller
    day                 text    not null,       -- the site's day at admission
    state               text    not null check (state in ('open', 'settled', 'released', 'swept')),
    ended               integer not null default 0 check (ended in (0, 1)), -- the call marked last was settled
    admitted_at         integer not null,
    expires_at          integer not null,
    want_chat_requests      integer not null check (want_chat_requests >= 0),
    want_embedding_requests integer not null check (want_embedding_requests >= 0),
    want_chat_tokens        integer not null check (want_chat_tokens >= 0),
    want_embedding_tokens   integer not null check (want_embedding_tokens >= 0),
    want_cost               integer not null check (want_cost >= 0),
    held_chat_requests      integer not null check (held_chat_requests >= 0),
    held_embedding_requests integer not null check (held_embedding_requests >= 0),
    held_chat_tokens        integer not null check (held_chat_tokens >= 0),
    held_embedding_tokens   integer not null check (held_embedding_tokens >= 0),
    held_cost               integer not null check (held_cost >= 0),
    primary key (tenant_id, site_id, id),
    foreign key (tenant_id, site_id) references sites (tenant_id, id)
) strict, without rowid;

-- The sweep looks for open ones that have expired, across sites.
create index usage_reservations_open on usage_reservations (expires_at, id) where state = 'open';

create table usage_calls (
    tenant_id           text    not null,
    site_id             text    not null,
    reservation_id      text    not null,
    call_no             integer not null check (call_no >= 1),
    kind                text    not null check (kind in ('chat', 'embedding', 'rerank')),
    model               text    not null,       -- '' if it was settled without a dispatch
    conversation_id     text,
    message_id          text,
    chat_requests       integer not null,
    prompt_tokens       integer not null,       -- exact, or an upper bound
    max_output          integer not null,
    price_model         text    not null,
    price_version       text    not null,
    price_input         integer not null,       -- nano-USD for a million tokens
    price_cached_input  integer not null,
    price_output        integer not null,
    price_unpriced      integer not null check (price_unpriced in (0, 1)),
    price_local         integer not null check (price_local in (0, 1)),
    sent_at             integer not null,
    output_tokens       integer not null default 0, -- the last checkpoint
    event_id            text,                   -- null while it is under way
    guessed             integer not null default 0 check (guessed in (0, 1)), -- the sweep wrote the event
    corrected           integer not null default 0 check (corrected in (0, 1)),
    counted_chat_requests      integer not null default 0,
    counted_embedding_requests integer not null default 0,
    counted_chat_tokens        integer not null default 0,
    counted_embedding_tokens   integer not null default 0,
    counted_cost               integer not null default 0,
    counted_prompt             integer not null default 0,
    counted_completion         integer not null default 0,
    primary key (tenant_id, site_id, reservation_id, call_no),
    foreign key (tenant_id, site_id, reservation_id) references usage_reservations (tenant_id, site_id, id)
) strict, without rowid;

create table usage_events (
    seq               integer primary key autoincrement, -- the order of recording
    id                text    not null,
    tenant_id         text    not null,
    site_id           text    not null,
    reservation_id    text    not null,
    call_no           integer not null check (call_no >= 1),
    is_last           integer not null check (is_last in (0, 1)),
    conversation_id   text,
    message_id        text,
    day               text    not null,
    chat_requests     integer not null check (chat_requests >= 0),
    kind              text    not null check (kind in ('chat', 'embedding', 'rerank')),
    model             text    not null,
    provider_model    text    not null default '',
    prompt_tokens     integer not null check (prompt_tokens >= 0),
    completion_tokens integer not null check (completion_tokens >= 0),
    cached_tokens     integer not null check (cached_tokens between 0 and prompt_tokens),
    reasoning_tokens  integer not null check (reasoning_tokens between 0 and completion_tokens),
    total_tokens      integer not null generated always as (prompt_tokens + completion_tokens) stored,
    cost              integer not null check (cost >= 0), -- nano-USD
    price_version     text    not null default '',
    usage_source      text    not null check (usage_source in ('provider', 'tokenizer', 'bound', '')),
    excess_tokens     integer not null default 0 check (excess_tokens >= 0),
    latency_us        integer not null default 0,
    latency_ms        integer not null generated always as (latency_us / 1000) virtual,
    success           integer not null check (success in (0, 1)),
    error_code        text    not null default '',
    raw_usage         text    not null default '',
    created_at        integer not null,
    unique (site_id, id),
    unique (site_id, reservation_id, call_no),  -- one event for a call, ever
    foreign key (tenant_id, site_id, reservation_id) references usage_reservations (tenant_id, site_id, id)
) strict;

create index usage_events_by_day on usage_events (tenant_id, site_id, day, seq);

create table usage_adjustments (
    seq               integer primary key autoincrement,
    tenant_id         text    not null,
    site_id           text    not null,
    event_id          text    not null,
    day               text    not null,         -- of the event
    chat_requests     integer not null,         -- these are deltas and may be negative
    embedding_requests integer not null,
    chat_tokens       integer not null,
    embedding_tokens  integer not null,
    cost              integer not null,
    prompt_tokens     integer not null,
    completion_tokens integer not null,
    reason            text    not null,
    created_at        integer not null,
    unique (site_id, event_id),                 -- an event is corrected once
    foreign key (site_id, event_id) references usage_events (site_id, id),
    foreign key (tenant_id, site_id) references sites (tenant_id, id)
) strict;

create index usage_adjustments_by_day on usage_adjustments (tenant_id, site_id, day, seq);

-- What an event would cost at another price table; what was billed stays.
create table usage_repricings (
    tenant_id     text    not null,
    site_id       text    not null,
    event_id      text    not null,
    price_version text    not null,
    cost          integer not null check (cost >= 0),
    created_at    integer not null,
    primary key (site_id, event_id, price_version),
    foreign key (site_id, event_id) references usage_events (site_id, id),
    foreign key (tenant_id, site_id) references sites (tenant_id, id)
) strict, without rowid;
