-- What a site has used and holds on a day. The day is in the key: a new day is
-- a new row, and nothing is ever reset. used + held is what limits are checked
-- against, in the same transaction that changes it.

-- +goose Up
set role app_owner;

create table if not exists public.usage_daily (
    date      date not null,
    tenant_id uuid not null,
    site_id   uuid not null,
    constraint usage_daily_date_site_id_key unique (date, site_id)
);
alter table public.usage_daily
    add column if not exists tenant_id               uuid,
    add column if not exists chat_requests           bigint not null default 0,
    add column if not exists embedding_requests      bigint not null default 0,
    add column if not exists prompt_tokens           bigint not null default 0,
    add column if not exists completion_tokens       bigint not null default 0,
    add column if not exists chat_tokens             bigint not null default 0,
    add column if not exists embedding_tokens        bigint not null default 0,
    add column if not exists cost                    bigint not null default 0, -- nano-USD
    add column if not exists held_chat_requests      bigint not null default 0 check (held_chat_requests >= 0),
    add column if not exists held_embedding_requests bigint not null default 0 check (held_embedding_requests >= 0),
    add column if not exists held_chat_tokens        bigint not null default 0 check (held_chat_tokens >= 0),
    add column if not exists held_embedding_tokens   bigint not null default 0 check (held_embedding_tokens >= 0),
    add column if not exists held_cost               bigint not null default 0 check (held_cost >= 0);
-- Rows of before counted chat and embedding tokens as one, and dollars. What
-- their events say is taken where there are events, so that sum(events) =
-- usage_daily from the first day on.
-- +goose StatementBegin
do $$
declare
    c text;
begin
    update public.usage_daily d set tenant_id = s.tenant_id from public.sites s where d.tenant_id is null and s.id = d.site_id;
    foreach c in array array['chat_requests', 'embedding_requests', 'prompt_tokens', 'completion_tokens', 'embedding_tokens'] loop
        execute pg_catalog.format('alter table public.usage_daily alter column %1$I type bigint', c);
        perform private.fill('usage_daily', c, '0');
    end loop;
    if exists (
        select from information_schema.columns where table_schema = 'public' and table_name = 'usage_daily' and column_name = 'cost'
           and data_type in ('numeric', 'double precision', 'real')
    ) then
        alter table public.usage_daily alter column cost drop default;
        alter table public.usage_daily alter column cost type bigint using round(coalesce(cost, 0)::numeric * 1000000000)::bigint;
        alter table public.usage_daily alter column cost set default 0, alter column cost set not null;
    end if;
    if exists (select from public.usage_events) then
        insert into public.usage_daily (date, tenant_id, site_id)
        select distinct e.day, e.tenant_id, e.site_id from public.usage_events e
        where not exists (select from public.usage_daily d where d.site_id = e.site_id and d.date = e.day);
        update public.usage_daily d set
            chat_requests      = x.chat_requests,
            embedding_requests = x.embedding_requests,
            prompt_tokens      = x.prompt_tokens,
            completion_tokens  = x.completion_tokens,
            chat_tokens        = x.chat_tokens,
            embedding_tokens   = x.embedding_tokens,
            cost               = x.cost
        from (
            select site_id, day, sum(chat_requests) as chat_requests,
                count(*) filter (where kind = 'embedding') as embedding_requests,
                sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens,
                coalesce(sum(prompt_tokens + completion_tokens) filter (where kind <> 'embedding'), 0) as chat_tokens,
                coalesce(sum(prompt_tokens + completion_tokens) filter (where kind = 'embedding'), 0) as embedding_tokens,
                sum(cost) as cost
            from public.usage_events group by site_id, day
        ) x where x.site_id = d.site_id and x.day = d.date;
    end if;
    -- Of days whose events are gone, what the row itself says is all there is.
    if exists (select from information_schema.columns where table_schema = 'public' and table_name = 'usage_daily' and column_name = 'total_tokens') then
        execute $q$
            update public.usage_daily d set chat_tokens = greatest(coalesce(total_tokens, 0) - embedding_tokens, 0)
            where chat_tokens = 0 and not exists (select from public.usage_events e where e.site_id = d.site_id and e.day = d.date)
        $q$;
    end if;
    foreach c in array array['total_cost', 'cost_usd'] loop
        if exists (select from information_schema.columns where table_schema = 'public' and table_name = 'usage_daily' and column_name = c) then
            execute pg_catalog.format($q$
                update public.usage_daily d set cost = round(coalesce(%I, 0)::numeric * 1000000000)::bigint
                where cost = 0 and not exists (select from public.usage_events e where e.site_id = d.site_id and e.day = d.date)
            $q$, c);
        end if;
    end loop;
end
$$;
-- +goose StatementEnd
-- What was spent is not deleted with its site: the key does not cascade.
select private.drop_keys('usage_daily');
alter table public.usage_daily
    alter column tenant_id set not null,
    alter column site_id set not null,
    alter column date set not null,
    add constraint usage_daily_site_fkey foreign key (tenant_id, site_id) references public.sites (tenant_id, id);
-- One row a day and site, whoever made the table.
create unique index if not exists usage_daily_of_site on public.usage_daily (tenant_id, site_id, date);
create unique index if not exists usage_daily_one_a_day on public.usage_daily (site_id, date);
-- A row changes with every call of its site: room in its page, and no index on
-- what changes, keep that cheap.
alter table public.usage_daily set (fillfactor = 50);
select private.takes('usage_daily', array['date', 'tenant_id', 'site_id', 'chat_requests', 'embedding_requests', 'prompt_tokens',
    'completion_tokens', 'chat_tokens', 'embedding_tokens', 'cost']);

reset role;
