package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func Example() {
	if err := run(context.Background(), os.Stdout, noon, "What does the Storm Jacket cost, and what is shipping?"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// The Storm Jacket costs €97.42 [1] and is in stock [1]. Shipping costs €4.90 [2].
	// [1] Storm Jacket, https://shop.example.com/product/storm-jacket/
	// [2] Shipping, https://shop.example.com/shipping/
	// Card: Storm Jacket, €97.42, in stock
	//
	// Metered: 1 chat request, 22 output tokens, 0 held
}
