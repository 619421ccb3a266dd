// Package migrations holds the database schemas as forward-only SQL files, one
// folder for each database. A file that has been released is never changed;
// what changes comes in a new file.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql
var files embed.FS

// SQLite returns the migrations of woochat.db, the main file of the embedded
// store, in goose's format.
func SQLite() fs.FS { return sub("sqlite") }

// sub returns one folder of files. It panics only if the folder's name above
// is wrong, which every test of an adapter would show.
func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err)
	}
	return f
}
