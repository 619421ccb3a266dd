package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/gin-gonic/gin"
)

func Example() {
	gin.SetMode(gin.ReleaseMode)
	noon := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	if err := run(context.Background(), os.Stdout, noon); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Metered: "We ship on Mondays.", 4 + 4 tokens
	// MeteredEmbedder: 2 vectors, 6 tokens
	// Guard: 1000 tokens are held
	// Guard: 420 tokens were settled
	// RequireUsage: 200 Hello!
	// RequireUsage: 200 Hello!
	// RequireUsage: 403 {
	//   "error": {
	//     "code": "USAGE_LIMIT_EXCEEDED",
	//     "details": {
	//       "current_usage": {
	//         "chat_requests": 3,
	//         "cost_usd": "0.00002562",
	//         "embedding_requests": 1,
	//         "embedding_tokens": 6,
	//         "total_tokens": 432
	//       },
	//       "exceeded": [
	//         "max_chat_requests_per_day"
	//       ],
	//       "limits": {
	//         "max_chat_requests_per_day": 3,
	//         "max_embedding_tokens_per_day": 100000,
	//         "max_tokens_per_day": 1000000
	//       },
	//       "requested": {
	//         "chat_requests": 1,
	//         "cost_usd": "0.001",
	//         "embedding_requests": 0,
	//         "embedding_tokens": 0,
	//         "total_tokens": 500
	//       },
	//       "reset_at": "2026-11-24T00:00:00Z"
	//     },
	//     "message": "Daily usage limit reached",
	//     "request_id": "example"
	//   }
	// }
	// Used: 3 chat requests, 1 embedding request, 432 chat tokens, 6 embedding tokens
}
