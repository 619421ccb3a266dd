package catalog_test

import (
	"fmt"

	"github.com/aiwoochat/woochat/domain/catalog"
)

func ExampleLocaleOf() {
	for _, text := range []string{"de-AT", " de_DE ", "x", "en; q=0.8", "\"en\""} {
		fmt.Printf("%q\n", catalog.LocaleOf(text))
	}
	// Output:
	// "de-AT"
	// "de-DE"
	// ""
	// ""
	// ""
}
