-- One row that tells what has changed: a number for each kind of thing that
-- processes keep in memory, read by each of them every half second. Triggers
-- count, and not the program, so that no writer can forget it: a command beside
-- the server, an older program, a hand in the database. A number grows in the
-- transaction of the change itself.
--
-- migrations/postgres has the same table under the same name. Prices are a file
-- so far: their number is there for the table that they may become.

-- +goose Up
create table changes (
    id          integer not null primary key check (id = 1),
    licenses    integer not null default 0,
    keys        integer not null default 0,
    sites       integer not null default 0, -- and tenants
    prices      integer not null default 0,
    generations integer not null default 0  -- sites.generation
) strict;

insert into changes (id) values (1);

-- +goose StatementBegin
create trigger licenses_inserted after insert on licenses begin update changes set licenses = licenses + 1; end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger licenses_updated after update on licenses begin update changes set licenses = licenses + 1; end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger licenses_deleted after delete on licenses begin update changes set licenses = licenses + 1; end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger api_keys_inserted after insert on api_keys begin update changes set keys = keys + 1; end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger api_keys_updated after update on api_keys begin update changes set keys = keys + 1; end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger api_keys_deleted after delete on api_keys begin update changes set keys = keys + 1; end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger sites_inserted after insert on sites begin update changes set sites = sites + 1; end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger sites_updated after update on sites begin update changes set sites = sites + 1; end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger sites_deleted after delete on sites begin update changes set sites = sites + 1; end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger sites_generation_updated after update on sites when old.generation <> new.generation
begin update changes set generations = generations + 1; end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger tenants_inserted after insert on tenants begin update changes set sites = sites + 1; end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger tenants_updated after update on tenants begin update changes set sites = sites + 1; end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger tenants_deleted after delete on tenants begin update changes set sites = sites + 1; end;
-- +goose StatementEnd
