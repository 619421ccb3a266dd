-- licenses.plan_limits is a JSON object with max_tokens_per_day,
-- max_chat_requests_per_day and max_embedding_tokens_per_day, each null
-- (unlimited) or a whole number from 0, and optionally max_cost_usd_per_day,
-- null or a decimal string. Other keys are kept and mean nothing here.
--
-- Licenses that are there already: a key that is missing, or is no limit, is set
-- from the plan "trial", the smallest that woochat ships with, and never to
-- unlimited; a number in quotes is read as the number.

-- +goose Up
set role app_owner;

-- +goose StatementBegin
create or replace function private.is_limit(p jsonb) returns boolean
language sql immutable parallel safe set search_path = '' as $$
    select case
        when p is null then false
        when jsonb_typeof(p) = 'null' then true
        when jsonb_typeof(p) = 'number' then p::text ~ '^[0-9]{1,18}$'
        else false
    end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
do $$
declare
    l record;
    k record;
    v jsonb;
    v_limits jsonb;
    v_old text;
begin
    for l in select ctid, plan_limits from public.licenses loop
        v_limits := case when jsonb_typeof(l.plan_limits) = 'object' then l.plan_limits else '{}'::jsonb end;
        for k in select * from (values
            -- key, what it was called elsewhere, and the plan trial's value
            ('max_tokens_per_day',           array['tokens_per_day', 'daily_tokens', 'max_tokens', 'daily_token_limit'],        200000),
            ('max_chat_requests_per_day',    array['chat_requests_per_day', 'daily_chat_requests', 'max_chat_requests', 'max_requests_per_day'], 100),
            ('max_embedding_tokens_per_day', array['embedding_tokens_per_day', 'daily_embedding_tokens', 'max_embedding_tokens'], 500000)
        ) as known (key, others, trial) loop
            v := v_limits -> k.key;
            foreach v_old in array k.others loop
                v := coalesce(v, v_limits -> v_old);
            end loop;
            if jsonb_typeof(v) = 'string' and (v #>> '{}') ~ '^[0-9]{1,18}$' then
                v := (v #>> '{}')::jsonb;
            end if;
            if not private.is_limit(v) then
                v := to_jsonb(k.trial);
            end if;
            v_limits := v_limits || jsonb_build_object(k.key, v);
        end loop;
        if v_limits ? 'max_cost_usd_per_day' and jsonb_typeof(v_limits -> 'max_cost_usd_per_day') = 'number' then
            v_limits := v_limits || jsonb_build_object('max_cost_usd_per_day', (v_limits ->> 'max_cost_usd_per_day'));
        end if;
        if v_limits is distinct from l.plan_limits then
            update public.licenses set plan_limits = v_limits where ctid = l.ctid;
        end if;
    end loop;
end
$$;
-- +goose StatementEnd
alter table public.licenses alter column plan_limits set not null;

-- It runs as its owner: who may write a license may not use schema private.
-- +goose StatementBegin
create or replace function private.check_plan_limits() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    k text;
begin
    if jsonb_typeof(new.plan_limits) is distinct from 'object' then
        raise exception 'plan_limits is not a JSON object' using errcode = 'check_violation';
    end if;
    foreach k in array array['max_tokens_per_day', 'max_chat_requests_per_day', 'max_embedding_tokens_per_day'] loop
        if not private.is_limit(new.plan_limits -> k) then
            raise exception 'plan_limits needs %: null or a whole number from 0', k using errcode = 'check_violation';
        end if;
    end loop;
    if new.plan_limits ? 'max_cost_usd_per_day' and not (
        jsonb_typeof(new.plan_limits -> 'max_cost_usd_per_day') = 'null' or
        jsonb_typeof(new.plan_limits -> 'max_cost_usd_per_day') = 'string' and new.plan_limits ->> 'max_cost_usd_per_day' ~ '^[0-9]{1,10}(\.[0-9]{1,9})?$'
    ) then
        raise exception 'plan_limits.max_cost_usd_per_day is neither null nor a decimal string such as "2.50"' using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
-- Triggers of before are replaced: two that disagree would let nothing pass.
-- +goose StatementBegin
do $$
declare
    t record;
begin
    for t in
        select tgname from pg_catalog.pg_trigger
        where tgrelid = 'public.licenses'::regclass and not tgisinternal and tgname ilike '%plan_limits%'
    loop
        execute pg_catalog.format('drop trigger %I on public.licenses', t.tgname);
    end loop;
end
$$;
-- +goose StatementEnd
create trigger licenses_plan_limits before insert or update of plan_limits on public.licenses
    for each row execute function private.check_plan_limits();
revoke all on function private.is_limit(jsonb), private.check_plan_limits() from public;

reset role;
