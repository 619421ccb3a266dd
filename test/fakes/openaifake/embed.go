package openaifake

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"slices"
	"strings"
)

// EmbedRequest is the body of POST /v1/embeddings as far as the fake reads it.
type EmbedRequest struct {
	Model          string    `json:"model"`
	Input          EmbedText `json:"input"`
	Dimensions     int       `json:"dimensions"`
	EncodingFormat string    `json:"encoding_format"`
}

// EmbedText is the member input: one text or a list of texts.
type EmbedText []string

// UnmarshalJSON reads a string or a list of strings.
func (t *EmbedText) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = EmbedText{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// vectors is an answer of /v1/embeddings before it is written.
type vectors struct {
	index  []int
	values [][]float32
	base64 bool
	usage  string
}

// Vector returns what the fake embeds text as: its words, hashed to a unit
// vector, so that texts with words in common are near each other.
func Vector(text string, dimensions int) []float32 {
	v := make([]float32, dimensions)
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		h := fnv.New32a()
		_, _ = h.Write([]byte(word)) // a hash never fails to write
		sum := h.Sum32()
		sign := float32(1)
		if sum>>31 == 1 {
			sign = -1
		}
		v[int(sum&0x7fffffff)%dimensions] += sign
	}
	var square float64
	for _, x := range v {
		square += float64(x) * float64(x)
	}
	if square == 0 {
		v[0] = 1
		return v
	}
	norm := float32(math.Sqrt(square))
	for i := range v {
		v[i] /= norm
	}
	return v
}

// EmbedTokens is how many tokens the fake bills for embedding text.
func EmbedTokens(text string) int { return max(1, len(pieces(text))) }

func (s *Server) embed(e *Exchange) {
	r := e.Call.Embed
	tokens, blank := 0, false
	for _, t := range r.Input {
		tokens += EmbedTokens(t)
		blank = blank || t == ""
	}
	e.Call.prompt.Store(int64(tokens))
	refuse := func(message string) {
		e.Status(http.StatusBadRequest, "application/json", errorBody(message, "invalid_request_error", ""))
	}
	switch {
	case len(r.Input) == 0 || blank:
		refuse("'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.")
		return
	case len(r.Input) > s.opts.MaxEmbedTexts:
		refuse(fmt.Sprintf("'$.input' is too long: at most %d texts", s.opts.MaxEmbedTexts))
		return
	case tokens > s.opts.MaxEmbedTokens:
		refuse(fmt.Sprintf("Requested %d tokens, max %d tokens per request", tokens, s.opts.MaxEmbedTokens))
		return
	}
	dimensions := r.Dimensions
	if dimensions <= 0 {
		dimensions = s.opts.Dimensions
	}
	out := &vectors{base64: r.EncodingFormat == "base64", usage: fmt.Sprintf(`{"prompt_tokens":%d,"total_tokens":%[1]d}`, tokens)}
	for i, t := range r.Input {
		out.index = append(out.index, i)
		out.values = append(out.values, Vector(t, dimensions))
	}
	if play, ok := embedScenarios()[e.Call.Scenario]; ok {
		play(e, out)
	} else if play, ok := s.scenes[e.Call.Scenario]; ok {
		play(e) // an HTTP status or a broken connection is the same on every route
	}
	if !e.over && !e.started {
		s.writeVectors(e, out)
	}
}

func (s *Server) writeVectors(e *Exchange, v *vectors) {
	var b strings.Builder
	b.WriteString(`{"object":"list","data":[`)
	for i := range v.values {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"object":"embedding","index":%d,"embedding":`, v.index[i])
		if v.base64 {
			raw := make([]byte, 0, 4*len(v.values[i]))
			for _, x := range v.values[i] {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
			}
			b.WriteString(`"` + base64.StdEncoding.EncodeToString(raw) + `"}`)
			continue
		}
		list, err := json.Marshal(v.values[i])
		if err != nil {
			list = []byte("null") // NaN has no JSON form; servers that meet it write null
		}
		b.Write(list)
		b.WriteByte('}')
	}
	fmt.Fprintf(&b, `],"model":%s`, quoted(Dated(e.Call.Embed.Model)))
	if v.usage != "" {
		b.WriteString(`,"usage":` + v.usage)
	}
	b.WriteByte('}')
	e.Status(http.StatusOK, "application/json", b.String())
}

func embedScenarios() map[string]func(*Exchange, *vectors) {
	last := func(v *vectors) int { return len(v.values) - 1 }
	return map[string]func(*Exchange, *vectors){
		"embed-reversed": func(_ *Exchange, v *vectors) {
			slices.Reverse(v.index)
			slices.Reverse(v.values)
		},
		"embed-missing": func(_ *Exchange, v *vectors) {
			v.index, v.values = v.index[:last(v)], v.values[:last(v)]
		},
		"embed-extra": func(_ *Exchange, v *vectors) {
			v.index, v.values = append(v.index, len(v.index)), append(v.values, v.values[0])
		},
		"embed-duplicate": func(_ *Exchange, v *vectors) { v.index[last(v)] = 0 },
		"embed-dimensions": func(_ *Exchange, v *vectors) {
			v.values[last(v)] = v.values[last(v)][1:]
		},
		"embed-empty": func(_ *Exchange, v *vectors) {
			for i := range v.values {
				v.values[i] = []float32{}
			}
		},
		"embed-nan":            func(_ *Exchange, v *vectors) { v.values[last(v)][0] = float32(math.NaN()) },
		"embed-float":          func(_ *Exchange, v *vectors) { v.base64 = false },
		"embed-usage-missing":  func(_ *Exchange, v *vectors) { v.usage = "" },
		"embed-usage-negative": func(_ *Exchange, v *vectors) { v.usage = `{"prompt_tokens":-4,"total_tokens":-4}` },
		"embed-malformed": func(e *Exchange, _ *vectors) {
			e.Status(http.StatusOK, "application/json", `{"object":"list","data":[{"index":0,"embedding":[0.1,`)
		},
		"embed-html": func(e *Exchange, _ *vectors) {
			e.Status(http.StatusOK, "text/html", "<!doctype html><title>Sign in</title>")
		},
		"embed-stall": func(e *Exchange, _ *vectors) { e.Wait() },
	}
}
