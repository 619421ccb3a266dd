package system

// Names of metrics and their attributes. Prometheus shows dots as underscores
// and adds the unit and, for counters, _total.
//
// None has an attribute for a tenant, site, visitor or message: those are in
// the log and in the usage events. A label of thousands of sites would make
// thousands of series of each metric.
const (
	// Of OpenTelemetry's semantic conventions for generative AI, version 1.41.
	// Later versions moved to a repository of their own that has no release
	// yet, so they are spelled out here and nowhere else. Of the required
	// attributes gen_ai.provider.name is left out: usage events do not know
	// it, and a process has one provider.
	metricTokenUsage = "gen_ai.client.token.usage"        // histogram, {token}
	metricOperation  = "gen_ai.client.operation.duration" // histogram, s
	attrOperation    = "gen_ai.operation.name"            // chat, embeddings
	attrModel        = "gen_ai.request.model"
	attrTokenType    = "gen_ai.token.type" // input, output
	attrErrorType    = "error.type"        // only if it failed

	// Ours.
	metricUsageEvents    = "woochat.usage.events"          // settled calls
	metricTokens         = "woochat.usage.tokens"          // by kind and direction
	metricCachedTokens   = "woochat.usage.cached_tokens"   // a part of the input tokens
	metricExcessTokens   = "woochat.usage.excess_tokens"   // beyond what the call was allowed
	metricCost           = "woochat.usage.cost_nano_usd"   // billionths of a US dollar
	metricUnpriced       = "woochat.usage.unpriced"        // calls counted as free since nobody knows the price
	metricRefusals       = "woochat.usage.limit_refusals"  // by meter
	metricSettleFailures = "woochat.usage.settle_failures" // settlements that could not be written
	metricSweeps         = "woochat.usage.swept_calls"     // settled by the sweep: their end is not known
	metricAnswers        = "woochat.answers"               // by finish
	metricAnswerSeconds  = "woochat.answer.duration"       // from question to end
	metricWithheld       = "woochat.answer.withheld_sentences"
	metricFallbacks      = "woochat.answer.fallbacks"
	metricLexicalOnly    = "woochat.answer.lexical_only"
	metricForeign        = "woochat.tenant_postfilter_drops"
	metricEvents         = "woochat.events"             // published, by name
	metricPortCalls      = "woochat.port.call.duration" // calls of adapters

	// Of the spool: settlements that wait for the store.
	metricSpoolPending    = "woochat.spool.pending"    // gauge
	metricSpoolSize       = "woochat.spool.size"       // gauge, By
	metricSpoolAge        = "woochat.spool.oldest_age" // gauge, s
	metricSpooled         = "woochat.spool.settlements"
	metricSpoolBuried     = "woochat.spool.buried"     // that the store will never take
	metricSpoolUnrecorded = "woochat.spool.unrecorded" // that could not be spooled either
	metricSpoolCorrupt    = "woochat.spool.corrupt"    // parts of a journal that were set aside

	// Of the queue of what must be read again, of all sites.
	metricQueuePending = "woochat.queue.pending"    // gauge
	metricQueueDead    = "woochat.queue.dead"       // gauge
	metricQueueAge     = "woochat.queue.oldest_age" // gauge, s

	attrKind      = "kind"       // chat, embedding, rerank
	attrDirection = "direction"  // input, output
	attrCounted   = "counted_by" // provider, tokenizer, bound
	attrCode      = "code"       // of an error, "" for success
	attrMeter     = "meter"
	attrFinish    = "finish"
	attrEvent     = "event"
	attrPort      = "port"
	attrMethod    = "method"
	attrOutcome   = "outcome" // "ok", or a class of errors
)
