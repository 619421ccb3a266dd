-- Token buckets that smooth bursts. A bucket that is full again is as good as
-- none: its row may be deleted.

-- +goose Up
create table rate_buckets (
    tenant_id text    not null,
    site_id   text    not null,
    key       text    not null,
    full_at   integer not null,                 -- nanoseconds since 1970: when the bucket is full again
    primary key (tenant_id, site_id, key),
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict, without rowid;

create index rate_buckets_by_full on rate_buckets (full_at);
