-- How a shopper is forgotten: his conversations go, and what was spent on them
-- tells of no conversation and no message any more, and of all else as before.

-- +goose Up
set role app_owner;

-- keep_event refuses every change of an event but one: the functions of the
-- owner may take the names of a conversation and a message off it. Sums are the
-- same afterwards, since nothing that is summed has changed.
-- +goose StatementBegin
create or replace function private.keep_event() returns trigger
language plpgsql set search_path = '' as $$
begin
    if current_user = 'app_owner' and new.conversation_id is null and new.message_id is null then
        old.conversation_id := null;
        old.message_id := null;
        if new *= old then
            return new;
        end if;
    end if;
    raise exception 'rows of % are never changed or deleted', tg_table_name
        using errcode = 'insufficient_privilege', hint = 'Correct an event by a row of usage_adjustments.';
end
$$;
-- +goose StatementEnd
revoke all on function private.keep_event() from public;

drop trigger usage_events_append_only on public.usage_events;
create trigger usage_events_append_only before delete on public.usage_events
    for each row execute function private.refuse_change();
create trigger usage_events_keep before update on public.usage_events
    for each row execute function private.keep_event();

-- erase forgets, of one site, all conversations of a visitor (null: none) and
-- those that are named, of which nothing but what was spent may be left. held:
-- something is not settled yet, and nothing was changed. Rows are locked in the
-- order of whoever deletes a conversation (turns, then conversations) and of the
-- ledger (reservations by key). What was spent has no index by conversation,
-- which every call would pay for: all that the site has spent is read.
-- +goose StatementBegin
create or replace function public.erase(p_tenant uuid, p_site uuid, p_visitor uuid, p_conversations uuid[],
    out held boolean, out conversations bigint, out messages bigint, out events bigint)
language plpgsql security definer set search_path = '' set enable_seqscan = off as $$
declare
    v_there uuid[];
    v_all   uuid[];
begin
    held := false;
    conversations := 0;
    messages := 0;
    events := 0;
    perform from public.messages m join public.conversations c
        on c.tenant_id = m.tenant_id and c.site_id = m.site_id and c.id = m.conversation_id
    where m.tenant_id = p_tenant and m.site_id = p_site and (c.visitor_id = p_visitor or c.id = any (p_conversations))
    order by m.id for update of m;
    -- No message can begin in these from here on.
    select coalesce(array_agg(l.id), '{}') into v_there from (
        select c.id from public.conversations c
        where c.tenant_id = p_tenant and c.site_id = p_site and (c.visitor_id = p_visitor or c.id = any (p_conversations))
        order by c.id for update
    ) l;
    v_all := v_there || coalesce(p_conversations, '{}');

    perform from public.usage_reservations r
    where r.tenant_id = p_tenant and r.site_id = p_site and r.id in (
        select m.reservation_id from public.messages m
        where m.tenant_id = p_tenant and m.site_id = p_site and m.conversation_id = any (v_there)
        union
        select c.reservation_id from public.usage_calls c
        where c.tenant_id = p_tenant and c.site_id = p_site and c.conversation_id = any (v_all)
    ) order by r.id for update;
    -- A statement of its own, so that it sees what the locks waited for.
    select exists (
        select from public.usage_reservations r
        where r.tenant_id = p_tenant and r.site_id = p_site and r.state = 'open' and r.id in (
            select m.reservation_id from public.messages m
            where m.tenant_id = p_tenant and m.site_id = p_site and m.conversation_id = any (v_there)
            union
            select c.reservation_id from public.usage_calls c
            where c.tenant_id = p_tenant and c.site_id = p_site and c.conversation_id = any (v_all)
        )
    ) into held;
    if held then
        return;
    end if;

    select count(*) into messages from public.messages m
    where m.tenant_id = p_tenant and m.site_id = p_site and m.conversation_id = any (v_there);
    delete from public.conversations c where c.tenant_id = p_tenant and c.site_id = p_site and c.id = any (v_there);
    get diagnostics conversations = row_count;
    update public.usage_calls c set conversation_id = null, message_id = null
    where c.tenant_id = p_tenant and c.site_id = p_site and c.conversation_id = any (v_all);
    update public.usage_events e set conversation_id = null, message_id = null
    where e.tenant_id = p_tenant and e.site_id = p_site and e.conversation_id = any (v_all);
    get diagnostics events = row_count;
end
$$;
-- +goose StatementEnd

revoke all on function public.erase(uuid, uuid, uuid, uuid[]) from public;
revoke all on function public.erase(uuid, uuid, uuid, uuid[]) from anon, authenticated;
grant execute on function public.erase(uuid, uuid, uuid, uuid[]) to service_role;

reset role;
