-- A site can go back to the generation of its index that was searched before.

-- +goose Up
-- The revision that the former generation holds, '' for none; null: it is not
-- known, and it lacks the document.
alter table documents add column former_revision text;

-- former: a retired one is kept for a while, to go back to. pinned: the site went
-- back to it, and stays there whatever model is wanted.
alter table index_generations add column former integer not null default 0 check (former in (0, 1));
alter table index_generations add column pinned integer not null default 0 check (pinned in (0, 1));
create unique index index_generations_former on index_generations (tenant_id, site_id) where former = 1;
