-- A shopper's message and the answer to it, in one row from the question to the
-- settled answer, and what the shopper thinks of it. Who deletes a conversation
-- deletes these; what was spent stays in the usage tables.

-- +goose Up
set role app_owner;

-- A table of this name that somebody else made is kept under another.
-- +goose StatementBegin
do $$
begin
    if to_regclass('public.messages') is not null then
        raise exception 'there is a table "messages" already, which woochat did not make'
            using hint = 'Rename it (alter table messages rename to messages_before), and migrate again. Nothing was changed.';
    end if;
end
$$;
-- +goose StatementEnd

create table public.messages (
    id                uuid        not null primary key,
    tenant_id         uuid        not null,
    site_id           uuid        not null,
    conversation_id   uuid        not null,
    visitor_id        uuid        not null,
    seq               bigint      not null check (seq > 0),
    idempotency_key   text,                     -- null: none was sent, or it is forgotten
    body_hash         text        not null default '',
    question          text        not null,
    page_url          text        not null default '',
    page_title        text        not null default '',
    asked_at          timestamptz not null,
    state             text        not null check (state in ('running', 'done')),
    attempt           bigint      not null check (attempt > 0),
    reservation_id    uuid,
    lease_at          timestamptz not null,
    answer            text        not null default '',
    finish            text        not null default '' check (finish in ('', 'stop', 'length', 'filtered', 'stopped', 'failed')),
    citations         jsonb,                    -- versioned; null: none
    cards             jsonb,                    -- versioned; null: none
    prompt_tokens     bigint      not null default 0,
    completion_tokens bigint      not null default 0,
    cached_tokens     bigint      not null default 0,
    reasoning_tokens  bigint      not null default 0,
    usage_source      text        not null default '' check (usage_source in ('', 'provider', 'tokenizer', 'bound')),
    error_code        text        not null default '',
    notice            text        not null default '',
    last_event        bigint      not null default 0,
    answered_at       timestamptz,              -- null: not answered
    unique (tenant_id, site_id, id),
    unique (tenant_id, site_id, conversation_id, seq),
    foreign key (tenant_id, site_id, conversation_id) references public.conversations (tenant_id, site_id, id) on delete cascade
);
select private.takes('messages', array[]::text[]);

create unique index messages_by_key on public.messages (tenant_id, site_id, visitor_id, idempotency_key)
    where idempotency_key is not null;

create table public.feedback (
    message_id uuid        not null primary key,
    tenant_id  uuid        not null,
    site_id    uuid        not null,
    rating     bigint      not null check (rating in (-1, 1)),
    rated_at   timestamptz not null,
    foreign key (tenant_id, site_id, message_id) references public.messages (tenant_id, site_id, id) on delete cascade
);
select private.takes('feedback', array[]::text[]);

create index feedback_by_site on public.feedback (tenant_id, site_id, rated_at);

select private.member_may('messages', 'select', 'support');
select private.widget_may('messages', 'select');
select private.widget_may('messages', 'insert');
select private.widget_may('messages', 'update');
select private.widget_may('messages', 'delete');
select private.member_may('feedback', 'select', 'support');
select private.widget_may('feedback', 'select');
select private.widget_may('feedback', 'insert');
select private.widget_may('feedback', 'update');

reset role;
