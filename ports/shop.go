package ports

import (
	"context"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Shops opens connected shops.
type Shops interface {
	// Shop returns the shop of a site, asked with the site's own key. It is
	// opened anew for each piece of work, so that a changed connection is seen.
	// ErrNotFound if the site is not connected or has no key; ErrConflict while
	// it is not known yet how the shop takes its key, which ShopProbe finds out.
	Shop(ctx context.Context, s tenant.Scope) (Shop, error)
	// Hooks returns the webhooks of the site's shop. ErrNotFound as in Shop.
	Hooks(ctx context.Context, s tenant.Scope) (ShopHooks, error)
}

// Shop is one shop as its API shows it now. Errors: *ShopError, which says
// what the shop answered; it matches ErrUnavailable where asking again may
// help, and ErrInvalid where somebody must mend something first.
type Shop interface {
	// Read returns what the shop has now of each product, in the order of ids:
	// a Product with all its variations; a Deleted for what the shop does not
	// have, or has in its trash; a Product that is not Shown for what it hides;
	// a Rejected for what cannot be read, with what is known of it all the
	// same. The id of a variation gives its parent. An error is about the shop
	// as a whole; nothing is returned then.
	Read(ctx context.Context, ids []string) ([]catalog.Change, error)

	// Light calls visit with each product that the shop has, in the order of
	// ids, without its texts, images and measures, and with ID, Type, Status,
	// Visibility, Protected (if the shop tells) and Updated only unless offers are
	// asked for: these cost a request for each variable product that is shown.
	// A category's new name, and stock that is sold, are told by nothing else: they
	// do not change Updated. It begins after
	// since and returns the cursor after the last page that visit took, and done
	// when the shop has no more; it returns after a page or a few. A product may
	// come twice if the shop is changed meanwhile. One of which a price cannot be
	// read comes without offers; one of which it cannot be read whether it is shown
	// is hidden by its zero Status; and one that cannot be read now, while others
	// can, has an ID and nothing else. ErrInvalid if since is not a cursor of this
	// method.
	Light(ctx context.Context, since catalog.Cursor, offers bool, visit func(catalog.Product) error) (next catalog.Cursor, done bool, err error)

	// Source returns one of the shop's feeds as a DocumentSource. ErrNotFound
	// for a name that is none of those below.
	Source(name string) (DocumentSource, error)
}

// ShopSize is a Shop that can tell at once how much it has, for whoever shows
// how far a reading is.
type ShopSize interface {
	// Size returns how many things a feed would deliver from its beginning, a
	// page's questions not counted. Errors as in Shop.
	Size(ctx context.Context, feed string) (int, error)
}

// Feeds of a Shop. FeedProducts delivers all products in the order of ids first
// and then, by the cursor that this ended with, those that were modified since;
// a deletion is not told. The others deliver what was modified since, a page's
// questions right after it.
const (
	FeedProducts = "products"
	FeedPages    = "pages"
	FeedPosts    = "posts"
)

// ShopProbe finds out how a shop is reached.
type ShopProbe interface {
	// Probe asks the shop at an address that a user gave with a key that is not
	// stored anywhere yet. It returns what a Connection says of the shop: URL,
	// with redirects followed; Auth, PlainPermalinks, Write, Currency, Exponent,
	// WeightUnit and DimensionUnit. It changes nothing in the shop. Errors as in
	// Shop.
	Probe(ctx context.Context, address string, key ingestion.Credentials) (ingestion.Connection, error)
}

// ShopHooks are the webhooks of one shop. Errors as in Shop.
type ShopHooks interface {
	// Hooks returns those that deliver to the given URL, whatever their topic.
	Hooks(ctx context.Context, delivery string) ([]ingestion.Hook, error)
	// Save makes h, or changes the one with h.ID: active, with its secret.
	// ErrInvalid matches if the key may not write.
	Save(ctx context.Context, h ingestion.Hook) (ingestion.Hook, error)
	// Remove takes a webhook away. One that is not there is no error.
	Remove(ctx context.Context, id string) error
}
