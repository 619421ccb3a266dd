-- The ledger: the only way to the usage tables. Each function takes an array of
-- rows in the order of their numbers, so that one process commits the waiting calls
-- of all its sites together, and answers for each by its number, or once, without a
-- number, for all. What a step means is decided by
-- domain/usage (Limits.Admit and Reservation); this is the same in SQL, and the
-- tests hold the two together.
--
-- The functions' plans are set to go by the indexes: a plan that was made while a
-- table was small, or before it was analysed, would read all of it later.
--
-- Rules: a call names a reservation once. Rows are locked in one order by all
-- functions: reservations by key, then days by key; ledger_reserve locks days,
-- and then writes reservations that nobody can have locked before. A statement
-- sees what was committed before it began, so what is decided on is read by a
-- statement after the one that locked it, and a row that appeared in between,
-- unlocked, is not there. Every row is checked against its key, tenant and site.
-- Nothing here asks what time it is.

-- +goose Up
set role app_owner;

create type private.reserve_row as (
    n int, tenant_id uuid, site_id uuid, id uuid, day date, admitted_at timestamptz, expires_at timestamptz,
    chat_requests bigint, embedding_requests bigint, chat_tokens bigint, embedding_tokens bigint, cost bigint,
    max_chat_requests bigint, max_chat_tokens bigint, max_embedding_tokens bigint, max_cost bigint -- -1: unlimited
);

-- ledger_reserve holds what each row wants if its limits admit it, one after the
-- other. Outcomes: held; same (reserved before, alike); conflict (otherwise);
-- not_found (no such site); over, with what was used and held at that moment.
-- +goose StatementBegin
create or replace function public.ledger_reserve(p_rows private.reserve_row[])
returns table (n int, outcome text, chat_requests bigint, embedding_requests bigint, chat_tokens bigint, embedding_tokens bigint, cost bigint)
language plpgsql security definer set search_path = '' set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_held int[]; -- null: all
    v_made boolean := false;
    v_fits boolean;
    v_days bigint;
    v_site uuid;
    v_day  date;
    v_n    bigint;
    r      record;
