package openai

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

// A vector takes at most maxVectorBytes in an answer: 4,096 numbers of 32
// bytes of JSON.
const maxVectorBytes = 128 << 10

// embeddingAnswer is an answer of /embeddings.
type embeddingAnswer struct {
	Data []struct {
		Index     *int            `json:"index"`
		Embedding json.RawMessage `json:"embedding"`
	} `json:"data"`
	Model string          `json:"model"`
	Usage json.RawMessage `json:"usage"`
	Error *wireError      `json:"error"`

	vectors [][]float32
}

// tokens returns what the provider says was spent. ok is false if it says
// nothing that can be believed, and suspect true if it says what cannot.
func (a *embeddingAnswer) tokens() (n int64, ok, suspect bool) {
	if len(a.Usage) == 0 || isNull(a.Usage) {
		return 0, false, false
	}
	c, err := readUsage(a.Usage)
	if err != nil || c.prompt <= 0 || !(chat.Tokens{Input: c.prompt, Cached: c.cached}).Valid() {
		return 0, false, true
	}
	return c.prompt, true, false
}

// receive reads an answer of n vectors, and gives langchaingo one with the
// same number of empty ones: the vectors are decoded here, once, in order.
func (e *Embedder) receive(c *call, resp *http.Response, n int, to *embeddingAnswer) (io.ReadCloser, error) {
	limit := int64(n)*maxVectorBytes + maxErrorBody
	raw, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	_ = resp.Body.Close() // it was read as far as it is wanted
	var slow timeoutError
	switch cause := context.Cause(c.ctx); {
	case err == nil && int64(len(raw)) > limit:
		return nil, malformed(resp.StatusCode, nil, "the answer is larger than %d bytes", limit)
	case err == nil:
	case errors.As(cause, &slow):
		return nil, &ports.ModelError{Kind: ports.ModelTimeout, Status: resp.StatusCode, Message: slow.Error(), Err: slow}
	case cause != nil:
		return nil, cause
	case isUnpackError(err):
		return nil, malformed(resp.StatusCode, err, "the compressed answer cannot be unpacked")
	default:
		return nil, &ports.ModelError{
			Kind: ports.ModelTruncated, Status: resp.StatusCode,
			Message: "the connection broke in the middle of the answer", Err: notOfContext(err),
		}
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return nil, malformed(resp.StatusCode, err, "the answer (%s) is not the JSON of embeddings: is the base URL that of an API?", c.clean.name(mediaType(resp.Header)))
	}
	if to.Error != nil {
		return nil, inStream(resp.StatusCode, *to.Error, c.clean)
	}
	if to.vectors, err = to.order(n); err != nil {
		return nil, malformed(resp.StatusCode, err, "%s", err.Error())
	}
	if err := e.sameLength(to.vectors); err != nil {
		return nil, malformed(resp.StatusCode, err, "%s", err.Error())
	}
	return io.NopCloser(bytes.NewReader(emptyAnswer(n))), nil
}

// emptyAnswer is what langchaingo gets to count.
func emptyAnswer(n int) []byte {
	one := []byte(`{"embedding":[]}`)
	return append(append([]byte(`{"data":[`), bytes.Join(repeat(one, n), []byte(","))...), `]}`...)
}

func repeat(b []byte, n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = b
	}
	return out
}

// order decodes the vectors and puts each at its index. A server that gives no
// index at all answers in order.
func (a *embeddingAnswer) order(n int) ([][]float32, error) {
	if len(a.Data) != n {
		return nil, fmt.Errorf("%d vectors came for %d texts", len(a.Data), n)
	}
	out := make([][]float32, n)
	indexed := false
	for _, d := range a.Data {
		indexed = indexed || d.Index != nil
	}
	for i, d := range a.Data {
		if indexed {
			if d.Index == nil || *d.Index < 0 || *d.Index >= n || out[*d.Index] != nil {
				return nil, errors.New("the vectors' indexes are not those of the texts, each once")
			}
			i = *d.Index
		}
		v, err := decodeVector(d.Embedding)
		if err != nil {
			return nil, fmt.Errorf("vector %d: %w", i, err)
		}
		out[i] = v
	}
	return out, nil
}

// decodeVector reads a vector in either encoding: a list of numbers, or base64
// of little-endian float32.
func decodeVector(raw json.RawMessage) ([]float32, error) {
	var v []float32
	if len(raw) > 0 && raw[0] == '"' {
		var packed []byte // encoding/json undoes base64
		if err := json.Unmarshal(raw, &packed); err != nil {
			return nil, fmt.Errorf("not base64: %w", err)
		}
		if len(packed)%4 != 0 {
			return nil, fmt.Errorf("%d bytes are no list of float32", len(packed))
		}
		v = make([]float32, len(packed)/4)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(packed[4*i:]))
		}
	} else if bytes.Contains(raw, []byte("null")) {
		return nil, errors.New("it has null in place of a number") // which JSON would read as 0
	} else if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("not a list of numbers: %w", err)
	}
	length := 0.0
	for _, x := range v {
		length += float64(x) * float64(x)
	}
	if !(length > 0) || math.IsInf(length, 0) {
		return nil, errors.New("it is empty, all zero, or holds NaN or Inf")
	}
	return v, nil
}

// sameLength checks the vectors against each other and all that came before.
func (e *Embedder) sameLength(vectors [][]float32) error {
	n := len(vectors[0])
	for i, v := range vectors {
		if len(v) != n {
			return fmt.Errorf("vector %d has %d numbers, the first has %d", i, len(v), n)
		}
	}
	if !e.length.CompareAndSwap(0, int64(n)) && e.length.Load() != int64(n) {
		return fmt.Errorf("the vectors have %d numbers, where %d were expected", n, e.length.Load())
	}
	return nil
}
