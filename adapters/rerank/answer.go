package rerank

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// answer is what a reranker says, in any of the forms that are served:
//
//	{"results": [{"index", "relevance_score"}], "usage": {"total_tokens"}}    Jina, vLLM, LocalAI, OpenVINO
//	{"results": [...], "meta": {"billed_units": {"search_units"}, "tokens": {"input_tokens"}}}  Cohere
//	{"data": [{"index", "relevance_score"}], "usage": {"total_tokens"}}       Voyage
//	[{"index", "score"}]                                                      text-embeddings-inference
//
// https://docs.vllm.ai/en/stable/examples/pooling/score/,
// https://docs.openvino.ai/2025/model-server/ovms_docs_rest_api_rerank.html.
type answer struct {
	Model   string   `json:"model"`
	Results []result `json:"results"`
	Data    []result `json:"data"`
	Usage   *struct {
		Prompt *float64 `json:"prompt_tokens"`
		Total  *float64 `json:"total_tokens"`
	} `json:"usage"`
	Meta *struct {
		Tokens *struct {
			Input *float64 `json:"input_tokens"`
		} `json:"tokens"`
	} `json:"meta"`
	raw struct{ Usage, Meta json.RawMessage }
}

type result struct {
	Index     *int     `json:"index"`
	Relevance *float64 `json:"relevance_score"`
	Score     *float64 `json:"score"`
}

// most is how much of an answer is read beside what the request had, whose texts
// it may repeat.
const most = 1 << 20

func read(body io.Reader, sent int64) (answer, error) {
	var a answer
	limit := most + 2*sent
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	switch {
	case err != nil:
		return a, &ports.ModelError{Kind: ports.ModelTruncated, Status: http.StatusOK, Message: "the answer broke off", Err: err}
	case int64(len(text)) > limit:
		return a, malformed(http.StatusOK, "the answer is larger than %d bytes", limit)
	}
	if trimmed := strings.TrimSpace(string(text)); strings.HasPrefix(trimmed, "[") {
		err = json.Unmarshal(text, &a.Results)
	} else if err = json.Unmarshal(text, &a); err == nil {
		err = json.Unmarshal(text, &a.raw)
	}
	if err != nil {
		return a, malformed(http.StatusOK, "the answer is no list of scores in JSON")
	}
	if a.Results == nil {
		a.Results = a.Data
	}
	return a, nil
}

// bill sets what the provider says that it bills for. A count that cannot be
// true leaves the bound in out, and is told.
func (a answer) bill(out *retrieval.Ranking) {
	out.Model = name(a.Model)
	var n *float64
	switch {
	case a.Usage != nil:
		if n = a.Usage.Total; n == nil {
			n = a.Usage.Prompt
		}
		out.RawUsage = string(a.raw.Usage)
	case a.Meta != nil:
		if a.Meta.Tokens != nil {
			n = a.Meta.Tokens.Input
		}
		out.RawUsage = string(a.raw.Meta)
	}
	switch {
	case n == nil:
	case *n < 0 || *n > chat.MaxTokensPerCall || *n != math.Trunc(*n):
		out.Suspect = true
	case *n > 0: // some servers say 0 and mean that they do not count
		out.Input, out.Reported = int64(*n), true
	}
}

// ranks returns the scores of n texts, best first.
func (a answer) ranks(n int) ([]retrieval.Rank, error) {
	if len(a.Results) == 0 {
		return nil, malformed(http.StatusOK, "the answer has no results")
	}
	seen := make(map[int]bool, n)
	out := make([]retrieval.Rank, 0, len(a.Results))
	for _, r := range a.Results {
		score := r.Relevance
		if score == nil {
			score = r.Score
		}
		switch {
		case r.Index == nil || score == nil:
			return nil, malformed(http.StatusOK, "a result has no index or no score")
		case *r.Index < 0 || *r.Index >= n || seen[*r.Index]:
			return nil, malformed(http.StatusOK, "a result is of text %d, which was not sent or came before", *r.Index)
		}
		seen[*r.Index] = true
		out = append(out, retrieval.Rank{Place: *r.Index, Score: *score})
	}
	retrieval.SortRanks(out)
	return out, nil
}

// statusError turns an answer that is not 200 into an error, without the words
// of the provider, which may be the shopper's.
func statusError(resp *http.Response) *ports.ModelError {
	e := &ports.ModelError{Status: resp.StatusCode, Message: http.StatusText(resp.StatusCode), RetryAfter: retryAfter(resp.Header)}
	switch s := resp.StatusCode; {
	case s == http.StatusTooManyRequests, s == http.StatusPaymentRequired:
		e.Kind, e.Unspent = ports.ModelRateLimited, true
	case s == http.StatusRequestTimeout, s == http.StatusGatewayTimeout, s == 524:
		e.Kind = ports.ModelTimeout // the model behind a gateway may have run
	case s == http.StatusConflict, s == http.StatusTooEarly, s >= 500:
		e.Kind, e.Unspent = ports.ModelUnavailable, true
	case s >= 300:
		e.Kind, e.Unspent = ports.ModelRefused, true
	default:
		e.Kind = ports.ModelMalformed
	}
	if resp.StatusCode/100 == 3 {
		e.Message = "the server redirects to another address, which is not followed: set the base URL to it"
	}
	var body struct {
		Code  json.RawMessage `json:"code"`
		Type  json.RawMessage `json:"error_type"`
		Error struct {
			Code json.RawMessage `json:"code"`
		} `json:"error"`
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // one that breaks off is still this answer
	_ = json.Unmarshal(text, &body)                          // a page in HTML says nothing
	for _, c := range []json.RawMessage{body.Error.Code, body.Code, body.Type} {
		if e.Code == "" {
			e.Code = name(strings.Trim(string(c), `"`))
		}
	}
	return e
}

// name returns a model's name or an error's code, "" for what is no such word.
func name(s string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:"
	if len(s) > 128 || strings.Trim(s, letters) != "" || s == "null" {
		return ""
	}
	return s
}

// maxRetryAfter bounds what a provider may ask to wait.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads Retry-After as seconds, or as a date beside the answer's own.
func retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 {
		return time.Duration(min(s, maxRetryAfter.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(v)
	now, err2 := http.ParseTime(h.Get("Date"))
	if err != nil || err2 != nil {
		return 0
	}
	return max(0, min(at.Sub(now), maxRetryAfter))
}