begin
    -- Days that are missing are begun before any is locked: who waits for another's
    -- new day then holds none that the other may want.
    select count(*), count(u.site_id) into v_n, v_days from (select distinct x.tenant_id, x.site_id, x.day from unnest(p_rows) x) k
    left join public.usage_daily u on u.tenant_id = k.tenant_id and u.site_id = k.site_id and u.date = k.day;
    if v_days < v_n then
        insert into public.usage_daily (date, tenant_id, site_id)
        select k.day, k.tenant_id, k.site_id from (
            select distinct x.day, x.tenant_id, x.site_id from unnest(p_rows) x
            join public.sites s on s.tenant_id = x.tenant_id and s.id = x.site_id
            where not exists (select from public.usage_daily u where u.site_id = x.site_id and u.date = x.day)
            order by x.site_id, x.day
        ) k on conflict do nothing;
        v_made := found;
    end if;
    -- What a locked row says is what the lock waited for. All that is wanted of a
    -- day at once, against the smallest limits, is most often admitted, and then
    -- nothing is decided row by row.
    select sum(l.wants), bool_and(l.fits) into v_n, v_fits from (
        select k.wants,
            case when (k.max_chat_requests is null or k.chat_requests <= k.max_chat_requests
                    and u.chat_requests + u.held_chat_requests <= k.max_chat_requests - k.chat_requests)
                and (k.max_chat_tokens is null or k.chat_tokens <= k.max_chat_tokens
                    and u.chat_tokens + u.held_chat_tokens <= k.max_chat_tokens - k.chat_tokens)
                and (k.max_embedding_tokens is null or k.embedding_tokens <= k.max_embedding_tokens
                    and u.embedding_tokens + u.held_embedding_tokens <= k.max_embedding_tokens - k.embedding_tokens)
                and (k.max_cost is null or k.cost <= k.max_cost and u.cost + u.held_cost <= k.max_cost - k.cost)
                -- What has no limit must be a number all the same: a sum that is none is an error.
                then least(u.chat_requests + u.held_chat_requests + k.chat_requests,
                    u.embedding_requests + u.held_embedding_requests + k.embedding_requests,
                    u.chat_tokens + u.held_chat_tokens + k.chat_tokens,
                    u.embedding_tokens + u.held_embedding_tokens + k.embedding_tokens, u.cost + u.held_cost + k.cost) is not null
            else false end as fits
        from public.usage_daily u join (
            select x.tenant_id, x.site_id, x.day, count(*) as wants,
                sum(x.chat_requests)::bigint as chat_requests, sum(x.embedding_requests)::bigint as embedding_requests,
                sum(x.chat_tokens)::bigint as chat_tokens, sum(x.embedding_tokens)::bigint as embedding_tokens,
                sum(x.cost)::bigint as cost,
                -- Null: nobody who wants some has a limit.
                min(case when x.chat_requests > 0 and x.max_chat_requests <> -1 then x.max_chat_requests end) as max_chat_requests,
                min(case when x.chat_tokens > 0 and x.max_chat_tokens <> -1 then x.max_chat_tokens end) as max_chat_tokens,
                min(case when x.embedding_tokens > 0 and x.max_embedding_tokens <> -1 then x.max_embedding_tokens end) as max_embedding_tokens,
                min(case when x.cost > 0 and x.max_cost <> -1 then x.max_cost end) as max_cost
            from unnest(p_rows) x group by x.tenant_id, x.site_id, x.day
        ) k on k.tenant_id = u.tenant_id and k.site_id = u.site_id and k.day = u.date
        order by u.site_id, u.date for update of u
    ) l;

    if v_n = cardinality(p_rows) and v_fits then
        insert into public.usage_reservations (tenant_id, site_id, id, day, state, admitted_at, expires_at,
            want_chat_requests, want_embedding_requests, want_chat_tokens, want_embedding_tokens, want_cost,
            held_chat_requests, held_embedding_requests, held_chat_tokens, held_embedding_tokens, held_cost)
        select x.tenant_id, x.site_id, x.id, x.day, 'open', x.admitted_at, x.expires_at,
            x.chat_requests, x.embedding_requests, x.chat_tokens, x.embedding_tokens, x.cost,
            x.chat_requests, x.embedding_requests, x.chat_tokens, x.embedding_tokens, x.cost
        from unnest(p_rows) x on conflict do nothing;
        get diagnostics v_n = row_count;
        if v_n = cardinality(p_rows) then
            outcome := 'held';
            return next;
        else -- some were here before: those that are not of this transaction
            return query
            select x.n, case when o.xmin = pg_catalog.pg_current_xact_id()::xid then 'held'
                    when o.day = x.day and o.want_chat_requests = x.chat_requests and o.want_embedding_requests = x.embedding_requests
                    and o.want_chat_tokens = x.chat_tokens and o.want_embedding_tokens = x.embedding_tokens and o.want_cost = x.cost then 'same'
                    else 'conflict' end, null::bigint, null::bigint, null::bigint, null::bigint, null::bigint
            from unnest(p_rows) x
            join public.usage_reservations o on o.tenant_id = x.tenant_id and o.site_id = x.site_id and o.id = x.id;
            select coalesce(array_agg(x.n), '{}') into v_held from unnest(p_rows) x
            join public.usage_reservations o on o.tenant_id = x.tenant_id and o.site_id = x.site_id and o.id = x.id
            where o.xmin = pg_catalog.pg_current_xact_id()::xid;
        end if;
    else
        v_held := '{}';
        for r in
            select x.*, u.site_id is not null as there, o.id is not null as old,
                o.day = x.day and o.want_chat_requests = x.chat_requests and o.want_embedding_requests = x.embedding_requests
                    and o.want_chat_tokens = x.chat_tokens and o.want_embedding_tokens = x.embedding_tokens and o.want_cost = x.cost as same,
                u.chat_requests + u.held_chat_requests as has_chat_requests,
                u.embedding_requests + u.held_embedding_requests as has_embedding_requests,
                u.chat_tokens + u.held_chat_tokens as has_chat_tokens,
                u.embedding_tokens + u.held_embedding_tokens as has_embedding_tokens,
                u.cost + u.held_cost as has_cost
            from unnest(p_rows) x
            left join public.usage_daily u on u.tenant_id = x.tenant_id and u.site_id = x.site_id and u.date = x.day
            left join public.usage_reservations o on o.tenant_id = x.tenant_id and o.site_id = x.site_id and o.id = x.id
            order by x.site_id, x.day, x.n
        loop
            n := r.n;
            if not r.there then
                outcome := 'not_found';
            elsif r.old then
                outcome := case when r.same then 'same' else 'conflict' end;
            else
                if v_site is distinct from r.site_id or v_day is distinct from r.day then
                    v_site := r.site_id;
                    v_day := r.day;
                    chat_requests := r.has_chat_requests;
                    embedding_requests := r.has_embedding_requests;
                    chat_tokens := r.has_chat_tokens;
                    embedding_tokens := r.has_embedding_tokens;
                    cost := r.has_cost;
                end if;
                -- usage.Limits.Admit: a meter is asked only for what is wanted of it,
                -- and the subtraction cannot overflow as the addition could.
                if r.chat_requests > 0 and r.max_chat_requests <> -1
                        and (chat_requests > r.max_chat_requests or r.chat_requests > r.max_chat_requests - chat_requests)
                    or r.chat_tokens > 0 and r.max_chat_tokens <> -1
                        and (chat_tokens > r.max_chat_tokens or r.chat_tokens > r.max_chat_tokens - chat_tokens)
                    or r.embedding_tokens > 0 and r.max_embedding_tokens <> -1
                        and (embedding_tokens > r.max_embedding_tokens or r.embedding_tokens > r.max_embedding_tokens - embedding_tokens)
                    or r.cost > 0 and r.max_cost <> -1 and (cost > r.max_cost or r.cost > r.max_cost - cost)
                then
                    outcome := 'over';
                else
                    outcome := 'held';
                    v_held := v_held || r.n;
                    chat_requests := chat_requests + r.chat_requests;
                    embedding_requests := embedding_requests + r.embedding_requests;
                    chat_tokens := chat_tokens + r.chat_tokens;
                    embedding_tokens := embedding_tokens + r.embedding_tokens;
                    cost := cost + r.cost;
                end if;
            end if;
            return next;
        end loop;

        insert into public.usage_reservations (tenant_id, site_id, id, day, state, admitted_at, expires_at,
            want_chat_requests, want_embedding_requests, want_chat_tokens, want_embedding_tokens, want_cost,
            held_chat_requests, held_embedding_requests, held_chat_tokens, held_embedding_tokens, held_cost)
        select x.tenant_id, x.site_id, x.id, x.day, 'open', x.admitted_at, x.expires_at,
            x.chat_requests, x.embedding_requests, x.chat_tokens, x.embedding_tokens, x.cost,
            x.chat_requests, x.embedding_requests, x.chat_tokens, x.embedding_tokens, x.cost
        from unnest(p_rows) x where x.n = any (v_held) on conflict do nothing;
        get diagnostics v_n = row_count;
        if v_n <> cardinality(v_held) then
            raise exception 'a reservation of this id was made at this moment, on another day' using errcode = 'serialization_failure';
        end if;
    end if;

    update public.usage_daily u set
        held_chat_requests      = u.held_chat_requests + k.chat_requests,
        held_embedding_requests = u.held_embedding_requests + k.embedding_requests,
        held_chat_tokens        = u.held_chat_tokens + k.chat_tokens,
        held_embedding_tokens   = u.held_embedding_tokens + k.embedding_tokens,
        held_cost               = u.held_cost + k.cost
    from (
        select x.site_id, x.day, sum(x.chat_requests)::bigint as chat_requests, sum(x.embedding_requests)::bigint as embedding_requests,
            sum(x.chat_tokens)::bigint as chat_tokens, sum(x.embedding_tokens)::bigint as embedding_tokens, sum(x.cost)::bigint as cost
        from unnest(p_rows) x where v_held is null or x.n = any (v_held) group by x.site_id, x.day
    ) k where u.site_id = k.site_id and u.date = k.day;

    -- A day that was begun for nothing is not begun.
    if v_made and v_n < cardinality(p_rows) then
        delete from public.usage_daily u using unnest(p_rows) x
        where u.tenant_id = x.tenant_id and u.site_id = x.site_id and u.date = x.day and u.xmin = pg_catalog.pg_current_xact_id()::xid
          and u.chat_requests = 0 and u.embedding_requests = 0 and u.prompt_tokens = 0 and u.completion_tokens = 0
          and u.chat_tokens = 0 and u.embedding_tokens = 0 and u.cost = 0 and u.held_chat_requests = 0 and u.held_embedding_requests = 0
          and u.held_chat_tokens = 0 and u.held_embedding_tokens = 0 and u.held_cost = 0
          and not exists (select from public.usage_reservations o where o.tenant_id = u.tenant_id and o.site_id = u.site_id and o.day = u.date);
    end if;
end
$$;
-- +goose StatementEnd

