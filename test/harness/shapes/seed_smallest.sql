-- The smallest database that the seed assumes: ids and names, no foreign keys,
-- no policies. Run by the login that migrates; plain Postgres or Supabase's.

create table public.tenants (
  id uuid primary key default gen_random_uuid(),
  name text not null
);

create table public.sites (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  name text not null
);

create table public.licenses (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  site_id uuid not null,
  plan_limits jsonb
);

create table public.conversations (
  id uuid primary key default gen_random_uuid(),
  site_id uuid not null
);

insert into public.tenants (id, name) values
  ('aaaaaaaa-0000-4000-8000-000000000001', 'Tenant A'),
  ('bbbbbbbb-0000-4000-8000-000000000001', 'Tenant B');

insert into public.sites (id, tenant_id, name) values
  ('aaaaaaaa-0000-4000-8000-000000000011', 'aaaaaaaa-0000-4000-8000-000000000001', 'a.example.com'),
  ('aaaaaaaa-0000-4000-8000-000000000012', 'aaaaaaaa-0000-4000-8000-000000000001', 'a2.example.com'),
  ('bbbbbbbb-0000-4000-8000-000000000011', 'bbbbbbbb-0000-4000-8000-000000000001', 'b.example.com');

-- One site has no license.
insert into public.licenses (id, tenant_id, site_id, plan_limits) values
  ('aaaaaaaa-0000-4000-8000-000000000021', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000011',
   '{"max_tokens_per_day": 50000, "max_chat_requests_per_day": 100, "max_embedding_tokens_per_day": 20000}'),
  ('bbbbbbbb-0000-4000-8000-000000000021', 'bbbbbbbb-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000011', null);

insert into public.conversations (id, site_id) values
  ('aaaaaaaa-0000-4000-8000-000000000031', 'aaaaaaaa-0000-4000-8000-000000000011'),
  ('aaaaaaaa-0000-4000-8000-000000000032', 'aaaaaaaa-0000-4000-8000-000000000012'),
  ('bbbbbbbb-0000-4000-8000-000000000031', 'bbbbbbbb-0000-4000-8000-000000000011');
