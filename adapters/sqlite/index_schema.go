package sqlite

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// indexFile is the name of the index in the data folder.
const indexFile = "index.db"

// indexVersion is the schema's version, kept in the file's user_version. An
// index of another version is thrown away and made anew: everything in it can
// be had from the documents. Only one that lacks locales is kept, since vectors
// cost money: see addLocales.
const (
	indexVersion        = 4
	indexWithoutLocales = 3
)

// indexSchema makes the tables.
//
// words is a full-text table without the text. Its rows are chunks, its columns
// the fields of domain/retrieval, and its text their tokens, each with the
// number of its site before it ("12_kettle"). So a term is looked up in the
// words of one site, and how often it occurs there is not mixed up with any
// other's. places lists where a term is.
//
// A row of sites is one generation of a site; generations share nothing.
//
// Changes of a row of sites are numbered, so that whoever holds its documents in
// memory reads only what is newer. A document that was taken out stays as a row
// without chunks, to tell them.
const indexSchema = `
create table state (
	one integer primary key check (one = 1),
	built integer not null -- 0 until the documents have been put in
) strict;
insert into state (one, built) values (1, 0);
create table sites (
	id integer primary key,
	tenant text not null,
	site text not null,
	generation integer not null,
	change_no integer not null default 0,
	cleared integer not null default 0, -- the change that took out everything before it
	unique (tenant, site, generation)
) strict;
create table entries (
	id integer primary key,
	site_id integer not null references sites (id),
	document text not null,
	change_no integer not null, -- the change that made it what it is
	revision text not null,
	kind integer not null,
	locale text not null,
	title text not null,
	facts blob not null, -- JSON
	chunks integer not null,
	dim integer not null, -- of its vectors, 0 for none
	unique (site_id, document)
) strict;
create index entries_by_change on entries (site_id, change_no);
create index entries_with_vectors on entries (site_id, dim) where dim > 0;
create table chunks (
	id integer primary key, -- entry, chunk: see chunkID
	seq integer not null,
	tokens integer not null,
	vector blob, -- float32, little endian; null for none
	text_key text -- names the text that the vector was made of
) strict;
create virtual table words using fts5 (title, brand, attributes, categories, body,
	content = '', contentless_delete = 1, tokenize = "ascii tokenchars '_'");
create virtual table places using fts5vocab (words, instance);
`

const indexDrop = `
drop table if exists places;
drop table if exists words;
drop table if exists chunks;
drop table if exists entries;
drop table if exists sites;
drop table if exists state;
`

// addLocales brings an index of version 3 up to date. What is in it is in a
// language that is not known until it is put again.
const addLocales = `alter table entries add column locale text not null default '` + retrieval.LocaleUnknown + `';`

// prepareIndex makes the tables of f if they are not there or not of this
// version.
func prepareIndex(ctx context.Context, f *file) error {
	return f.write(ctx, func(tx *sqlx.Tx) error {
		var have int
		if err := tx.GetContext(ctx, &have, `pragma user_version`); err != nil || have == indexVersion {
			return err
		}
		statements := indexDrop + indexSchema
		if have == indexWithoutLocales {
			statements = addLocales
		}
		_, err := tx.ExecContext(ctx, statements+fmt.Sprintf("pragma user_version = %d;", indexVersion))
		return err
	})
}
