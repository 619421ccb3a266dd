package openaifake_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/test/fakes/openaifake"
)

// post sends a chat request for model and returns the response; the test
// closes its body.
func post(t *testing.T, ctx context.Context, s *openaifake.Server, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer sk-test-0123456789abcdef")
	req.Header.Set(openaifake.CallIDHeader, "call-1")
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(client.CloseIdleConnections)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func chatBody(model string, extra string) string {
	return `{"model":"` + model + `","stream":true,"stream_options":{"include_usage":true},"messages":[` +
		`{"role":"system","content":"Use the passages.\n[1] The blue mug costs 12,50 EUR.\n[2] Other."},` +
		`{"role":"user","content":[{"type":"text","text":"What does the "},{"type":"text","text":"blue mug cost?"}]}]` + extra + `}`
}

// text joins the deltas of a stream that has one data line an event.
func text(t *testing.T, body io.Reader) (string, []string) {
	t.Helper()
	var b strings.Builder
	var frames []string
	sc := bufio.NewScanner(body)
	sc.Buffer(nil, 8<<20)
	for sc.Scan() {
		data, ok := strings.CutPrefix(sc.Text(), "data: ")
		if !ok {
			continue
		}
		frames = append(frames, data)
		var f struct {
			Choices []struct {
				Delta struct{ Content string }
			}
		}
		if data != "[DONE]" && json.Unmarshal([]byte(data), &f) == nil && len(f.Choices) > 0 {
			b.WriteString(f.Choices[0].Delta.Content)
		}
	}
	return b.String(), frames
}

func TestScriptQuotesThePromptAndBillsWhatItSent(t *testing.T) {
	s := openaifake.New(t, openaifake.Options{})
	resp := post(t, t.Context(), s, "/chat/completions", chatBody("gpt-x", `,"max_tokens":99`))
	got, frames := text(t, resp.Body)
	if want := "Here is what the shop says: The blue mug costs 12,50 EUR. [1]"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
	c, err := s.Await(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	if c.ID != "call-1" || s.Find("call-1") != c {
		t.Errorf("the call id was not recorded: %q", c.ID)
	}
	var u struct {
		Usage struct {
			Prompt     int `json:"prompt_tokens"`
			Completion int `json:"completion_tokens"`
		}
	}
	if err := json.Unmarshal([]byte(frames[len(frames)-2]), &u); err != nil {
		t.Fatal(err)
	}
	if u.Usage.Completion != c.Sent() || u.Usage.Completion != len(strings.Fields(got)) || u.Usage.Prompt != c.Prompt() {
		t.Errorf("usage = %+v, but %d in and %d out were counted", u.Usage, c.Prompt(), c.Sent())
	}
	if frames[len(frames)-1] != "[DONE]" {
		t.Errorf("last frame = %q", frames[len(frames)-1])
	}
	select {
	case <-c.Gone():
		t.Error("a client that read everything counts as gone")
	default:
	}
}

func TestLimitEndsTheTextWithLength(t *testing.T) {
	s := openaifake.New(t, openaifake.Options{})
	_, frames := text(t, post(t, t.Context(), s, "/chat/completions", chatBody("gpt-x", `,"max_completion_tokens":3`)).Body)
	if all := strings.Join(frames, ""); !strings.Contains(all, `"finish_reason":"length"`) || !strings.Contains(all, `"completion_tokens":3`) {
		t.Errorf("frames = %s", all)
	}
}

func TestGateAndGone(t *testing.T) {
	g := new(openaifake.Gate)
	s := openaifake.New(t, openaifake.Options{Gate: g})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	resp := post(t, ctx, s, "/chat/completions", chatBody("fault-07", ""))
	c, err := s.Await(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(resp.Body)
	for range 2 {
		g.Step(1)
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.Sent(); n > 2 {
		t.Errorf("%d tokens passed a gate that let 2 through", n)
	}
	cancel()
	select {
	case <-c.Gone():
	case <-time.After(time.Minute):
		t.Fatal("the fake did not notice that the client left")
	}
	if c.GoneAt().IsZero() {
		t.Error("GoneAt is zero after Gone")
	}
}

func TestResetIsAReset(t *testing.T) {
	s := openaifake.New(t, openaifake.Options{})
	b, err := io.ReadAll(post(t, t.Context(), s, "/chat/completions", chatBody("fault-04", "")).Body)
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("err = %v, want a reset", err)
	}
	if got, _ := text(t, bytes.NewReader(b)); got != openaifake.Half() {
		t.Errorf("text before the reset = %q, want %q", got, openaifake.Half())
	}
}

func TestCarriageReturnsAndSplitEvents(t *testing.T) {
	s := openaifake.New(t, openaifake.Options{})
	b, err := io.ReadAll(post(t, t.Context(), s, "/chat/completions", chatBody("fault-14", "")).Body)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsRune(b, '\n') || !bytes.Contains(b, []byte("\rdata: \"choices\"")) {
		t.Errorf("not split over data lines with CR alone: %q", b)
	}
}

func TestGzipComesUnasked(t *testing.T) {
	s := openaifake.New(t, openaifake.Options{})
	resp := post(t, t.Context(), s, "/chat/completions", chatBody("gzip", ""))
	if resp.Header.Get("Content-Encoding") != "gzip" {
		t.Fatal("not compressed")
	}
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := text(t, z); got != openaifake.Story {
		t.Errorf("text = %q", got)
	}
}

func TestKeyIsCheckedAndEchoed(t *testing.T) {
	s := openaifake.New(t, openaifake.Options{APIKey: "sk-other"})
	resp := post(t, t.Context(), s, "/chat/completions", chatBody("gpt-x", ""))
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 401 || !bytes.Contains(b, []byte("sk-test-0123456789abcdef")) {
		t.Errorf("%d %s", resp.StatusCode, b)
	}
}

func TestEmbeddings(t *testing.T) {
	s := openaifake.New(t, openaifake.Options{Dimensions: 16, MaxEmbedTexts: 2})
	get := func(body string) (int, []byte) {
		resp := post(t, t.Context(), s, "/embeddings", body)
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, b
	}
	status, b := get(`{"model":"e","input":["blue mug","red mug"]}`)
	var out struct {
		Data []struct {
			Index     int
			Embedding []float32
		}
		Usage struct {
			Prompt int `json:"prompt_tokens"`
		}
	}
	if err := json.Unmarshal(b, &out); err != nil || status != 200 {
		t.Fatalf("%d %v %s", status, err, b)
	}
	if out.Usage.Prompt != 4 || len(out.Data) != 2 || !slices.Equal(out.Data[1].Embedding, openaifake.Vector("red mug", 16)) {
		t.Errorf("answer = %s", b)
	}
	dot := 0.0
	for i, x := range out.Data[0].Embedding {
		dot += float64(x) * float64(out.Data[1].Embedding[i])
	}
	if math.Abs(dot) < 0.1 || dot > 0.99 {
		t.Errorf("similarity of texts with a word in common = %v", dot)
	}
	if status, _ := get(`{"model":"e","input":["a","b","c"]}`); status != 400 {
		t.Errorf("3 texts where 2 are allowed: status %d", status)
	}
	if status, _ := get(`{"model":"e","input":[""]}`); status != 400 {
		t.Errorf("empty text: status %d", status)
	}
	if status, b := get(`{"model":"e","input":"one","encoding_format":"base64"}`); status != 200 || !bytes.Contains(b, []byte(`"embedding":"`)) {
		t.Errorf("base64: %d %s", status, b)
	}
}

func TestModels(t *testing.T) {
	s := openaifake.New(t, openaifake.Options{Models: []string{"m1"}})
	resp, err := http.Get(s.URL() + "/models")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Contains(b, []byte(`"id":"m1"`)) {
		t.Errorf("%v %s", err, b)
	}
}

func TestStartRefusesWhatCannotBe(t *testing.T) {
	if _, err := openaifake.Start(openaifake.Options{Scenario: "fault-99"}); err == nil || !strings.Contains(err.Error(), "fault-01") {
		t.Errorf("unknown scenario: %v", err)
	}
	if _, err := openaifake.Start(openaifake.Options{Addr: "0.0.0.0:0"}); err == nil {
		t.Error("listens on every interface")
	}
}

// Every scenario that the package comment names exists, and the other way
// round, so that nobody writes a test against a misspelt fault.
func TestEveryScenarioIsDocumented(t *testing.T) {
	doc := docComment(t)
	for _, name := range openaifake.Scenarios() {
		if !strings.Contains(doc, name) {
			t.Errorf("scenario %s is not in the package comment", name)
		}
	}
}

// A server that is closed lets go of every client at once, whatever it plays.
func TestCloseEndsEveryScenario(t *testing.T) {
	for _, name := range openaifake.Scenarios() {
		t.Run(name, func(t *testing.T) {
			s, err := openaifake.Start(openaifake.Options{Scenario: name})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			path, body := "/chat/completions", chatBody("m", `,"max_tokens":5`)
			if strings.HasPrefix(name, "embed-") {
				path, body = "/embeddings", `{"model":"m","input":["a","b"]}`
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			defer client.CloseIdleConnections()
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				resp, err := client.Do(req)
				if err != nil {
					return // a fault before the headers
				}
				_, _ = io.Copy(io.Discard, resp.Body) // how it ends is the fault
				_ = resp.Body.Close()
			}()
			if _, err := s.Await(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			<-answered
			if err := s.Close(); err != nil {
				t.Errorf("second Close: %v", err)
			}
		})
	}
}
