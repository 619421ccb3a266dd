// Package wooshop is a WooCommerce shop on a WordPress, as its API and its
// webhooks show it, with all that was seen to be odd about real ones. It uses
// the standard library only, so that tests, examples and main programs can
// import it alike, and it is deterministic: a seed decides keys, delivery ids
// and random edits, and its clock moves only when it is told to.
//
// A [Shop] is an http.Handler; [Start] has one listen on the loopback
// interface, and [Shop.Transport] asks it without any network. Merchants'
// deeds are methods ([Shop.Create], [Shop.Edit], [Shop.Trash], [Shop.Order]
// ...), [Shop.RandomEdit] does one by chance, and [Shop.Truth] says what a
// shopper may see, which an index of the shop must equal.
//
// What it answers:
//
//   - /wp-json/wc/v3: products with include, exclude, status, type, sku,
//     orderby, order, per_page (at most 100), page, offset, modified_after and _before,
//     after and before, dates_are_gmt, _fields; products/<id>; products/<id>/variations;
//     products/batch (delete); categories and tags; settings/general and
//     settings/products; system_status; orders (with a customer in them);
//     webhooks with all their verbs
//   - /wp-json/wp/v2/pages and posts, to everybody, and never to a shop's key
//   - /wp-json/wc/store/v1/products, to everybody
//   - /wc-auth/v1/authorize and what follows ([Shop.Approve] is the merchant)
//   - the same at ?rest_route=, with [Options.PlainPermalinks] only there, and
//     under the path of a subdirectory install
//   - a key by Basic or in the query over TLS only, by OAuth 1.0a over plain
//     HTTP; [Options.StripsAuthorization]; a revoked key, one that may only
//     read, one whose user lost his rights
//   - a [Fault]: maintenance pages with 503 and with 200, 429 and 503 with
//     Retry-After in seconds or as a date, 403 of a security plugin, 500,
//     broken connections, silence, HTTP/1.0, answers that break off; a rate
//     limit
//
// What its webhooks do, all of it seen on a real shop unless said otherwise:
//
//   - a new one pings its URL with an unsigned form, which must be answered
//     with exactly 200
//   - header names, order and spelling; the signature over the raw body, base64,
//     with the secret as WordPress decodes it; JSON with \uXXXX and \/
//   - the delivery id is the same for all deliveries of a webhook in one second
//   - a body is built when it is sent, equal deliveries that wait are one
//   - a variation comes as product.created or product.updated with its parent's
//     id, of status publish even if the parent is a draft, and the parent itself
//     says nothing; deleting it says nothing
//   - trash: product.deleted with the id only, and coupon.deleted with the
//     product's id; out of it: product.restored, and coupon.restored with an
//     error object, signed
//   - deletion for good, batch deletion and a category's new name say nothing,
//     and neither does a scheduled product whose time has come (believed)
//   - drafts, private, hidden and password-protected products are sent with all
//     they hold, the password in clear
//   - an owner who lost his rights: signed error objects
//   - created or updated: [Shop.AdminSave]; both for one save: [Shop.ImportCSV]
//   - stock that an order sells sends product.updated; date_modified stays
//     unless [Options.OrdersTouch]
//   - product.published from a draft, from WooCommerce 11 on
//   - nothing is ever sent again; redirects are not followed; the seventh
//     failure in a row disables the webhook, and after that any single one
//
// What becomes of a delivery on its way is [Shop.SetFate]'s: lost, failed,
// unanswered, twice, late, or old when it comes.
package wooshop