-- Deltas of a day, to be added to it.
create type private.day_delta as (
    tenant_id uuid, site_id uuid, day date,
    used_chat_requests bigint, used_embedding_requests bigint, used_chat_tokens bigint, used_embedding_tokens bigint, used_cost bigint,
    held_chat_requests bigint, held_embedding_requests bigint, held_chat_tokens bigint, held_embedding_tokens bigint, held_cost bigint,
    prompt_tokens bigint, completion_tokens bigint
);

-- add_to_days adds to days that reservations have begun, in the order of keys.
-- ledger_dispatch and ledger_settle have its statements in themselves: to hand an
-- array of rows to another function costs as much as to use it.
-- +goose StatementBegin
create or replace function private.add_to_days(p_deltas private.day_delta[]) returns void
language plpgsql set search_path = '' as $$
begin
    perform from public.usage_daily u
    join (select distinct x.tenant_id, x.site_id, x.day from unnest(p_deltas) x) k
      on k.tenant_id = u.tenant_id and k.site_id = u.site_id and k.day = u.date
    order by u.site_id, u.date for update of u;
    update public.usage_daily u set
        chat_requests           = u.chat_requests + k.used_chat_requests,
        embedding_requests      = u.embedding_requests + k.used_embedding_requests,
        chat_tokens             = u.chat_tokens + k.used_chat_tokens,
        embedding_tokens        = u.embedding_tokens + k.used_embedding_tokens,
        cost                    = u.cost + k.used_cost,
        held_chat_requests      = u.held_chat_requests + k.held_chat_requests,
        held_embedding_requests = u.held_embedding_requests + k.held_embedding_requests,
        held_chat_tokens        = u.held_chat_tokens + k.held_chat_tokens,
        held_embedding_tokens   = u.held_embedding_tokens + k.held_embedding_tokens,
        held_cost               = u.held_cost + k.held_cost,
        prompt_tokens           = u.prompt_tokens + k.prompt_tokens,
        completion_tokens       = u.completion_tokens + k.completion_tokens
    from (
        select x.tenant_id, x.site_id, x.day,
            sum(x.used_chat_requests)::bigint as used_chat_requests, sum(x.used_embedding_requests)::bigint as used_embedding_requests,
            sum(x.used_chat_tokens)::bigint as used_chat_tokens, sum(x.used_embedding_tokens)::bigint as used_embedding_tokens,
            sum(x.used_cost)::bigint as used_cost,
            sum(x.held_chat_requests)::bigint as held_chat_requests, sum(x.held_embedding_requests)::bigint as held_embedding_requests,
            sum(x.held_chat_tokens)::bigint as held_chat_tokens, sum(x.held_embedding_tokens)::bigint as held_embedding_tokens,
            sum(x.held_cost)::bigint as held_cost,
            sum(x.prompt_tokens)::bigint as prompt_tokens, sum(x.completion_tokens)::bigint as completion_tokens
        from unnest(p_deltas) x group by x.tenant_id, x.site_id, x.day
    ) k where u.tenant_id = k.tenant_id and u.site_id = k.site_id and u.date = k.day;
end
$$;
-- +goose StatementEnd

-- What a reservation holds from now on.
create type private.held_row as (
    tenant_id uuid, site_id uuid, id uuid, state text, ended boolean,
    chat_requests bigint, embedding_requests bigint, chat_tokens bigint, embedding_tokens bigint, cost bigint
);

create type private.call_row as (
    n int, tenant_id uuid, site_id uuid, reservation_id uuid, call_no bigint, kind text, model text, conversation_id uuid, message_id uuid,
    chat_requests bigint, prompt_tokens bigint, max_output bigint, bound_cost bigint, price_model text, price_version text,
    price_input bigint, price_cached_input bigint, price_output bigint, price_unpriced boolean, price_local boolean, sent_at timestamptz,
    rest_chat_requests bigint, rest_chat_tokens bigint, rest_embedding_tokens bigint, rest_cost bigint
);

-- ledger_dispatch notes calls as sent, and lowers each hold to the bounds of all
-- its calls under way plus the rest: usage.Reservation.Dispatch. Outcomes: sent;
-- same (sent before, alike, and under way); not_found; closed; over_hold.
-- +goose StatementBegin
create or replace function public.ledger_dispatch(p_rows private.call_row[]) returns table (n int, outcome text)
language plpgsql security definer set search_path = '' set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_locked int[];
    v_sent   int[] := '{}';
    v_holds  private.held_row[] := '{}';
    v_deltas private.day_delta[] := '{}';
    r        record;
