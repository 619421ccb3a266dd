-- What must be looked at again in each site. A site with anything to do has one
-- row of jobs, which is leased to one worker at a time; what is to be done are its
-- rows of pending_changes, one for each object however often it changes.

-- +goose Up
create table jobs (
    tenant_id    text    not null,
    site_id      text    not null,
    seq          integer not null default 0,    -- the last hint's number
    lease        integer not null default 0,    -- the last lease's number
    worker       text    not null default '',   -- who has, or had it
    taken_at     integer,                       -- when; null: never
    leased_until integer,                       -- null: nobody has it
    rests_until  integer,                       -- it is not taken before; null: it never was
    ready_at     integer,                       -- since when, or from when on, it waits to be taken; null: nothing is to be done
    primary key (tenant_id, site_id),
    foreign key (tenant_id, site_id) references sites (tenant_id, id) on delete cascade
) strict, without rowid;

create index jobs_by_ready on jobs (ready_at) where ready_at is not null;

create table pending_changes (
    tenant_id   text    not null,
    site_id     text    not null,
    object      text    not null,               -- such as product:44
    seq         integer not null,               -- the newest hint's number
    payload     blob,                           -- what the shop sent, for one that cannot be asked
    modified_at integer,                        -- when the shop changed it, as the payload says
    attempts    integer not null,
    hinted_at   integer not null,               -- when the oldest hint came that is not answered
    latest_at   integer not null,               -- when the newest came
    due_at      integer not null,
    quiet_until integer,                        -- it is not due before
    dead        integer not null check (dead in (0, 1)),
    done        integer not null check (done in (0, 1)), -- kept until quiet_until, then deleted
    error       text    not null,               -- why the last attempt failed
    primary key (tenant_id, site_id, object),
    foreign key (tenant_id, site_id) references jobs (tenant_id, site_id) on delete cascade
) strict;

create index pending_changes_due on pending_changes (tenant_id, site_id, due_at) where dead = 0 and done = 0;

-- What one process of several does, such as planning: one row for each.
create table leases (
    name   text    not null primary key,
    holder text    not null,
    until  integer not null
) strict, without rowid;
