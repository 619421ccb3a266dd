// Package openaifake is an OpenAI-compatible server on the loopback interface
// that can also break in every way a real one was seen to break. It serves
// POST /v1/chat/completions (JSON and SSE), POST /v1/embeddings and
// GET /v1/models, records every request, and uses the standard library only,
// so that tests, examples and main programs can import it alike.
//
// How it behaves is chosen by scenario: one for the whole server
// ([Options.Scenario]) or one a request, by giving the scenario's name as the
// model. A model that is no scenario is answered by the script.
//
// The fifteen faults:
//
//	fault-01  deltas, finish_reason, usage, [DONE]: nothing is wrong
//	fault-02  an error frame in mid-stream
//	fault-03  a clean end of the body without finish_reason, usage, [DONE]
//	fault-04  a TCP reset in mid-stream
//	fault-05  one frame of malformed JSON among good ones
//	fault-06  a data line of 70 KiB
//	fault-07  a stream that goes on until the client leaves (for cancelling)
//	fault-08  429 with Retry-After: 7
//	fault-09  200 with an HTML body
//	fault-10  finish_reason "length"
//	fault-11  finish_reason "content_filter"
//	fault-12  negative usage
//	fault-13  silence after the first delta
//	fault-14  events split over several data lines, lines ended by CR
//	fault-15  a stream without end, faster than anyone wants it
//
// More of what real servers do:
//
//	usage-missing, usage-duplicated, usage-early (before the last delta),
//	usage-running (a growing count in every frame), usage-stale (the last one
//	is missing), usage-cached (cached tokens and reasoning tokens),
//	usage-cached-over-prompt, usage-float, usage-huge (1e18), usage-zero,
//	usage-string, usage-with-choice (beside a choice whose finish is null)
//
//	tools-only, tools-interleaved, tools-legacy (function_call),
//	text-then-tools, refusal, reasoning
//
//	gzip (compresses although not asked to), trickle (one byte at a time),
//	crlf, mixed-lines (BOM, comments, ids, events, no space after the colon),
//	heartbeats (comments for ever, never a token), long-line (2 MiB),
//	json-answer (JSON although a stream was asked for), json-error (200 with
//	an error object), empty-answer, empty-body, no-done, done-only (no
//	finish_reason), null-finish, unknown-finish, extra-choice,
//	stall-after-finish, reset-after-finish, stall-before-headers,
//	stall-before-token, eof-unclean, reset-before-headers, event-error,
//	error-string, usage-after-error
//
//	status-400, status-400-context, status-401-echo, status-403, status-404,
//	status-408, status-413, status-429-date, status-429-quota, status-500,
//	status-502, status-503, status-500-reset (the error's body breaks off),
//	redirect, stream-error-echo
//
//	ignores-max-completion-tokens (as Ollama 0.17 does), ignores-max-tokens,
//	ignores-both, refuses-max-tokens (as OpenAI's reasoning models do),
//	refuses-both (complains when it gets the two fields together),
//	refuses-temperature
//
//	embed-reversed, embed-missing, embed-extra, embed-duplicate,
//	embed-dimensions (vectors of different length), embed-empty, embed-nan,
//	embed-float (floats although base64 was asked for), embed-usage-missing,
//	embed-usage-negative, embed-malformed, embed-html, embed-stall
//
// A [Gate] lets a test decide when the next piece of a stream leaves, so that
// no test has to sleep.
package openaifake