begin
    select coalesce(array_agg(k.n), '{}') into v_locked from (
        select x.n from public.usage_reservations h
        join unnest(p_rows) x on h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.reservation_id
        order by h.tenant_id, h.site_id, h.id for update of h
    ) k;
    for r in
        select x.*, h.id is not null as there, h.state, h.ended, h.day,
            h.held_chat_requests, h.held_embedding_requests, h.held_chat_tokens, h.held_embedding_tokens, h.held_cost,
            c.call_no is not null or exists (
                select from public.usage_events e where e.site_id = x.site_id and e.reservation_id = x.reservation_id and e.call_no = x.call_no
            ) as old,
            c.event_id is null and c.kind = x.kind and c.model = x.model and c.conversation_id is not distinct from x.conversation_id
                and c.message_id is not distinct from x.message_id and c.chat_requests = x.chat_requests
                and c.prompt_tokens = x.prompt_tokens and c.max_output = x.max_output and c.price_model = x.price_model
                and c.price_version = x.price_version and c.price_input = x.price_input and c.price_cached_input = x.price_cached_input
                and c.price_output = x.price_output and c.price_unpriced = x.price_unpriced and c.price_local = x.price_local as same,
            o.chat_requests + x.chat_requests + x.rest_chat_requests as to_chat_requests,
            o.chat_tokens + case when x.kind = 'embedding' then 0 else x.prompt_tokens + x.max_output end + x.rest_chat_tokens as to_chat_tokens,
            o.embedding_tokens + case when x.kind = 'embedding' then x.prompt_tokens + x.max_output else 0 end + x.rest_embedding_tokens as to_embedding_tokens,
            o.cost + x.bound_cost + x.rest_cost as to_cost
        from unnest(p_rows) x
        left join public.usage_reservations h on h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.reservation_id
            and x.n = any (v_locked)
        left join public.usage_calls c on c.tenant_id = x.tenant_id and c.site_id = x.site_id and c.reservation_id = x.reservation_id and c.call_no = x.call_no
        left join lateral (
            select coalesce(sum(u.chat_requests), 0)::bigint as chat_requests,
                coalesce(sum(u.prompt_tokens + u.max_output) filter (where u.kind <> 'embedding'), 0)::bigint as chat_tokens,
                coalesce(sum(u.prompt_tokens + u.max_output) filter (where u.kind = 'embedding'), 0)::bigint as embedding_tokens,
                coalesce(sum(u.bound_cost), 0)::bigint as cost
            from public.usage_calls u
            where u.tenant_id = x.tenant_id and u.site_id = x.site_id and u.reservation_id = x.reservation_id and u.event_id is null
        ) o on true
        order by x.n
    loop
        n := r.n;
        if not r.there then
            outcome := 'not_found';
        elsif r.old then
            outcome := case when r.same is true then 'same' else 'closed' end;
        elsif r.state <> 'open' or r.ended then
            outcome := 'closed';
        elsif r.to_chat_requests > r.held_chat_requests or r.to_chat_tokens > r.held_chat_tokens
            or r.to_embedding_tokens > r.held_embedding_tokens or r.to_cost > r.held_cost
        then
            outcome := 'over_hold';
        else
            outcome := 'sent';
            v_sent := v_sent || r.n;
            -- Embedding requests are counted and not limited: they need no hold.
            v_deltas := v_deltas || row(r.tenant_id, r.site_id, r.day, 0, 0, 0, 0, 0,
                r.to_chat_requests - r.held_chat_requests, 0, r.to_chat_tokens - r.held_chat_tokens,
                r.to_embedding_tokens - r.held_embedding_tokens, r.to_cost - r.held_cost, 0, 0)::private.day_delta;
            v_holds := v_holds || row(r.tenant_id, r.site_id, r.reservation_id, r.state, r.ended, r.to_chat_requests,
                r.held_embedding_requests, r.to_chat_tokens, r.to_embedding_tokens, r.to_cost)::private.held_row;
        end if;
        return next;
    end loop;
    if v_sent = '{}' then
        return;
    end if;
    update public.usage_reservations h set state = x.state, ended = x.ended, held_chat_requests = x.chat_requests,
        held_embedding_requests = x.embedding_requests, held_chat_tokens = x.chat_tokens, held_embedding_tokens = x.embedding_tokens,
        held_cost = x.cost
    from unnest(v_holds) x where h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.id;
    insert into public.usage_calls (tenant_id, site_id, reservation_id, call_no, kind, model, conversation_id, message_id, chat_requests,
        prompt_tokens, max_output, bound_cost, price_model, price_version, price_input, price_cached_input, price_output, price_unpriced,
        price_local, sent_at)
    select x.tenant_id, x.site_id, x.reservation_id, x.call_no, x.kind, x.model, x.conversation_id, x.message_id, x.chat_requests,
        x.prompt_tokens, x.max_output, x.bound_cost, x.price_model, x.price_version, x.price_input, x.price_cached_input, x.price_output,
        x.price_unpriced, x.price_local, x.sent_at
    from unnest(p_rows) x where x.n = any (v_sent);
    perform from public.usage_daily u
    join (select distinct x.tenant_id, x.site_id, x.day from unnest(v_deltas) x) k
      on k.tenant_id = u.tenant_id and k.site_id = u.site_id and k.day = u.date
    order by u.site_id, u.date for update of u;
    update public.usage_daily u set
        chat_requests           = u.chat_requests + k.used_chat_requests,
        embedding_requests      = u.embedding_requests + k.used_embedding_requests,
        chat_tokens             = u.chat_tokens + k.used_chat_tokens,
        embedding_tokens        = u.embedding_tokens + k.used_embedding_tokens,
        cost                    = u.cost + k.used_cost,
        held_chat_requests      = u.held_chat_requests + k.held_chat_requests,
        held_embedding_requests = u.held_embedding_requests + k.held_embedding_requests,
        held_chat_tokens        = u.held_chat_tokens + k.held_chat_tokens,
        held_embedding_tokens   = u.held_embedding_tokens + k.held_embedding_tokens,
        held_cost               = u.held_cost + k.held_cost,
        prompt_tokens           = u.prompt_tokens + k.prompt_tokens,
        completion_tokens       = u.completion_tokens + k.completion_tokens
    from (
        select x.tenant_id, x.site_id, x.day,
            sum(x.used_chat_requests)::bigint as used_chat_requests, sum(x.used_embedding_requests)::bigint as used_embedding_requests,
            sum(x.used_chat_tokens)::bigint as used_chat_tokens, sum(x.used_embedding_tokens)::bigint as used_embedding_tokens,
            sum(x.used_cost)::bigint as used_cost,
            sum(x.held_chat_requests)::bigint as held_chat_requests, sum(x.held_embedding_requests)::bigint as held_embedding_requests,
            sum(x.held_chat_tokens)::bigint as held_chat_tokens, sum(x.held_embedding_tokens)::bigint as held_embedding_tokens,
            sum(x.held_cost)::bigint as held_cost,
            sum(x.prompt_tokens)::bigint as prompt_tokens, sum(x.completion_tokens)::bigint as completion_tokens
        from unnest(v_deltas) x group by x.tenant_id, x.site_id, x.day
    ) k where u.tenant_id = k.tenant_id and u.site_id = k.site_id and u.date = k.day;
end
$$;
-- +goose StatementEnd

-- ledger_checkpoint notes output tokens of running calls. It never goes back,
-- and touches no day: usage.Reservation.Checkpoint.
create or replace function public.ledger_checkpoint(p_rows json) returns void
language sql security definer set search_path = '' as $$
    with x as (
        select k.tenant_id, k.site_id, k.reservation_id, k.call_no, max(k.output_tokens) as output_tokens
        from json_to_recordset(p_rows) as k (tenant_id uuid, site_id uuid, reservation_id uuid, call_no bigint, output_tokens bigint)
        group by 1, 2, 3, 4
    ), locked as (
        -- The reservation first, as everybody does: the calls of a batch of
        -- settlements are not locked in this order.
        select c.tenant_id, c.site_id, c.reservation_id, c.call_no, x.output_tokens
        from public.usage_reservations h
        join x on x.tenant_id = h.tenant_id and x.site_id = h.site_id and x.reservation_id = h.id
        join public.usage_calls c on c.tenant_id = x.tenant_id and c.site_id = x.site_id and c.reservation_id = x.reservation_id and c.call_no = x.call_no
        where c.event_id is null and c.output_tokens < x.output_tokens
        order by 1, 2, 3, 4 for update of h, c
    )
    update public.usage_calls c set output_tokens = l.output_tokens from locked l
    where c.tenant_id = l.tenant_id and c.site_id = l.site_id and c.reservation_id = l.reservation_id and c.call_no = l.call_no
$$;

