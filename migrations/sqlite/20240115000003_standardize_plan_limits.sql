-- licenses.plan_limits is a JSON object with the three keys below, each null
-- (unlimited) or a whole number from 0, and optionally max_cost_usd_per_day,
-- null or a decimal string. What breaks this is refused on the way in; what is
-- there already is read as malformed, and admits nothing.

-- +goose Up
-- +goose StatementBegin
create trigger licenses_plan_limits_insert before insert on licenses
when not coalesce((
    select json_type(l) = 'object'
       and coalesce(json_type(l, '$.max_tokens_per_day') = 'null'
           or json_type(l, '$.max_tokens_per_day') = 'integer' and l ->> '$.max_tokens_per_day' >= 0, 0)
       and coalesce(json_type(l, '$.max_chat_requests_per_day') = 'null'
           or json_type(l, '$.max_chat_requests_per_day') = 'integer' and l ->> '$.max_chat_requests_per_day' >= 0, 0)
       and coalesce(json_type(l, '$.max_embedding_tokens_per_day') = 'null'
           or json_type(l, '$.max_embedding_tokens_per_day') = 'integer' and l ->> '$.max_embedding_tokens_per_day' >= 0, 0)
       and coalesce(json_type(l, '$.max_cost_usd_per_day') in ('null', 'text'), 1)
    from (select case when json_valid(new.plan_limits) then new.plan_limits end as l)
), 0)
begin
    select raise(abort, 'plan_limits needs max_tokens_per_day, max_chat_requests_per_day and max_embedding_tokens_per_day, each null or a whole number from 0');
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger licenses_plan_limits_update before update of plan_limits on licenses
when not coalesce((
    select json_type(l) = 'object'
       and coalesce(json_type(l, '$.max_tokens_per_day') = 'null'
           or json_type(l, '$.max_tokens_per_day') = 'integer' and l ->> '$.max_tokens_per_day' >= 0, 0)
       and coalesce(json_type(l, '$.max_chat_requests_per_day') = 'null'
           or json_type(l, '$.max_chat_requests_per_day') = 'integer' and l ->> '$.max_chat_requests_per_day' >= 0, 0)
       and coalesce(json_type(l, '$.max_embedding_tokens_per_day') = 'null'
           or json_type(l, '$.max_embedding_tokens_per_day') = 'integer' and l ->> '$.max_embedding_tokens_per_day' >= 0, 0)
       and coalesce(json_type(l, '$.max_cost_usd_per_day') in ('null', 'text'), 1)
    from (select case when json_valid(new.plan_limits) then new.plan_limits end as l)
), 0)
begin
    select raise(abort, 'plan_limits needs max_tokens_per_day, max_chat_requests_per_day and max_embedding_tokens_per_day, each null or a whole number from 0');
end;
-- +goose StatementEnd
