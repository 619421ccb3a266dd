// Package openai speaks to OpenAI and to every server that speaks its protocol
// (Ollama, llama.cpp, vLLM, gateways): [ChatModel] and [Embedder] implement the
// ports of those names.
//
// The requests are built and the streams are taken apart by langchaingo. What
// langchaingo cannot be trusted with is done beneath it, by an http.Doer of our
// own, the guard: it reads the status, Retry-After, the finish reason and the
// usage from the wire, checks them, counts and cuts the output, watches the
// time, and hands langchaingo a clean stream or a typed error. langchaingo on
// its own takes streams that broke off for whole ones, drops the usage of
// embeddings, fails on long lines, and reports a cancelled call as a success
// about every other time.
//
// Every failure is a *ports.ModelError, or the error of the context or of the
// caller's emit. No error text holds an API key or a piece of the prompt.
package openai