create type private.event_row as (
    n int, id uuid, tenant_id uuid, site_id uuid, reservation_id uuid, call_no bigint, is_last boolean, conversation_id uuid, message_id uuid,
    chat_requests bigint, kind text, model text, provider_model text, prompt_tokens bigint, completion_tokens bigint, cached_tokens bigint,
    reasoning_tokens bigint, cost bigint, price_version text, usage_source text, latency_us bigint, success boolean, error_code text,
    raw_usage text, created_at timestamptz
);

-- What becomes of a settlement: what it adds to its day, and what its
-- reservation holds from now on (unchanged unless it is recorded).
create type private.settlement as (
    n int, outcome text, tenant_id uuid, site_id uuid, reservation_id uuid, call_no bigint, event_id uuid, created_at timestamptz,
    day date, sent boolean, was_open boolean, state text, ended boolean, excess bigint,
    used_chat_requests bigint, used_embedding_requests bigint, used_chat_tokens bigint, used_embedding_tokens bigint, used_cost bigint,
    used_prompt bigint, used_completion bigint,
    held_chat_requests bigint, held_embedding_requests bigint, held_chat_tokens bigint, held_embedding_tokens bigint, held_cost bigint,
    from_chat_requests bigint, from_embedding_requests bigint, from_chat_tokens bigint, from_embedding_tokens bigint, from_cost bigint
);

-- ledger_settle ends calls with what they really spent: usage.Reservation.Settle.
-- Outcomes: recorded; same (settled before); adjusted (the sweep had guessed);
-- not_found; closed (released); bad (another kind of call, or more chat requests
-- than it was allowed).
-- +goose StatementBegin
create or replace function public.ledger_settle(p_rows private.event_row[]) returns table (n int, outcome text)
language plpgsql security definer set search_path = '' set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_locked   int[];
    v_all      private.settlement[]; -- one for each row, in their order
    v_recorded bigint;
    v_n        bigint;
    v_adjusted boolean;
    v_sent     boolean;
