-- A generation of a site's index has its own way of cutting documents into chunks.

-- +goose Up
set role app_owner;

-- chunking is retrieval.Chunking.Key(): '' is what all that is here was cut by.
alter table public.index_generations add column chunking text not null default '';
alter table public.index_model add column chunking text; -- null: no server has said yet

-- The chunks of a document's present revision, of one chunking beside another.
alter table public.chunks add column chunking text not null default '';
alter table public.chunks drop constraint chunks_pkey;
alter table public.chunks add primary key (tenant_id, site_id, document_id, chunking, seq);

create or replace function public.schema_version(out version bigint, out works_since bigint)
language sql immutable set search_path = '' as 'select 20240120000005, 20240118000009';

reset role;
