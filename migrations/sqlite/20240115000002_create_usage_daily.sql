-- What a site has used and holds on a day. The day is in the key: a new day is
-- a new row, and nothing is ever reset. used + held is what limits are checked
-- against, in the same transaction that changes it.

-- +goose Up
create table usage_daily (
    date                    text    not null,
    tenant_id               text    not null,
    site_id                 text    not null,
    chat_requests           integer not null default 0,
    embedding_requests      integer not null default 0,
    prompt_tokens           integer not null default 0,
    completion_tokens       integer not null default 0,
    chat_tokens             integer not null default 0,
    embedding_tokens        integer not null default 0,
    cost                    integer not null default 0, -- nano-USD
    held_chat_requests      integer not null default 0 check (held_chat_requests >= 0),
    held_embedding_requests integer not null default 0 check (held_embedding_requests >= 0),
    held_chat_tokens        integer not null default 0 check (held_chat_tokens >= 0),
    held_embedding_tokens   integer not null default 0 check (held_embedding_tokens >= 0),
    held_cost               integer not null default 0 check (held_cost >= 0),
    primary key (site_id, date),
    foreign key (tenant_id, site_id) references sites (tenant_id, id)
) strict, without rowid;