begin
    select coalesce(array_agg(k.n), '{}') into v_locked from (
        select x.n from public.usage_reservations h
        join unnest(p_rows) x on h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.reservation_id
        order by h.tenant_id, h.site_id, h.id for update of h
    ) k;
    select array_agg(row(b.n, b.outcome, b.tenant_id, b.site_id, b.reservation_id, b.call_no, b.event_id, b.created_at,
            b.day, b.sent, b.state = 'open',
            case when b.state = 'open' and (b.ended or b.is_last) and b.others = 0 then 'settled' else b.state end,
            b.ended or b.is_last,
            -- Output costs more than input: what the prompt was shorter than its
            -- bound does not pay for it.
            case
                when b.sent then greatest(0, b.prompt_tokens - b.call_prompt) + greatest(0, b.completion_tokens - b.call_output)
                else greatest(0, b.prompt_tokens + b.completion_tokens - case
                    when b.kind = 'embedding' then greatest(b.held_embedding_tokens - b.all_embedding_tokens, 0)
                    else greatest(b.held_chat_tokens - b.all_chat_tokens, 0) end)
            end,
            b.chat_requests - b.counted_chat_requests, b.embedding_requests - b.counted_embedding_requests,
            b.chat_tokens - b.counted_chat_tokens, b.embedding_tokens - b.counted_embedding_tokens, b.cost - b.counted_cost,
            b.prompt_tokens - b.counted_prompt, b.completion_tokens - b.counted_completion,
            case when b.keeps then b.held_chat_requests when b.ended or b.is_last then b.other_chat_requests
                else greatest(b.held_chat_requests - b.chat_requests, b.other_chat_requests) end,
            case when b.keeps then b.held_embedding_requests when b.ended or b.is_last then 0
                else greatest(b.held_embedding_requests - b.embedding_requests, 0) end,
            case when b.keeps then b.held_chat_tokens when b.ended or b.is_last then b.other_chat_tokens
                else greatest(b.held_chat_tokens - b.chat_tokens, b.other_chat_tokens) end,
            case when b.keeps then b.held_embedding_tokens when b.ended or b.is_last then b.other_embedding_tokens
                else greatest(b.held_embedding_tokens - b.embedding_tokens, b.other_embedding_tokens) end,
            case when b.keeps then b.held_cost when b.ended or b.is_last then b.other_cost
                else greatest(b.held_cost - b.cost, b.other_cost) end,
            b.held_chat_requests, b.held_embedding_requests, b.held_chat_tokens, b.held_embedding_tokens, b.held_cost
        )::private.settlement order by b.n),
        count(*) filter (where b.outcome = 'recorded'), bool_or(b.outcome = 'adjusted'), bool_or(b.sent and b.outcome = 'recorded')
    into v_all, v_recorded, v_adjusted, v_sent
    from (
        -- A reservation that was settled or swept without this call holds nothing.
        select a.*, a.outcome <> 'recorded' or a.state <> 'open' as keeps from (
            select x.n, x.tenant_id, x.site_id, x.reservation_id, x.call_no, x.created_at, x.is_last, x.kind, x.chat_requests,
                x.prompt_tokens, x.completion_tokens, x.cost, h.state, h.ended, h.day,
                h.held_chat_requests, h.held_embedding_requests, h.held_chat_tokens, h.held_embedding_tokens, h.held_cost,
                case
                    when h.id is null then 'not_found'
                    when e.id is not null and (c.guessed is not true or c.corrected) then 'same'
                    when h.state = 'released' then 'closed'
                    when c.kind <> x.kind
                        or x.chat_requests > coalesce(c.chat_requests, greatest(h.held_chat_requests - o.chat_requests, 0)) then 'bad'
                    when e.id is not null then 'adjusted' -- the sweep guessed
                    else 'recorded'
                end as outcome,
                coalesce(e.id, x.id) as event_id, c.call_no is not null as sent, c.prompt_tokens as call_prompt, c.max_output as call_output,
                coalesce(c.counted_chat_requests, 0) as counted_chat_requests, coalesce(c.counted_embedding_requests, 0) as counted_embedding_requests,
                coalesce(c.counted_chat_tokens, 0) as counted_chat_tokens, coalesce(c.counted_embedding_tokens, 0) as counted_embedding_tokens,
                coalesce(c.counted_cost, 0) as counted_cost, coalesce(c.counted_prompt, 0) as counted_prompt,
                coalesce(c.counted_completion, 0) as counted_completion,
                case when x.kind = 'embedding' then 1 else 0 end as embedding_requests,
                case when x.kind = 'embedding' then 0 else x.prompt_tokens + x.completion_tokens end as chat_tokens,
                case when x.kind = 'embedding' then x.prompt_tokens + x.completion_tokens else 0 end as embedding_tokens,
                -- The bounds of all calls under way, and of those beside this one.
                o.chat_tokens as all_chat_tokens, o.embedding_tokens as all_embedding_tokens,
                o.others, o.other_chat_requests, o.other_chat_tokens, o.other_embedding_tokens, o.other_cost
            from unnest(p_rows) x
            left join public.usage_reservations h on h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.reservation_id
                and x.n = any (v_locked)
            left join public.usage_calls c on c.tenant_id = x.tenant_id and c.site_id = x.site_id and c.reservation_id = x.reservation_id and c.call_no = x.call_no
            left join lateral (
                select coalesce(c.event_id, (
                    select v.id from public.usage_events v
                    where c.call_no is null and v.site_id = x.site_id and v.reservation_id = x.reservation_id and v.call_no = x.call_no
                )) as id
            ) e on true
            left join lateral (
                select coalesce(sum(u.chat_requests), 0)::bigint as chat_requests,
                    coalesce(sum(u.prompt_tokens + u.max_output) filter (where u.kind <> 'embedding'), 0)::bigint as chat_tokens,
                    coalesce(sum(u.prompt_tokens + u.max_output) filter (where u.kind = 'embedding'), 0)::bigint as embedding_tokens,
                    count(*) filter (where u.call_no <> x.call_no) as others,
                    coalesce(sum(u.chat_requests) filter (where u.call_no <> x.call_no), 0)::bigint as other_chat_requests,
                    coalesce(sum(u.prompt_tokens + u.max_output) filter (where u.kind <> 'embedding' and u.call_no <> x.call_no), 0)::bigint as other_chat_tokens,
                    coalesce(sum(u.prompt_tokens + u.max_output) filter (where u.kind = 'embedding' and u.call_no <> x.call_no), 0)::bigint as other_embedding_tokens,
                    coalesce(sum(u.bound_cost) filter (where u.call_no <> x.call_no), 0)::bigint as other_cost
                from public.usage_calls u
                where u.tenant_id = x.tenant_id and u.site_id = x.site_id and u.reservation_id = x.reservation_id and u.event_id is null
            ) o on true
        ) a offset 0
    ) b;
    if v_recorded = cardinality(p_rows) then
        outcome := 'recorded';
        return next;
    else
        return query select x.n, x.outcome from unnest(v_all) x;
    end if;
    if v_recorded = 0 and not v_adjusted then
        return;
    end if;
    update public.usage_reservations h set state = x.state, ended = x.ended, held_chat_requests = x.held_chat_requests,
        held_embedding_requests = x.held_embedding_requests, held_chat_tokens = x.held_chat_tokens,
        held_embedding_tokens = x.held_embedding_tokens, held_cost = x.held_cost
    from unnest(v_all) x
    where x.outcome = 'recorded' and x.was_open and h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.reservation_id;
    -- The days are locked before events get their numbers, so that the events of
    -- a day are numbered in the order in which they can be seen: whoever has read
    -- up to one misses none before it.
    perform from public.usage_daily u
    join (select distinct x.tenant_id, x.site_id, x.day from unnest(v_all) x where x.outcome in ('recorded', 'adjusted')) k
      on k.tenant_id = u.tenant_id and k.site_id = u.site_id and k.day = u.date
    order by u.site_id, u.date for update of u;
    update public.usage_daily u set
        chat_requests           = u.chat_requests + k.used_chat_requests,
        embedding_requests      = u.embedding_requests + k.used_embedding_requests,
        chat_tokens             = u.chat_tokens + k.used_chat_tokens,
        embedding_tokens        = u.embedding_tokens + k.used_embedding_tokens,
        cost                    = u.cost + k.used_cost,
        held_chat_requests      = u.held_chat_requests + k.held_chat_requests,
        held_embedding_requests = u.held_embedding_requests + k.held_embedding_requests,
        held_chat_tokens        = u.held_chat_tokens + k.held_chat_tokens,
        held_embedding_tokens   = u.held_embedding_tokens + k.held_embedding_tokens,
        held_cost               = u.held_cost + k.held_cost,
        prompt_tokens           = u.prompt_tokens + k.prompt_tokens,
        completion_tokens       = u.completion_tokens + k.completion_tokens
    from (
        select x.tenant_id, x.site_id, x.day,
            sum(x.used_chat_requests)::bigint as used_chat_requests, sum(x.used_embedding_requests)::bigint as used_embedding_requests,
            sum(x.used_chat_tokens)::bigint as used_chat_tokens, sum(x.used_embedding_tokens)::bigint as used_embedding_tokens,
            sum(x.used_cost)::bigint as used_cost,
            sum(x.held_chat_requests - x.from_chat_requests)::bigint as held_chat_requests,
            sum(x.held_embedding_requests - x.from_embedding_requests)::bigint as held_embedding_requests,
            sum(x.held_chat_tokens - x.from_chat_tokens)::bigint as held_chat_tokens,
            sum(x.held_embedding_tokens - x.from_embedding_tokens)::bigint as held_embedding_tokens,
            sum(x.held_cost - x.from_cost)::bigint as held_cost,
            sum(x.used_prompt)::bigint as prompt_tokens, sum(x.used_completion)::bigint as completion_tokens
        from unnest(v_all) x where x.outcome in ('recorded', 'adjusted') group by x.tenant_id, x.site_id, x.day
    ) k where u.tenant_id = k.tenant_id and u.site_id = k.site_id and u.date = k.day;
    if v_recorded > 0 then
        insert into public.usage_events (id, tenant_id, site_id, reservation_id, call_no, is_last, conversation_id, message_id, day,
            chat_requests, kind, model, provider_model, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, total_tokens, cost,
            price_version, usage_source, excess_tokens, latency_us, latency_ms, success, error_code, raw_usage, created_at)
        select x.id, x.tenant_id, x.site_id, x.reservation_id, x.call_no, x.is_last, x.conversation_id, x.message_id, x.day,
            x.chat_requests, x.kind, x.model, x.provider_model, x.prompt_tokens, x.completion_tokens, x.cached_tokens, x.reasoning_tokens,
            x.prompt_tokens + x.completion_tokens, x.cost, x.price_version, x.usage_source, x.excess, x.latency_us, x.latency_us / 1000,
            x.success, x.error_code, x.raw_usage, x.created_at
        -- Side by side, and not joined by number: that would be their square.
        from rows from (unnest(p_rows), unnest(v_all)) as x (
            n, id, tenant_id, site_id, reservation_id, call_no, is_last, conversation_id, message_id, chat_requests, kind, model, provider_model,
            prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost, price_version, usage_source, latency_us, success, error_code,
            raw_usage, created_at, n2, outcome, tenant2, site2, reservation2, call2, event_id, created2, day, sent, was_open, state, ended, excess)
        where x.outcome = 'recorded' and x.n = x.n2;
        get diagnostics v_n = row_count;
        if v_n <> v_recorded then
            raise exception 'rows must come in the order of their numbers' using errcode = 'invalid_parameter_value';
        end if;
    end if;
    if v_sent then
        update public.usage_calls c set event_id = x.event_id, counted_chat_requests = x.used_chat_requests,
            counted_embedding_requests = x.used_embedding_requests, counted_chat_tokens = x.used_chat_tokens,
            counted_embedding_tokens = x.used_embedding_tokens, counted_cost = x.used_cost, counted_prompt = x.used_prompt,
            counted_completion = x.used_completion
        from unnest(v_all) x
        where x.sent and x.outcome = 'recorded' and c.tenant_id = x.tenant_id and c.site_id = x.site_id
          and c.reservation_id = x.reservation_id and c.call_no = x.call_no;
    end if;
    if v_adjusted then
        update public.usage_calls c set corrected = true from unnest(v_all) x
        where x.outcome = 'adjusted' and c.tenant_id = x.tenant_id and c.site_id = x.site_id and c.reservation_id = x.reservation_id
          and c.call_no = x.call_no;
        insert into public.usage_adjustments (tenant_id, site_id, event_id, day, chat_requests, embedding_requests, chat_tokens,
            embedding_tokens, cost, prompt_tokens, completion_tokens, reason, created_at)
        select x.tenant_id, x.site_id, x.event_id, x.day, x.used_chat_requests, x.used_embedding_requests, x.used_chat_tokens,
            x.used_embedding_tokens, x.used_cost, x.used_prompt, x.used_completion, 'settled after sweep', x.created_at
        from unnest(v_all) x
        where x.outcome = 'adjusted' and (x.used_chat_requests <> 0 or x.used_embedding_requests <> 0 or x.used_chat_tokens <> 0
            or x.used_embedding_tokens <> 0 or x.used_cost <> 0 or x.used_prompt <> 0 or x.used_completion <> 0);
    end if;
