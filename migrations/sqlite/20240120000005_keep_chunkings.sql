-- A generation of a site's index has its own way of cutting documents into chunks.

-- +goose Up
-- chunking is retrieval.Chunking.Key(): '' is what all that is here was cut by.
alter table index_generations add column chunking text not null default '';
alter table index_model add column chunking text; -- null: no server has said yet

-- The chunks of a document's present revision, of one chunking beside another. A
-- primary key cannot be changed: the table is made anew.
create table chunks_of (
    tenant_id   text    not null,
    site_id     text    not null,
    document_id text    not null,
    chunking    text    not null default '',
    seq         integer not null,
    heading     text    not null default '',
    text        text    not null,
    primary key (tenant_id, site_id, document_id, chunking, seq),
    foreign key (tenant_id, site_id, document_id) references documents (tenant_id, site_id, id) on delete cascade
) strict;
insert into chunks_of (tenant_id, site_id, document_id, seq, heading, text)
    select tenant_id, site_id, document_id, seq, heading, text from chunks;
drop table chunks;
alter table chunks_of rename to chunks;
