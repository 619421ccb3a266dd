-- In which generation of the index each site is searched, which one is built
-- behind it, and what each of the two still lacks; see docs/embedding.md.

-- +goose Up
-- Found by its words in the generation that is searched, though it waits for its
-- vectors.
alter table documents add column worded integer not null default 0 check (worded in (0, 1));
-- The generation that is built lacks it.
alter table documents add column unbuilt integer not null default 0 check (unbuilt in (0, 1));
create index documents_unbuilt on documents (tenant_id, site_id, id) where unbuilt = 1;

-- A generation that the index has dropped stays as a row, so that its number is
-- never given again.
create table index_generations (
    tenant_id  text    not null,
    site_id    text    not null,
    generation integer not null,
    model      text    not null,          -- whose vectors it holds; '': none
    state      text    not null check (state in ('served', 'building', 'retired', 'gone')),
    since      integer not null,          -- when it came into this state
    primary key (tenant_id, site_id, generation),
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict;
create unique index index_generations_served on index_generations (tenant_id, site_id) where state = 'served';
create unique index index_generations_building on index_generations (tenant_id, site_id) where state = 'building';

-- Whose vectors are wanted in the indexes of all sites: one row, as the server
-- that started last has it.
create table index_model (
    id    integer not null primary key check (id = 1),
    model text                            -- '': none; null: no server has said yet
) strict;
insert into index_model (id) values (1);

alter table changes add column indexes integer not null default 0; -- index_generations

-- +goose StatementBegin
create trigger index_generations_inserted after insert on index_generations begin update changes set indexes = indexes + 1; end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger index_generations_updated after update on index_generations begin update changes set indexes = indexes + 1; end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger index_generations_deleted after delete on index_generations begin update changes set indexes = indexes + 1; end;
-- +goose StatementEnd
