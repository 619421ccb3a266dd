-- A database on which the seed's four files ran already, as whoever read the
-- seed would have written them, weak spots included: policies for public,
-- writes open to everybody (with check (true)), definer functions without a
-- search path, no FORCE, a limit as text. Run by postgres on a
-- database of supabase.sql; it grants nothing, because the defaults grant all.

-- What the project had before.

create table public.tenants (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  created_at timestamptz default now()
);

create table public.sites (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  name text not null,
  created_at timestamptz default now()
);

create table public.licenses (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  site_id uuid not null references public.sites (id) on delete cascade,
  status text default 'active',
  plan_limits jsonb default '{}'
);

create table public.conversations (
  id uuid primary key default gen_random_uuid(),
  site_id uuid not null references public.sites (id) on delete cascade,
  created_at timestamptz default now()
);

insert into public.tenants (id, name) values
  ('aaaaaaaa-0000-4000-8000-000000000001', 'Tenant A'),
  ('bbbbbbbb-0000-4000-8000-000000000001', 'Tenant B');

insert into public.sites (id, tenant_id, name) values
  ('aaaaaaaa-0000-4000-8000-000000000011', 'aaaaaaaa-0000-4000-8000-000000000001', 'a.example.com'),
  ('aaaaaaaa-0000-4000-8000-000000000012', 'aaaaaaaa-0000-4000-8000-000000000001', 'a2.example.com'),
  ('aaaaaaaa-0000-4000-8000-000000000013', 'aaaaaaaa-0000-4000-8000-000000000001', 'a3.example.com'),
  ('aaaaaaaa-0000-4000-8000-000000000014', 'aaaaaaaa-0000-4000-8000-000000000001', 'a4.example.com'),
  ('bbbbbbbb-0000-4000-8000-000000000011', 'bbbbbbbb-0000-4000-8000-000000000001', 'b.example.com'),
  ('bbbbbbbb-0000-4000-8000-000000000012', 'bbbbbbbb-0000-4000-8000-000000000001', 'b2.example.com');

-- In order: as it should be; old names; one key missing; keys that nobody
-- knows, a null and a number as text; nothing at all; no object.
insert into public.licenses (id, tenant_id, site_id, status, plan_limits) values
  ('aaaaaaaa-0000-4000-8000-000000000021', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000011', 'active',
   '{"max_tokens_per_day": 1000000, "max_chat_requests_per_day": 1000, "max_embedding_tokens_per_day": 100000}'),
  ('aaaaaaaa-0000-4000-8000-000000000022', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000012', 'active',
   '{"tokens_per_day": 50000, "chat_requests_per_day": 100, "embedding_tokens_per_day": 20000}'),
  ('aaaaaaaa-0000-4000-8000-000000000023', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000013', 'trialing',
   '{"max_tokens_per_day": 50000, "max_chat_requests_per_day": 100}'),
  ('aaaaaaaa-0000-4000-8000-000000000024', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000014', 'active',
   '{"max_tokens_per_day": "50000", "max_chat_requests_per_day": null, "max_embedding_tokens_per_day": 20000, "seats": 3, "branding": {"color": "#123456"}}'),
  ('bbbbbbbb-0000-4000-8000-000000000021', 'bbbbbbbb-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000011', null, null),
  ('bbbbbbbb-0000-4000-8000-000000000022', 'bbbbbbbb-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000012', 'suspended', '[]');

insert into public.conversations (id, site_id) values
  ('aaaaaaaa-0000-4000-8000-000000000031', 'aaaaaaaa-0000-4000-8000-000000000011'),
  ('bbbbbbbb-0000-4000-8000-000000000031', 'bbbbbbbb-0000-4000-8000-000000000011');

-- 20240115000001_create_usage_events.sql

create table public.usage_events (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  site_id uuid not null references public.sites (id) on delete cascade,
  conversation_id uuid references public.conversations (id) on delete set null,
  event_type text not null check (event_type in ('chat', 'embedding')),
  model text not null,
  prompt_tokens integer not null default 0,
  completion_tokens integer not null default 0,
  total_tokens integer not null default 0,
  cost numeric(12, 8) not null default 0,
  latency_ms integer,
  success boolean not null default true,
  error_code text,
  error_message text,
  created_at timestamptz not null default now()
);

create index idx_usage_events_tenant_id on public.usage_events (tenant_id);
create index idx_usage_events_site_id on public.usage_events (site_id);
create index idx_usage_events_created_at on public.usage_events (created_at desc);

alter table public.usage_events enable row level security;

-- Its reading policy needs user_tenants: it is made below.
create policy "Service role can insert usage events" on public.usage_events
  for insert with check (true);

-- 20240115000002_create_usage_daily.sql

create table public.usage_daily (
  id uuid primary key default gen_random_uuid(),
  date date not null,
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  site_id uuid not null references public.sites (id) on delete cascade,
  chat_requests integer not null default 0,
  embedding_requests integer not null default 0,
  total_tokens bigint not null default 0,
  total_cost numeric(12, 8) not null default 0,
  updated_at timestamptz not null default now(),
  unique (date, site_id)
);

create index idx_usage_daily_tenant_date on public.usage_daily (tenant_id, date desc);

alter table public.usage_daily enable row level security;

create policy "Service role can manage usage daily" on public.usage_daily
  for all using (auth.role() = 'service_role');

-- 20240115000003_standardize_plan_limits.sql

-- It forgot the old names, and what is null.
update public.licenses
set plan_limits = plan_limits || '{"max_tokens_per_day": 1000000}'
where plan_limits = '{}';