end
$$;
-- +goose StatementEnd

create type private.release_row as (n int, tenant_id uuid, site_id uuid, reservation_id uuid);

-- ledger_release gives whole holds back: usage.Reservation.Release. Outcomes:
-- released; same (unknown, or closed); dispatched (a call was sent).
-- +goose StatementBegin
create or replace function public.ledger_release(p_rows private.release_row[]) returns table (n int, outcome text)
language plpgsql security definer set search_path = '' set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_locked int[];
    v_deltas private.day_delta[] := '{}';
    r        record;
begin
    select coalesce(array_agg(k.n), '{}') into v_locked from (
        select x.n from public.usage_reservations h
        join unnest(p_rows) x
          on h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.reservation_id
        order by h.tenant_id, h.site_id, h.id for update of h
    ) k;
    for r in
        select x.n, h.*, exists (
            select from public.usage_calls c where c.tenant_id = h.tenant_id and c.site_id = h.site_id and c.reservation_id = h.id
        ) or exists (
            select from public.usage_events e where e.site_id = h.site_id and e.reservation_id = h.id
        ) as dispatched
        from unnest(p_rows) x
        left join public.usage_reservations h on h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.reservation_id
            and x.n = any (v_locked)
        order by x.n
    loop
        n := r.n;
        if r.id is null or r.state <> 'open' then
            outcome := 'same';
        elsif r.dispatched then
            outcome := 'dispatched';
        else
            outcome := 'released';
            update public.usage_reservations h set state = 'released', held_chat_requests = 0, held_embedding_requests = 0,
                held_chat_tokens = 0, held_embedding_tokens = 0, held_cost = 0
            where h.tenant_id = r.tenant_id and h.site_id = r.site_id and h.id = r.id;
            v_deltas := v_deltas || row(r.tenant_id, r.site_id, r.day, 0, 0, 0, 0, 0, -r.held_chat_requests, -r.held_embedding_requests,
                -r.held_chat_tokens, -r.held_embedding_tokens, -r.held_cost, 0, 0)::private.day_delta;
        end if;
        return next;
    end loop;
    if v_deltas <> '{}' then
        perform private.add_to_days(v_deltas);
    end if;
end
$$;
-- +goose StatementEnd

create type private.reservation_key as (tenant_id uuid, site_id uuid, id uuid);

-- ledger_expired locks and returns at most p_limit open reservations that
-- expired at or before p_now, oldest first, one row for each call of them (one
-- without a call for a reservation of which nothing was sent). Those that
-- somebody else has locked are left to him. Of a call that was settled without a
-- dispatch only number, kind, model and event are known. What becomes of them is decided by
-- usage.Reservation.Sweep, and written by ledger_sweep in the same transaction.
-- +goose StatementBegin
create or replace function public.ledger_expired(p_now timestamptz, p_limit int)
returns table (tenant_id uuid, site_id uuid, id uuid, day date, admitted_at timestamptz, expires_at timestamptz, ended boolean,
    held_chat_requests bigint, held_embedding_requests bigint, held_chat_tokens bigint, held_embedding_tokens bigint, held_cost bigint,
    call_no bigint, kind text, model text, conversation_id uuid, message_id uuid, chat_requests bigint, prompt_tokens bigint, max_output bigint,
    price_model text, price_version text, price_input bigint, price_cached_input bigint, price_output bigint, price_unpriced boolean,
    price_local boolean, sent_at timestamptz, output_tokens bigint, event_id uuid)
