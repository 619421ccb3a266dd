// Package woocommerce reads shops that run WooCommerce: the product CSV that a
// shop's own export writes, and products as REST v3 and webhooks send them.
//
// What a shop keeps to itself is not even parsed: downloads, purchase notes,
// meta data, passwords and the cost of goods have no place in the domain's
// types.
package woocommerce
