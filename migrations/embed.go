// Package migrations holds the database schemas as forward-only SQL files, one
// folder for each database. A file that has been released is never changed;
// what changes comes in a new file. README.md says what each one does.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// SQLite returns the migrations of woochat.db, the main file of the embedded
// store, in goose's format.
func SQLite() fs.FS { return sub("sqlite") }

// Postgres returns the migrations of a Postgres database, in goose's format.
// Supabase's CLI can run them, too: goose's words are comments.
func Postgres() fs.FS { return sub("postgres") }

// sub returns one folder of files. It panics only if the folder's name above
// is wrong, which every test of an adapter would show.
func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err)
	}
	return f
}