create function public.validate_plan_limits() returns trigger language plpgsql as $$
begin
  if not (new.plan_limits ? 'max_tokens_per_day'
      and new.plan_limits ? 'max_chat_requests_per_day'
      and new.plan_limits ? 'max_embedding_tokens_per_day') then
    raise exception 'plan_limits must contain max_tokens_per_day, max_chat_requests_per_day and max_embedding_tokens_per_day';
  end if;
  return new;
end
$$;

create trigger validate_plan_limits_trigger
  before insert or update on public.licenses
  for each row execute function public.validate_plan_limits();

-- 20240115000004_add_roles_groundwork.sql

create table public.user_tenants (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  role text not null check (role in ('owner', 'admin', 'support')),
  created_at timestamptz not null default now(),
  unique (user_id, tenant_id)
);

create table public.platform_users (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null unique references auth.users (id) on delete cascade,
  role text not null default 'super_admin' check (role = 'super_admin'),
  created_at timestamptz not null default now()
);

create function public.is_super_admin() returns boolean language sql security definer stable as $$
  select exists (select 1 from platform_users where user_id = auth.uid() and role = 'super_admin');
$$;

create function public.get_user_tenant_role(p_tenant_id uuid) returns text language sql security definer stable as $$
  select role from user_tenants where user_id = auth.uid() and tenant_id = p_tenant_id limit 1;
$$;

alter table public.user_tenants enable row level security;
alter table public.platform_users enable row level security;

create policy "Users can view their own memberships" on public.user_tenants
  for select using (user_id = auth.uid());
create policy "Owners can manage members" on public.user_tenants
  for all using (get_user_tenant_role(tenant_id) in ('owner', 'admin'));

create policy "Super admins can view platform users" on public.platform_users
  for select using (is_super_admin());

create policy "Users can view usage events of their tenants" on public.usage_events
  for select using (tenant_id in (select tenant_id from user_tenants where user_id = auth.uid()) or is_super_admin());
create policy "Users can view usage daily of their tenants" on public.usage_daily
  for select using (tenant_id in (select tenant_id from user_tenants where user_id = auth.uid()) or is_super_admin());

alter table public.tenants enable row level security;
alter table public.sites enable row level security;
alter table public.licenses enable row level security;
alter table public.conversations enable row level security;

create policy "Members can view their tenants" on public.tenants
  for select using (get_user_tenant_role(id) is not null);
create policy "Members can manage sites" on public.sites
  for all using (get_user_tenant_role(tenant_id) is not null);
create policy "Members can view licenses" on public.licenses
  for select using (get_user_tenant_role(tenant_id) is not null);
create policy "Members can view conversations" on public.conversations
  for all using (site_id in (select id from sites));

-- Months of use.

insert into auth.users (id, email) values
  ('aaaaaaaa-0000-4000-8000-0000000000a1', 'owner@a.example.com'),
  ('aaaaaaaa-0000-4000-8000-0000000000a2', 'support@a.example.com'),
  ('bbbbbbbb-0000-4000-8000-0000000000b1', 'owner@b.example.com'),
  ('cccccccc-0000-4000-8000-0000000000c1', 'admin@platform.example.com');

insert into public.user_tenants (user_id, tenant_id, role) values
  ('aaaaaaaa-0000-4000-8000-0000000000a1', 'aaaaaaaa-0000-4000-8000-000000000001', 'owner'),
  ('aaaaaaaa-0000-4000-8000-0000000000a2', 'aaaaaaaa-0000-4000-8000-000000000001', 'support'),
  ('bbbbbbbb-0000-4000-8000-0000000000b1', 'bbbbbbbb-0000-4000-8000-000000000001', 'owner'),
  ('aaaaaaaa-0000-4000-8000-0000000000a1', 'bbbbbbbb-0000-4000-8000-000000000001', 'support');

insert into public.platform_users (user_id) values ('cccccccc-0000-4000-8000-0000000000c1');

insert into public.usage_events
  (id, tenant_id, site_id, conversation_id, event_type, model, prompt_tokens, completion_tokens, total_tokens, cost, latency_ms, success, error_code, error_message, created_at) values
  ('aaaaaaaa-0000-4000-8000-000000000041', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000011', 'aaaaaaaa-0000-4000-8000-000000000031',
   'chat', 'gpt-4o-mini', 1200, 300, 1500, 0.00036000, 1840, true, null, null, '2024-03-01 23:59:59+00'),
  ('aaaaaaaa-0000-4000-8000-000000000042', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000011', 'aaaaaaaa-0000-4000-8000-000000000031',
   'chat', 'gpt-4o-mini', 0, 0, 0, 0, null, false, 'rate_limit_exceeded', 'Rate limit reached', '2024-03-02 00:00:01+00'),
  ('aaaaaaaa-0000-4000-8000-000000000043', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000012', null,
   'embedding', 'text-embedding-3-small', 617, 0, 617, 0.00001234, 210, true, null, null, '2024-03-02 08:00:00+00'),
  ('bbbbbbbb-0000-4000-8000-000000000041', 'bbbbbbbb-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000011', 'bbbbbbbb-0000-4000-8000-000000000031',
   'chat', 'gpt-4o', 800, 100, 900, 0.00300000, 2500, true, null, null, '2024-03-02 09:00:00+00');

insert into public.usage_daily (date, tenant_id, site_id, chat_requests, embedding_requests, total_tokens, total_cost) values
  ('2024-03-01', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000011', 1, 0, 1500, 0.00036000),
  ('2024-03-02', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000011', 1, 0, 0, 0),
  ('2024-03-02', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000012', 0, 1, 617, 0.00001234),
  ('2024-03-02', 'bbbbbbbb-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000011', 1, 0, 900, 0.00300000);
