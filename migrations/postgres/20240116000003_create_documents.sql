-- What the shop says, from which every index is built and can be rebuilt, and
-- how far each of its sources has been read.

-- +goose Up
-- +goose StatementBegin
do $$
declare
    t text;
begin
    foreach t in array array['documents', 'chunks'] loop
        if to_regclass('public.' || t) is not null then
            raise exception 'there is a table "%" already, which woochat did not make', t
                using hint = 'Rename it, and migrate again. Nothing was changed.';
        end if;
    end loop;
end
$$;
-- +goose StatementEnd

set role app_owner;

create table public.documents (
    tenant_id        uuid    not null,
    site_id          uuid    not null,
    id               text    collate "C" not null, -- unique within its site only; ordered as in Go
    revision         text    not null,
    kind             text    not null check (kind in ('product', 'page', 'faq')),
    source           text    not null default '',
    title            text    not null default '',
    url              text    not null default '',
    body             text    not null default '',
    locale           text    not null default '',
    facts            jsonb   not null,          -- versioned
    shown            boolean not null,
    updated_at       timestamptz,               -- null: the shop does not say
    read_at          timestamptz,               -- when the shop was asked; null: before all others
    indexed_revision text    not null default '',
    change_no        bigint,                    -- the change that the index must follow; null: it has
    primary key (tenant_id, site_id, id),
    check (shown or body = ''),
    foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade
);
select private.takes('documents', array[]::text[]);

create unique index documents_pending on public.documents (tenant_id, site_id, change_no) where change_no is not null;

-- The chunks of a document's present revision.
create table public.chunks (
    tenant_id   uuid   not null,
    site_id     uuid   not null,
    document_id text   collate "C" not null,
    seq         bigint not null,
    heading     text   not null default '',
    text        text   not null,
    primary key (tenant_id, site_id, document_id, seq),
    foreign key (tenant_id, site_id, document_id) references public.documents (tenant_id, site_id, id) on delete cascade
);
select private.takes('chunks', array[]::text[]);

create table public.source_cursors (
    tenant_id uuid not null,
    site_id   uuid not null,
    source    text not null,
    cursor    text not null,
    primary key (tenant_id, site_id, source),
    foreign key (tenant_id, site_id) references public.sites (tenant_id, id) on delete cascade
);
select private.takes('source_cursors', array[]::text[]);

select private.member_may('documents', 'select', 'support');
select private.member_may('documents', 'insert', 'admin');
select private.member_may('documents', 'update', 'admin');
select private.member_may('documents', 'delete', 'admin');
select private.widget_may('documents', 'select');
select private.member_may('chunks', 'select', 'support');
select private.member_may('chunks', 'insert', 'admin');
select private.member_may('chunks', 'update', 'admin');
select private.member_may('chunks', 'delete', 'admin');
select private.widget_may('chunks', 'select');
-- Where a source was left off is the platform's own business.

reset role;
