package catalog_test

import (
	"fmt"

	"github.com/aiwoochat/woochat/domain/catalog"
)

func ExampleNewRating() {
	fmt.Println(catalog.NewRating("4.67", 12))
	fmt.Println(catalog.NewRating("0.00", 0).IsSet()) // as a shop says that nobody has rated
	// Output:
	// 4.67 of 5 (12 ratings)
	// false
}

func ExampleParseWeight() {
	pack, limit := catalog.ParseWeight("1.58 kg"), catalog.ParseWeight("3 lbs")
	fmt.Println(pack, pack.Milligrams < limit.Milligrams)
	// Output: 1.58 kg false
}
