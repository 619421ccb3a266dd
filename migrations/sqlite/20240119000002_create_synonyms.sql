-- Which words a site takes for the same, as its owner says: a list of
-- {"words": [...], "means": [...]}, replaced as a whole.

-- +goose Up
create table synonyms (
    tenant_id text not null,
    site_id   text not null,
    rules     text not null check (json_type(rules) = 'array'),
    primary key (tenant_id, site_id),
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict;
