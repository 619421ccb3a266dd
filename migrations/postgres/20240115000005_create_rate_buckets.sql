-- Token buckets that smooth bursts. A bucket that is full again is as good as
-- none: its row may be deleted.

-- +goose Up
set role app_owner;

create table public.rate_buckets (
    tenant_id uuid   not null,
    site_id   uuid   not null,
    key       text   not null,
    full_at   bigint not null,                  -- nanoseconds since 1970: when the bucket is full again
    primary key (tenant_id, site_id, key),
    foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade
) with (fillfactor = 70);
select private.takes('rate_buckets', array[]::text[]);

create index rate_buckets_by_full on public.rate_buckets (tenant_id, site_id, full_at);

select private.widget_may('rate_buckets', 'select');
select private.widget_may('rate_buckets', 'insert');
select private.widget_may('rate_buckets', 'update');
select private.widget_may('rate_buckets', 'delete');

reset role;
