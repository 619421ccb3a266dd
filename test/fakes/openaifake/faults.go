package openaifake

import (
	"net/http"
	"strconv"
	"strings"
)

// Story is what the faulty scenarios tell: long enough to break in the middle,
// with characters of two and four bytes.
const Story = "The blue mug holds 350 ml, costs 12,50 € and is in stock 🫖 today [1]."

// LongLine is the length in bytes of the text that fault-06 sends as one
// line of data.
const LongLine = 70 << 10

// LongText is what fault-06 answers.
func LongText() string { return strings.Repeat("mug ", LongLine/4) }

// half returns the first tokens of Story, before it breaks.
func half() string { return strings.Join(pieces(Story)[:5], "") }

// Half is the part of [Story] that the scenarios send before they break.
func Half() string { return half() }

// faults returns the fifteen faults, by name.
func faults() map[string]func(*Exchange) {
	return map[string]func(*Exchange){
		"fault-01": func(e *Exchange) { e.Complete(Story) },
		"fault-02": func(e *Exchange) {
			e.Delta(half())
			e.Event(errorBody("The server had an error while processing your request. Sorry about that!", "server_error", ""))
		},
		"fault-03": func(e *Exchange) { e.Delta(half()) },
		"fault-04": func(e *Exchange) {
			e.Delta(half())
			e.Reset()
		},
		"fault-05": func(e *Exchange) {
			e.Delta(half())
			e.Event(`{"id":"chatcmpl-fake","choices":[{"index":0,"delta":{"content":" lost`)
			e.Complete(" and then some")
		},
		"fault-06": func(e *Exchange) {
			e.Piece(LongText())
			e.Finish("stop")
			e.Usage("")
			e.End()
		},
		"fault-07": endless,
		"fault-08": func(e *Exchange) {
			e.Status(http.StatusTooManyRequests, "application/json",
				errorBody("Rate limit reached for requests", "requests", "rate_limit_exceeded"), "Retry-After", "7")
		},
		"fault-09": func(e *Exchange) {
			e.Status(http.StatusOK, "text/html; charset=utf-8", "<!doctype html><title>Sign in</title><p>Please sign in to the Wi-Fi.")
		},
		"fault-10": func(e *Exchange) {
			e.Delta(half())
			e.Finish("length")
			e.Usage("")
			e.End()
		},
		"fault-11": func(e *Exchange) {
			e.Delta(half())
			e.Finish("content_filter")
			e.Usage("")
			e.End()
		},
		"fault-12": withUsage(`{"prompt_tokens":-12,"completion_tokens":-3,"total_tokens":-15}`),
		"fault-13": func(e *Exchange) {
			e.Piece(pieces(Story)[0])
			e.Wait()
		},
		"fault-14": func(e *Exchange) {
			e.eol = "\r"
			for _, p := range pieces(Story) {
				// A line break between two members is white space to JSON, so
				// the event may legally be cut there.
				frame := e.frame(`{"index":0,"delta":{"content":`+quoted(p)+`},`+"\n"+`"finish_reason":null}`, "")
				if !e.event(strings.Replace(frame, `,"choices"`, ",\n"+`"choices"`, 1), 1) {
					return
				}
			}
			e.Finish("stop")
			e.Usage("")
			e.End()
		},
		"fault-15": endless,
	}
}

// endless sends tokens until the client leaves, whatever limit it asked for.
func endless(e *Exchange) {
	for n := 0; ; n++ {
		if !e.Piece(" word" + strconv.Itoa(n%10)) {
			return
		}
		select {
		case <-e.server.closing:
			return
		default:
		}
	}
}

// withUsage answers well, but with the given usage.
func withUsage(raw string) func(*Exchange) {
	return func(e *Exchange) {
		e.Delta(Story)
		e.Finish("")
		e.Usage(raw)
		e.End()
	}
}
