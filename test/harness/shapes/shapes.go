// Package shapes holds the databases that our migrations meet, as SQL: one as
// Supabase makes it, the smallest that the seed assumes, and one on which the
// seed's own four files already ran. What a test needs of them it runs in the
// prepare of a database:
//
//	s := pgtest.Own(t, pgtest.Options{Superuser: shapes.SupabaseSuperuser})
//	db := s.Database(t, "seed ran", func(ctx context.Context, superURL string) error {
//		if err := shapes.Run(ctx, superURL, shapes.Supabase); err != nil {
//			return err
//		}
//		return shapes.Run(ctx, pgtest.As(superURL, shapes.SupabaseLogin), shapes.SeedRan)
//	})
package shapes

import (
	"context"
	"database/sql"
	_ "embed" // of the scripts
	"errors"

	_ "github.com/lib/pq" // the driver
)

const (
	// SupabaseSuperuser must be the superuser of a cluster of Supabase's shape.
	SupabaseSuperuser = "supabase_admin"
	// SupabaseLogin is who migrates there: no superuser, but CREATEROLE,
	// CREATEDB and BYPASSRLS.
	SupabaseLogin = "postgres"
)

// Supabase makes an empty database one of Supabase's, and its roles where the
// cluster does not have them. Run by SupabaseSuperuser.
//
//go:embed supabase.sql
var Supabase string

// SeedSmallest makes tenants, sites, licenses and conversations with ids and
// names only, and a few rows. Run by the login that migrates, in any shape.
//
//go:embed seed_smallest.sql
var SeedSmallest string

// SeedRan makes what the seed's four files left, with rows that a careless
// project has. Run by SupabaseLogin after Supabase.
//
//go:embed seed_ran.sql
var SeedRan string

// Run runs scripts one after the other, each in one transaction: a script that
// fails leaves nothing.
func Run(ctx context.Context, url string, scripts ...string) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	for _, script := range scripts {
		if _, err := db.ExecContext(ctx, script); err != nil {
			return errors.Join(err, db.Close())
		}
	}
	return db.Close()
}