language plpgsql security definer set search_path = '' set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_keys private.reservation_key[];
begin
    select coalesce(array_agg(k::private.reservation_key), '{}') into v_keys from (
        select r.tenant_id, r.site_id, r.id from public.usage_reservations r
        where r.state = 'open' and r.expires_at <= p_now
        order by r.expires_at, r.id limit p_limit for update skip locked
    ) k;
    return query
    select e.tenant_id, e.site_id, e.id, e.day, e.admitted_at, e.expires_at, e.ended,
        e.held_chat_requests, e.held_embedding_requests, e.held_chat_tokens, e.held_embedding_tokens, e.held_cost,
        c.call_no, c.kind, c.model, c.conversation_id, c.message_id, c.chat_requests, c.prompt_tokens, c.max_output,
        c.price_model, c.price_version, c.price_input, c.price_cached_input, c.price_output, c.price_unpriced,
        c.price_local, c.sent_at, c.output_tokens, c.event_id
    from unnest(v_keys) k
    join public.usage_reservations e on e.tenant_id = k.tenant_id and e.site_id = k.site_id and e.id = k.id
    left join lateral (
        select u.call_no, u.kind, u.model, u.conversation_id, u.message_id, u.chat_requests, u.prompt_tokens, u.max_output,
            u.price_model, u.price_version, u.price_input, u.price_cached_input, u.price_output, u.price_unpriced,
            u.price_local, u.sent_at, u.output_tokens, u.event_id
        from public.usage_calls u where u.tenant_id = e.tenant_id and u.site_id = e.site_id and u.reservation_id = e.id
        union all
        select v.call_no, v.kind, v.model, null, null, null, null, null, null, null, null, null, null, null, null, null, null, v.id
        from public.usage_events v where v.site_id = e.site_id and v.reservation_id = e.id and not exists (
            select from public.usage_calls u
            where u.tenant_id = e.tenant_id and u.site_id = e.site_id and u.reservation_id = e.id and u.call_no = v.call_no
        )
    ) c on true
    order by e.expires_at, e.id, c.call_no;
end
$$;
-- +goose StatementEnd

-- ledger_sweep closes open reservations, and records the events that the sweep
-- has guessed for their calls under way.
-- +goose StatementBegin
create or replace function public.ledger_sweep(p_reservations json, p_events private.event_row[]) returns void
language plpgsql security definer set search_path = '' set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_deltas private.day_delta[] := '{}';
    v_n      bigint;
    r        record;
begin
    perform from public.usage_reservations h
    join json_to_recordset(p_reservations) as x (tenant_id uuid, site_id uuid, reservation_id uuid)
      on h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.reservation_id
    order by h.tenant_id, h.site_id, h.id for update of h;
    for r in
        select h.*, x.state as to_state
        from json_to_recordset(p_reservations) as x (tenant_id uuid, site_id uuid, reservation_id uuid, state text)
        join public.usage_reservations h on h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.reservation_id
        where h.state = 'open'
    loop
        update public.usage_reservations h set state = r.to_state, held_chat_requests = 0, held_embedding_requests = 0,
            held_chat_tokens = 0, held_embedding_tokens = 0, held_cost = 0
        where h.tenant_id = r.tenant_id and h.site_id = r.site_id and h.id = r.id;
        v_deltas := v_deltas || row(r.tenant_id, r.site_id, r.day, 0, 0, 0, 0, 0, -r.held_chat_requests, -r.held_embedding_requests,
            -r.held_chat_tokens, -r.held_embedding_tokens, -r.held_cost, 0, 0)::private.day_delta;
    end loop;
    select v_deltas || coalesce(array_agg(row(x.tenant_id, x.site_id, h.day, x.chat_requests, case when x.kind = 'embedding' then 1 else 0 end,
        case when x.kind = 'embedding' then 0 else x.prompt_tokens + x.completion_tokens end,
        case when x.kind = 'embedding' then x.prompt_tokens + x.completion_tokens else 0 end, x.cost,
        0, 0, 0, 0, 0, x.prompt_tokens, x.completion_tokens)::private.day_delta), '{}') into v_deltas
    from unnest(p_events) x
    join public.usage_reservations h on h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.reservation_id;
    if v_deltas <> '{}' then
        perform private.add_to_days(v_deltas);
    end if;
    insert into public.usage_events (id, tenant_id, site_id, reservation_id, call_no, is_last, conversation_id, message_id, day,
        chat_requests, kind, model, provider_model, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, total_tokens, cost,
        price_version, usage_source, excess_tokens, latency_us, latency_ms, success, error_code, raw_usage, created_at)
    select x.id, x.tenant_id, x.site_id, x.reservation_id, x.call_no, x.is_last, x.conversation_id, x.message_id, h.day,
        x.chat_requests, x.kind, x.model, x.provider_model, x.prompt_tokens, x.completion_tokens, x.cached_tokens, x.reasoning_tokens,
        x.prompt_tokens + x.completion_tokens, x.cost, x.price_version, x.usage_source,
        greatest(0, x.prompt_tokens + x.completion_tokens - c.prompt_tokens - c.max_output), x.latency_us, x.latency_us / 1000,
        x.success, x.error_code, x.raw_usage, x.created_at
    from unnest(p_events) x
    join public.usage_reservations h on h.tenant_id = x.tenant_id and h.site_id = x.site_id and h.id = x.reservation_id
    join public.usage_calls c on c.tenant_id = x.tenant_id and c.site_id = x.site_id and c.reservation_id = x.reservation_id
        and c.call_no = x.call_no and c.event_id is null
    order by x.n;
    get diagnostics v_n = row_count;
    if v_n <> cardinality(p_events) then
        raise exception 'a call was settled while it was swept' using errcode = 'serialization_failure';
    end if;
    update public.usage_calls c set event_id = x.id, guessed = true, counted_chat_requests = x.chat_requests,
        counted_embedding_requests = case when x.kind = 'embedding' then 1 else 0 end,
        counted_chat_tokens = case when x.kind = 'embedding' then 0 else x.prompt_tokens + x.completion_tokens end,
        counted_embedding_tokens = case when x.kind = 'embedding' then x.prompt_tokens + x.completion_tokens else 0 end,
        counted_cost = x.cost, counted_prompt = x.prompt_tokens, counted_completion = x.completion_tokens
    from unnest(p_events) x
    where c.tenant_id = x.tenant_id and c.site_id = x.site_id and c.reservation_id = x.reservation_id and c.call_no = x.call_no;
end
$$;
-- +goose StatementEnd

revoke all on function private.add_to_days(private.day_delta[]),
    public.ledger_reserve(private.reserve_row[]), public.ledger_dispatch(private.call_row[]), public.ledger_checkpoint(json), public.ledger_settle(private.event_row[]),
    public.ledger_release(private.release_row[]), public.ledger_expired(timestamptz, int), public.ledger_sweep(json, private.event_row[]) from public;
revoke all on function public.ledger_reserve(private.reserve_row[]), public.ledger_dispatch(private.call_row[]), public.ledger_checkpoint(json), public.ledger_settle(private.event_row[]),
    public.ledger_release(private.release_row[]), public.ledger_expired(timestamptz, int), public.ledger_sweep(json, private.event_row[])
    from anon, authenticated, app_widget, service_role;
grant execute on function public.ledger_reserve(private.reserve_row[]), public.ledger_dispatch(private.call_row[]), public.ledger_checkpoint(json), public.ledger_settle(private.event_row[]),
    public.ledger_release(private.release_row[]), public.ledger_expired(timestamptz, int), public.ledger_sweep(json, private.event_row[]) to app_ledger;

reset role;
