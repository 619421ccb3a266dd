-- A shopper's message and the answer to it, in one row from the question to the
-- settled answer, and what the shopper thinks of it. Who deletes a conversation
-- deletes these; what was spent stays in the usage tables.

-- +goose Up
create table messages (
    id               text    not null primary key,
    tenant_id        text    not null,
    site_id          text    not null,
    conversation_id  text    not null,
    visitor_id       text    not null,
    seq              integer not null check (seq > 0),
    idempotency_key  text,                      -- null: none was sent, or it is forgotten
    body_hash        text    not null default '',
    question         text    not null,
    page_url         text    not null default '',
    page_title       text    not null default '',
    asked_at         integer not null,
    state            text    not null check (state in ('running', 'done')),
    attempt          integer not null check (attempt > 0),
    reservation_id   text,
    lease_at         integer not null,
    answer           text    not null default '',
    finish           text    not null default '' check (finish in ('', 'stop', 'length', 'filtered', 'stopped', 'failed')),
    citations        text,                      -- versioned JSON; null: none
    cards            text,                      -- versioned JSON; null: none
    prompt_tokens     integer not null default 0,
    completion_tokens integer not null default 0,
    cached_tokens     integer not null default 0,
    reasoning_tokens  integer not null default 0,
    usage_source     text    not null default '' check (usage_source in ('', 'provider', 'tokenizer', 'bound')),
    error_code       text    not null default '',
    notice           text    not null default '',
    last_event       integer not null default 0,
    answered_at      integer,                   -- null: not answered
    unique (tenant_id, site_id, id),
    unique (tenant_id, site_id, conversation_id, seq),
    foreign key (tenant_id, site_id, conversation_id) references conversations (tenant_id, site_id, id) on delete cascade
) strict;

create unique index messages_by_key on messages (tenant_id, site_id, visitor_id, idempotency_key)
    where idempotency_key is not null;

create table feedback (
    message_id text    not null primary key,
    tenant_id  text    not null,
    site_id    text    not null,
    rating     integer not null check (rating in (-1, 1)),
    rated_at   integer not null,
    foreign key (tenant_id, site_id, message_id) references messages (tenant_id, site_id, id) on delete cascade
) strict;

create index feedback_by_site on feedback (tenant_id, site_id, rated_at);
