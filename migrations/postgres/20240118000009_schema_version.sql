-- schema_version says which of these files was the last to run, whatever ran it,
-- and the oldest last file of a program that works with the schema as it is
-- then. Every later file replaces it.

-- +goose Up
set role app_owner;

create or replace function public.schema_version(out version bigint, out works_since bigint)
language sql immutable set search_path = '' as 'select 20240118000009, 20240118000009';

revoke all on function public.schema_version() from public;
grant execute on function public.schema_version() to app_runtime, app_ledger, app_service;

reset role;
