package openaifake_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aiwoochat/woochat/test/fakes/openaifake"
)

func ExampleStart() {
	fake, err := openaifake.Start(openaifake.Options{
		Script: openaifake.Lines(openaifake.Line{Contains: "ship", Answer: "We ship within two days [1]."}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()

	body := `{"model":"any","messages":[{"role":"user","content":"When do you ship?"}]}`
	resp, err := http.Post(fake.URL()+"/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Contains(string(answer), "We ship within two days [1]."), fake.Calls()[0].Sent(), "tokens")
	// Output: true 6 tokens
}

func ExampleNew() {
	// In a test: fake := openaifake.New(t, openaifake.Options{Scenario: "fault-08"})
	fake, err := openaifake.Start(openaifake.Options{Scenario: "fault-08"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	resp, err := http.Post(fake.URL()+"/chat/completions", "application/json", strings.NewReader(`{"model":"any"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode, resp.Header.Get("Retry-After"))
	// Output: 429 7
}

func ExampleLines() {
	script := openaifake.Lines(openaifake.Line{Contains: "price", Answer: "12,50 EUR [1]."})
	fmt.Println(script(openaifake.ChatRequest{Messages: []openaifake.Message{{Role: "user", Content: "The PRICE?"}}}))
	// Output: 12,50 EUR [1].
}

func ExampleQuote() {
	fmt.Println(openaifake.Quote(openaifake.ChatRequest{Messages: []openaifake.Message{{Role: "system", Content: "Passages:\n[1] Returns are free."}}}))
	// Output: Here is what the shop says: Returns are free. [1]
}
