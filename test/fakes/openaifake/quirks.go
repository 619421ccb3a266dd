package openaifake

import (
	"compress/gzip"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// scenarios returns all chat scenarios by name.
func scenarios() map[string]func(*Exchange) {
	all := faults()
	maps.Copy(all, usageQuirks())
	maps.Copy(all, toolQuirks())
	maps.Copy(all, wireQuirks())
	maps.Copy(all, endQuirks())
	maps.Copy(all, refusals())
	maps.Copy(all, limitQuirks())
	return all
}

func usageQuirks() map[string]func(*Exchange) {
	return map[string]func(*Exchange){
		"usage-missing": func(e *Exchange) {
			e.Delta(Story)
			e.Finish("")
			e.End()
		},
		"usage-duplicated": func(e *Exchange) {
			e.Delta(Story)
			e.Finish("")
			e.Usage("")
			e.Usage("")
			e.End()
		},
		"usage-early": func(e *Exchange) {
			all := pieces(Story)
			last := len(all) - 1
			e.Delta(strings.Join(all[:last], ""))
			total := e.usage
			total.Completion++
			e.Usage(total.json())
			e.Delta(all[last])
			e.Finish("")
			e.End()
		},
		"usage-running": func(e *Exchange) {
			runningUsage(e)
			e.Finish("")
			e.Usage("")
			e.End()
		},
		"usage-stale": func(e *Exchange) {
			e.Delta(half())
			e.Usage("")
			e.Delta(strings.TrimPrefix(Story, half()))
			e.Finish("")
			e.End()
		},
		"usage-cached": func(e *Exchange) {
			e.Delta(Story)
			e.Finish("")
			u := e.usage
			u.Cached, u.Reasoning = u.Prompt-1, 9
			u.Completion += u.Reasoning
			e.Usage(u.json())
			e.End()
		},
		"usage-cached-over-prompt": withUsage(`{"prompt_tokens":10,"completion_tokens":13,"total_tokens":23,"prompt_tokens_details":{"cached_tokens":11}}`),
		"usage-float":              withUsage(`{"prompt_tokens":10.5,"completion_tokens":13.25,"total_tokens":23.75}`),
		"usage-huge":               withUsage(`{"prompt_tokens":1e18,"completion_tokens":1000000000000000000,"total_tokens":2e18}`),
		"usage-zero":               withUsage(`{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}`),
		"usage-string":             withUsage(`{"prompt_tokens":"10","completion_tokens":"13","total_tokens":"23"}`),
		"usage-with-choice": func(e *Exchange) {
			e.Delta(Story)
			e.Finish("")
			e.Event(e.frame(`{"index":0,"delta":{"content":""},"finish_reason":null}`, e.usage.json()))
			e.End()
		},
		"usage-after-error": func(e *Exchange) {
			e.Delta(half())
			e.Usage("")
			e.Event(errorBody("The server is overloaded", "overloaded_error", "overloaded"))
		},
	}
}

// runningUsage puts a growing count into every frame, as vLLM does with
// continuous_usage_stats.
func runningUsage(e *Exchange) {
	for _, p := range pieces(Story) {
		u := e.usage
		u.Completion++
		if !e.event(e.frame(`{"index":0,"delta":{"content":`+quoted(p)+`},"finish_reason":null}`, u.json()), 1) {
			return
		}
	}
}

func toolQuirks() map[string]func(*Exchange) {
	call := func(e *Exchange, calls string) bool {
		return e.Token(`{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[` + calls + `]},"finish_reason":null}`)
	}
	end := func(e *Exchange) {
		e.Finish("tool_calls")
		e.Usage("")
		e.End()
	}
	return map[string]func(*Exchange){
		"tools-only": func(e *Exchange) {
			call(e, `{"index":0,"id":"call_a","type":"function","function":{"name":"search","arguments":""}}`)
			call(e, `{"index":0,"function":{"arguments":"{\"q\":"}}`)
			call(e, `{"index":0,"function":{"arguments":"\"mug\"}"}}`)
			end(e)
		},
		"tools-interleaved": func(e *Exchange) {
			call(e, `{"index":0,"id":"call_a","type":"function","function":{"name":"search","arguments":""}},{"index":1,"id":"call_b","type":"function","function":{"name":"stock","arguments":""}}`)
			call(e, `{"index":0,"type":"function","function":{"arguments":"{\"q\":1}"}},{"index":1,"type":"function","function":{"arguments":"{\"id\":2}"}}`)
			end(e)
		},
		"tools-legacy": func(e *Exchange) {
			e.Token(`{"index":0,"delta":{"role":"assistant","content":null,"function_call":{"name":"search","arguments":""}},"finish_reason":null}`)
			e.Token(`{"index":0,"delta":{"function_call":{"arguments":"{\"q\":1}"}},"finish_reason":null}`)
			e.Finish("function_call")
			e.Usage("")
			e.End()
		},
		"text-then-tools": func(e *Exchange) {
			e.Delta(half())
			call(e, `{"index":0,"id":"call_a","type":"function","function":{"name":"search","arguments":"{}"}}`)
			end(e)
		},
		"refusal": func(e *Exchange) {
			for _, p := range pieces("I cannot help with that.") {
				if !e.Token(`{"index":0,"delta":{"refusal":` + quoted(p) + `},"finish_reason":null}`) {
					return
				}
			}
			e.Finish("stop")
			e.Usage("")
			e.End()
		},
		"reasoning": func(e *Exchange) {
			for _, p := range pieces("The shopper asks about mugs.") {
				if !e.Token(`{"index":0,"delta":{"reasoning_content":` + quoted(p) + `},"finish_reason":null}`) {
					return
				}
			}
			u := e.usage.Completion
			e.Delta(Story)
			e.Finish("")
			total := e.usage
			total.Reasoning = u
			e.Usage(total.json())
			e.End()
		},
	}
}

func wireQuirks() map[string]func(*Exchange) {
	return map[string]func(*Exchange){
		"gzip": func(e *Exchange) {
			e.zip = gzip.NewWriter(e.w)
			e.Complete(Story)
			_ = e.zip.Close() // the client may be gone; then nobody misses the trailer
		},
		"trickle": func(e *Exchange) {
			e.Start()
			slow := func(data string, tokens int) bool {
				e.usage.Completion += tokens
				e.Call.sent.Add(int64(tokens))
				line := "data: " + data + "\n\n"
				for i := range len(line) {
					if !e.pause() || !e.write(line[i:i+1]) {
						return false
					}
				}
				return true
			}
			for _, p := range pieces(Story) {
				if !slow(e.frame(`{"index":0,"delta":{"content":`+quoted(p)+`},"finish_reason":null}`, ""), 1) {
					return
				}
			}
			if slow(e.frame(`{"index":0,"delta":{},"finish_reason":"stop"}`, ""), 0) && slow(e.frame("", e.usage.json()), 0) {
				slow("[DONE]", 0)
			}
		},
		"crlf": func(e *Exchange) {
			e.eol = "\r\n"
			e.Complete(Story)
		},
		"mixed-lines": func(e *Exchange) {
			e.Raw("\ufeff: welcome\n\nretry: 100\nid\n")
			for i, p := range pieces(Story) {
				eol := []string{"\n", "\r\n", "\r"}[i%3]
				frame := e.frame(`{"index":0,"delta":{"content":`+quoted(p)+`},"finish_reason":null}`, "")
				if !e.raw(fmt.Sprintf(": ping%[1]sid: %[2]d%[1]sevent: message%[1]sdata:%[3]s%[1]sunknown: x%[1]s%[1]s", eol, i, frame), 1) {
					return
				}
			}
			e.Finish("stop")
			e.Usage("")
			e.End()
		},
		"heartbeats": func(e *Exchange) {
			t := time.NewTicker(time.Millisecond)
			defer t.Stop()
			for e.Raw(": still working\n\n") {
				select {
				case <-t.C:
				case <-e.ctx.Done():
					e.lost()
					return
				case <-e.server.closing:
					return
				}
			}
		},
		"long-line": func(e *Exchange) {
			e.Delta(half())
			e.Piece(strings.Repeat("x", 2<<20))
			e.Finish("stop")
			e.Usage("")
			e.End()
		},
		"json-answer": func(e *Exchange) { e.JSON(Story) },
		"json-error": func(e *Exchange) {
			e.Status(http.StatusOK, "application/json", errorBody("The model is loading", "server_error", "loading"))
		},
		"extra-choice": func(e *Exchange) {
			for _, p := range pieces(Story) {
				if !e.Token(`{"index":1,"delta":{"content":" other"},"finish_reason":null},{"index":0,"delta":{"content":` + quoted(p) + `},"finish_reason":null}`) {
					return
				}
			}
			e.Event(e.frame(`{"index":1,"delta":{},"finish_reason":"length"}`, ""))
			e.Finish("stop")
			e.Usage("")
			e.End()
		},
		"stream-error-echo": func(e *Exchange) {
			e.Delta(half())
			e.Event(errorBody("Incorrect API key provided: "+bearer(e)+". Try sk-proj-abcdefghijklmnop1234 instead.", "invalid_request_error", "invalid_api_key"))
		},
		"event-error": func(e *Exchange) {
			e.Delta(half())
			e.Raw("event: error\ndata: {\"message\":\"upstream fell over\",\"code\":529}\n\n")
		},
		"error-string": func(e *Exchange) {
			e.Delta(half())
			e.Event(`{"error":"model runner has unexpectedly stopped"}`)
		},
	}
}

func endQuirks() map[string]func(*Exchange) {
	return map[string]func(*Exchange){
		"empty-body": func(e *Exchange) { e.Start() },
		"empty-answer": func(e *Exchange) {
			e.Finish("stop")
			e.Usage("")
			e.End()
		},
		"no-done": func(e *Exchange) {
			e.Delta(Story)
			e.Finish("")
			e.Usage("")
		},
		"done-only": func(e *Exchange) {
			e.Delta(Story)
			e.End()
		},
		"null-finish": func(e *Exchange) {
			e.Delta(Story)
			e.Event(e.frame(`{"index":0,"delta":{},"finish_reason":null}`, ""))
			e.Usage("")
			e.End()
		},
		"unknown-finish": func(e *Exchange) {
			e.Delta(Story)
			e.Finish("eos_reached")
			e.Usage("")
			e.End()
		},
		"stall-after-finish": func(e *Exchange) {
			e.Delta(Story)
			e.Finish("")
			e.Wait()
		},
		"reset-after-finish": func(e *Exchange) {
			e.Delta(Story)
			e.Finish("")
			e.Reset()
		},
		"eof-unclean": func(e *Exchange) {
			e.Delta(half())
			e.HangUp()
		},
		"reset-before-headers": func(e *Exchange) { e.Reset() },
		"stall-before-headers": func(e *Exchange) { e.Wait() },
		"stall-before-token": func(e *Exchange) {
			e.Start()
			e.Wait()
		},
	}
}

func bearer(e *Exchange) string {
	return strings.TrimPrefix(e.Call.Header.Get("Authorization"), "Bearer ")
}

// keyEcho refuses a key in OpenAI's words, which repeat it.
func keyEcho(e *Exchange) {
	e.Status(http.StatusUnauthorized, "application/json",
		errorBody("Incorrect API key provided: "+bearer(e)+". You can find your API key at https://platform.openai.com/account/api-keys.",
			"invalid_request_error", "invalid_api_key"))
}

func refusals() map[string]func(*Exchange) {
	status := func(code int, message, typ, errCode string, header ...string) func(*Exchange) {
		return func(e *Exchange) {
			e.Status(code, "application/json", errorBody(message, typ, errCode), header...)
		}
	}
	return map[string]func(*Exchange){
		"status-400":         status(400, "Invalid 'messages': empty array.", "invalid_request_error", ""),
		"status-400-context": status(400, "This model's maximum context length is 128000 tokens.", "invalid_request_error", "context_length_exceeded"),
		"status-401-echo":    keyEcho,
		"status-403":         status(403, "Country, region, or territory not supported", "request_forbidden", "unsupported_country_region_territory"),
		"status-404":         status(404, "The model does not exist or you do not have access to it.", "invalid_request_error", "model_not_found"),
		"status-408":         status(408, "Request timed out", "timeout", ""),
		"status-413":         status(413, "Request too large", "invalid_request_error", ""),
		"status-429-date": func(e *Exchange) {
			date := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
			status(429, "Rate limit reached", "tokens", "rate_limit_exceeded", "Retry-After", date)(e)
		},
		"status-429-quota": status(429, "You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", "insufficient_quota"),
		"status-500":       status(500, "The server had an error while processing your request", "server_error", ""),
		"status-502": func(e *Exchange) {
			e.Status(502, "text/html", "<html><head><title>502 Bad Gateway</title></head><body>"+bearer(e)+"</body></html>")
		},
		"status-503": status(503, "The engine is currently overloaded, please try again later", "server_error", "", "Retry-After", "2"),
		"status-500-reset": func(e *Exchange) {
			e.w.Header().Set("Content-Type", "application/json")
			e.w.WriteHeader(500)
			e.write(`{"error":{"message":"The ser`)
			e.Reset()
		},
		"redirect": func(e *Exchange) {
			e.Status(http.StatusTemporaryRedirect, "text/html", "moved", "Location", e.server.URL()+"/chat/completions?again=1")
		},
	}
}

// limitQuirks are servers that know other fields than we send.
func limitQuirks() map[string]func(*Exchange) {
	limit := func(e *Exchange, n *int) {
		e.limit = -1
		if n != nil {
			e.limit = *n
		}
		e.Complete(LongAnswer())
	}
	return map[string]func(*Exchange){
		"ignores-max-completion-tokens": func(e *Exchange) { limit(e, e.Request.MaxTokens) },
		"ignores-max-tokens":            func(e *Exchange) { limit(e, e.Request.MaxCompletionTokens) },
		"ignores-both":                  func(e *Exchange) { limit(e, nil) },
		"refuses-max-tokens": func(e *Exchange) {
			if e.Request.MaxTokens != nil {
				e.Status(400, "application/json", errorBody("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
					"invalid_request_error", "unsupported_parameter"))
				return
			}
			limit(e, e.Request.MaxCompletionTokens)
		},
		"refuses-both": func(e *Exchange) {
			if e.Request.MaxTokens != nil && e.Request.MaxCompletionTokens != nil {
				e.Status(400, "application/json", errorBody("Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
					"invalid_request_error", "invalid_parameter_combination"))
				return
			}
			n := e.Request.MaxTokens
			if n == nil {
				n = e.Request.MaxCompletionTokens
			}
			limit(e, n)
		},
		"refuses-temperature": func(e *Exchange) {
			if e.Request.Temperature != nil {
				e.Status(400, "application/json", errorBody("Unsupported value: 'temperature' does not support 0 with this model.",
					"invalid_request_error", "unsupported_value"))
				return
			}
			e.Complete(Story)
		},
	}
}

// LongAnswer is what the scenarios about output limits answer if nothing stops
// them: 5,120 tokens by the fake's count.
func LongAnswer() string { return strings.TrimSpace(strings.Repeat("word ", 5120)) }
