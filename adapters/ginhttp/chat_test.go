package ginhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func (w *world) day() usage.Totals {
	w.Helper()
	d := usage.DayOf(w.now(), time.UTC)
	days, err := w.stores.Ledger.Days(w.Context(), w.site.Scope(), d, d)
	w.must(err)
	return days[0]
}

// TestFrames is what goes over the wire, byte by byte.
func TestFrames(t *testing.T) {
	eur := func(minor int64) catalog.Money { return catalog.Money{Minor: minor, Currency: "EUR", Exponent: 2} }
	s := &Server{now: time.Now}
	for _, c := range []struct {
		e    chat.StreamEvent
		want string
	}{
		{
			chat.StreamEvent{No: 1, Kind: chat.EventStart, Conversation: "conv_1", Message: "msg_1"},
			"id: msg_1:1\nevent: message.start\ndata: {\"conversation_id\":\"conv_1\",\"message_id\":\"msg_1\"}\n\n",
		},
		{
			chat.StreamEvent{No: 12, Kind: chat.EventDelta, Text: "Größe „M“\r\n\ndata: x </script> 🧥"},
			"id: msg_1:12\nevent: delta\ndata: {\"text\":\"Größe „M“\\r\\n\\ndata: x \\u003c/script\\u003e 🧥\"}\n\n",
		},
		{
			chat.StreamEvent{No: 13, Kind: chat.EventSources, Sources: []chat.Citation{{Marker: 2, Title: "Shipping", URL: origin + "/s"}}},
			"id: msg_1:13\nevent: sources\ndata: [{\"n\":2,\"title\":\"Shipping\",\"url\":\"https://shop.example.com/s\"}]\n\n",
		},
		{chat.StreamEvent{No: 13, Kind: chat.EventSources}, "id: msg_1:13\nevent: sources\ndata: []\n\n"},
		{
			chat.StreamEvent{No: 14, Kind: chat.EventProducts, Cards: []chat.Card{
				{
					Document: "product:1", Title: "Jacket", URL: origin + "/j", ImageURL: origin + "/j.svg", SKU: "J-1", Stock: catalog.InStock,
					Price:      catalog.PriceRange{Min: eur(900), Max: eur(1000), RegularMin: eur(1200), RegularMax: eur(1200), OnSale: true},
					Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Blue", "Red"}}}, AsOf: time.Date(2026, 11, 23, 13, 0, 0, 0, time.FixedZone("", 3600)),
				},
				{Document: "product:2", Title: "Mug", URL: origin + "/m"},
				{Document: "product:3", Title: "Hat", URL: origin + "/h", Price: catalog.PriceRange{Min: eur(500), Max: eur(500)}, Stock: catalog.OnBackorder},
			}},
			"id: msg_1:14\nevent: products\ndata: [" +
				`{"id":"product:1","title":"Jacket","url":"https://shop.example.com/j","image_url":"https://shop.example.com/j.svg","sku":"J-1",` +
				`"price":{"text":"€9.00 – €10.00","regular_text":"€12.00","on_sale":true,"amount":"9.00","amount_max":"10.00","currency":"EUR"},` +
				`"stock":{"status":"instock","text":"in stock"},"attributes":{"Colour":["Blue","Red"]},"as_of":"2026-11-23T12:00:00Z"},` +
				`{"id":"product:2","title":"Mug","url":"https://shop.example.com/m","price":null,"stock":null},` +
				`{"id":"product:3","title":"Hat","url":"https://shop.example.com/h","price":{"text":"€5.00","on_sale":false,"amount":"5.00","currency":"EUR"},` +
				`"stock":{"status":"onbackorder","text":"available on backorder"}}` + "]\n\n",
		},
		{
			chat.StreamEvent{No: 15, Kind: chat.EventEnd, Finish: chat.Length, Tokens: chat.Tokens{Input: 3, Output: 4}},
			"id: msg_1:15\nevent: message.end\ndata: {\"finish\":\"length\",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}\n\n",
		},
		{
			chat.StreamEvent{No: 15, Kind: chat.EventEnd, Finish: chat.Complete, Notice: chat.NoticeQuoted},
			"id: msg_1:15\nevent: message.end\ndata: {\"finish\":\"stop\",\"notice\":\"quoted\",\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}}\n\n",
		},
		{
			chat.StreamEvent{No: 15, Kind: chat.EventError, Err: &answering.FailedError{Code: "UPSTREAM_BROKE"}},
			"id: msg_1:15\nevent: error\ndata: {\"error\":{\"code\":\"UPSTREAM_BROKE\",\"message\":\"The answer broke off\",\"request_id\":\"req_1\"}}\n\n",
		},
	} {
		got, err := s.frame("msg_1", c.e, "req_1")
		if err != nil || string(got) != c.want {
			t.Errorf("got  %s\nwant %s (%v)", got, c.want, err)
		}
	}
}

func TestStream(t *testing.T) {
	w := newWorld(t, nil)
	s := w.session("")
	rec := w.do("POST", "/api/chat/message", s.Token, fmt.Sprintf(`{"message":"What does shipping cost?","conversation_id":%q}`, s.Conversation), "Accept", "text/event-stream")
	h := rec.Header()
	if rec.Code != 200 || h.Get("Content-Type") != "text/event-stream; charset=utf-8" || h.Get("Cache-Control") != "no-store, no-transform" ||
		h.Get("X-Accel-Buffering") != "no" || h.Get("Access-Control-Allow-Origin") != origin || h.Get("Vary") != "Origin" || h.Get("Content-Encoding") != "" ||
		h.Get("Access-Control-Allow-Credentials") != "" || !rec.Flushed {
		t.Errorf("got %d %v", rec.Code, h)
	}
	var names []string
	for frame := range strings.SplitSeq(strings.TrimSuffix(rec.Body.String(), "\n\n"), "\n\n") {
		_, rest, _ := strings.Cut(frame, "event: ")
		name, _, _ := strings.Cut(rest, "\n")
		names = append(names, name)
	}
	if got := strings.Join(names, " "); !strings.HasPrefix(rec.Body.String(), ": ok\n\n") || got != " message.start delta sources message.end" {
		t.Errorf("got %q: %s", got, rec.Body)
	}
	// The whole answer as JSON is the same.
	_, id, _ := strings.Cut(rec.Body.String(), `"message_id":"`)
	id = id[:strings.Index(id, `"`)]
	again := w.do("GET", "/api/chat/messages/"+id+"/events", s.Token, "")
	if again.Code != 200 || again.Body.String() != rec.Body.String() {
		t.Errorf("resumed as %d %s", again.Code, again.Body)
	}
	tail := w.do("GET", "/api/chat/messages/"+id+"/events", s.Token, "", "Last-Event-ID", id+":1")
	if want := strings.Replace(rec.Body.String(), rec.Body.String()[len(": ok\n\n"):strings.Index(rec.Body.String(), "id: "+id+":2")], "", 1); tail.Body.String() != want {
		t.Errorf("resumed after 1 as %s", tail.Body)
	}
	for _, bad := range []string{"1", id, id + ":", id + ":x", id + ":-1", "msg_other:1", id + ":99999999999999999999"} {
		w.wantError(w.do("GET", "/api/chat/messages/"+id+"/events", s.Token, "", "Last-Event-ID", bad), 422, "INVALID_REQUEST")
	}
	w.wantError(w.do("GET", "/api/chat/messages/x/events", s.Token, ""), 404, "NOT_FOUND")
	w.wantError(w.do("GET", "/api/chat/messages/msg_"+porttest.NewID()+"/events", s.Token, ""), 404, "NOT_FOUND")
	w.wantError(w.do("GET", "/api/chat/messages/"+id+"/events", w.session("").Token, ""), 404, "NOT_FOUND")
	if d := w.day(); d.Used.ChatRequests != 1 {
		t.Errorf("%d chat requests", d.Used.ChatRequests)
	}
}

func TestWhole(t *testing.T) {
	w := newWorld(t, nil)
	s := w.session("")
	rec := w.do("POST", "/api/chat/message", s.Token, fmt.Sprintf(`{"message":"What does shipping cost?","conversation_id":%q}`, s.Conversation))
	var got map[string]any
	w.must(json.Unmarshal(rec.Body.Bytes(), &got))
	if rec.Code != 200 || got["answer"] != "Shipping costs €4.90 [1]." || got["finish"] != "stop" || got["conversation_id"] != s.Conversation ||
		fmt.Sprint(got["sources"]) != "[map[n:1 title:Shipping url:https://shop.example.com/shipping/]]" || fmt.Sprint(got["products"]) != "[]" {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
	h := w.do("GET", "/api/chat/history?conversation_id="+s.Conversation, s.Token, "")
	if !strings.Contains(h.Body.String(), `"question":"What does shipping cost?"`) || !strings.Contains(h.Body.String(), fmt.Sprint(got["message_id"])) {
		t.Errorf("history %s", h.Body)
	}
	w.wantError(w.do("GET", "/api/chat/history", s.Token, ""), 422, "INVALID_REQUEST")
	if h := w.do("GET", "/api/chat/history?conversation_id="+s.Conversation, w.session("").Token, ""); h.Body.String() != `{"data":[]}` {
		t.Errorf("another visitor reads %s", h.Body)
	}

	for body, want := range map[string]int{
		`{"message_id":"%s","rating":1}`: 204, `{"message_id":"%s","rating":-1}`: 204, `{"message_id":"%s","rating":0}`: 422,
		`{"message_id":"%s","rating":"good"}`: 422, `{"message_id":"x%s","rating":1}`: 404,
	} {
		if rec := w.do("POST", "/api/chat/feedback", s.Token, fmt.Sprintf(body, got["message_id"])); rec.Code != want {
			t.Errorf("%s: %d %s, want %d", body, rec.Code, rec.Body, want)
		}
	}
	w.wantError(w.do("POST", "/api/chat/feedback", s.Token, fmt.Sprintf(`{"message_id":"msg_%s","rating":1}`, porttest.NewID())), 404, "NOT_FOUND")

	if rec := w.do("POST", fmt.Sprintf("/api/chat/messages/%s/stop", got["message_id"]), s.Token, ""); rec.Code != 202 {
		t.Errorf("stop of an answer that has ended: %d %s", rec.Code, rec.Body)
	}
	w.wantError(w.do("POST", "/api/chat/messages/x/stop", s.Token, ""), 404, "NOT_FOUND")
	w.wantError(w.do("DELETE", "/api/chat/conversation", s.Token, ""), 422, "INVALID_REQUEST")
	if rec := w.do("DELETE", "/api/chat/conversation?conversation_id="+s.Conversation, s.Token, ""); rec.Code != 204 {
		t.Errorf("forget: %d %s", rec.Code, rec.Body)
	}
	if h := w.do("GET", "/api/chat/history?conversation_id="+s.Conversation, s.Token, ""); h.Body.String() != `{"data":[]}` {
		t.Errorf("after it was forgotten: %s", h.Body)
	}
}

func TestWholeThatFails(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.model = memory.NewModelFunc(func(context.Context, chat.Prompt) (string, error) {
			return "", &ports.ModelError{Kind: ports.ModelTimeout, Message: "secret"}
		})
	})
	token := w.session("").Token
	rec := w.do("POST", "/api/chat/message", token, `{"message":"Hello?"}`)
	w.wantError(rec, 504, "UPSTREAM_TIMEOUT")
	// A stream has begun by then: the error is its last event.
	rec = w.do("POST", "/api/chat/message", token, `{"message":"Hello?"}`, "Accept", "text/event-stream")
	if rec.Code != 200 || !strings.Contains(rec.Body.String(), "event: error\ndata: {\"error\":{\"code\":\"UPSTREAM_TIMEOUT\"") {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
}

// TestARefusalIsNoStream answers a limit with 403, also where a stream is asked
// for.
func TestARefusalIsNoStream(t *testing.T) {
	w := newWorld(t, func(w *world) { w.limits = usage.Limits{} })
	rec := w.do("POST", "/api/chat/message", w.session("").Token, `{"message":"Hello?"}`, "Accept", "text/event-stream")
	w.wantError(rec, 403, "USAGE_LIMIT_EXCEEDED")
	if rec.Header().Get("Access-Control-Allow-Origin") != origin {
		t.Error("the page cannot read why")
	}
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(w *world) {
			w.model = memory.NewModelFunc(func(context.Context, chat.Prompt) (string, error) {
				pass(40 * time.Second)
				return "Shipping costs €4.90 [1].", nil
			})
		})
		token := w.session("").Token
		begin := time.Now()
		rec := w.do("POST", "/api/chat/message", token, `{"message":"What does shipping cost?"}`, "Accept", "text/event-stream")
		body := rec.Body.String()
		if n := strings.Count(body, ": alive\n\n"); n != 2 || time.Since(begin) != 40*time.Second {
			t.Errorf("%d heartbeats in %v: %s", n, time.Since(begin), body)
		}
		if start, alive, end := strings.Index(body, "message.start"), strings.Index(body, ": alive"), strings.Index(body, "message.end"); start > alive || alive > end {
			t.Errorf("got %s", body)
		}
	})
}

// TestClientThatIsGone goes on for the grace where a stream broke, and ends at
// once where JSON was asked for.
func TestClientThatIsGone(t *testing.T) {
	for _, c := range []struct {
		accept string
		grace  time.Duration
	}{{"text/event-stream", 10 * time.Second}, {"application/json", 0}} {
		t.Run(c.accept, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var begun, ended time.Time
				w := newWorld(t, func(w *world) {
					w.model = memory.NewModelFunc(func(ctx context.Context, _ chat.Prompt) (string, error) {
						begun = time.Now()
						<-ctx.Done()
						ended = time.Now()
						return "", ctx.Err()
					})
				})
				token := w.session("").Token
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				req := httptest.NewRequestWithContext(ctx, "POST", "/api/chat/message", strings.NewReader(`{"message":"Hello?"}`))
				req.Header.Set("Authorization", "Bearer "+token)
				req.Header.Set("Accept", c.accept)
				w.Public().ServeHTTP(httptest.NewRecorder(), req)
				pass(time.Minute)
				synctest.Wait()
				if got := ended.Sub(begun); got != 3*time.Second+c.grace {
					t.Errorf("it went on for %v, want %v", got, 3*time.Second+c.grace)
				}
				if d := w.day(); d.Held != (usage.Amounts{}) || d.Used.ChatRequests != 1 {
					t.Errorf("the day says %+v", d)
				}
			})
		})
	}
}

// TestBrokenConnection ends a stream whose client does not take its bytes.
func TestBrokenConnection(t *testing.T) {
	w := newWorld(t, nil)
	req := httptest.NewRequestWithContext(t.Context(), "POST", "/api/chat/message", strings.NewReader(`{"message":"Hello?"}`))
	req.Header.Set("Authorization", "Bearer "+w.session("").Token)
	req.Header.Set("Accept", "text/event-stream")
	rw := &brokenWriter{ResponseRecorder: httptest.NewRecorder(), room: 40}
	w.log.Reset()
	w.Public().ServeHTTP(rw, req)
	if rw.writes > 2 || !strings.Contains(w.log.String(), "client: broken pipe") {
		t.Errorf("%d writes; logged %s", rw.writes, w.log)
	}
}

type brokenWriter struct {
	*httptest.ResponseRecorder
	room, writes int
}

func (b *brokenWriter) Write(p []byte) (int, error) {
	b.writes++
	if b.room -= len(p); b.room < 0 {
		return 0, fmt.Errorf("broken pipe")
	}
	return b.ResponseRecorder.Write(p)
}

func TestIdempotencyOverHTTP(t *testing.T) {
	w := newWorld(t, nil)
	token := w.session("").Token
	first := w.do("POST", "/api/chat/message", token, `{"message":"Hello?"}`, "Idempotency-Key", "k")
	again := w.do("POST", "/api/chat/message", token, `{"message":"Hello?"}`, "Idempotency-Key", "k")
	if first.Code != 200 || !bytes.Equal(first.Body.Bytes(), again.Body.Bytes()) {
		t.Errorf("first %s, again %s", first.Body, again.Body)
	}
	w.wantError(w.do("POST", "/api/chat/message", token, `{"message":"Bye?"}`, "Idempotency-Key", "k"), 422, "IDEMPOTENCY_MISMATCH")
	w.wantError(w.do("POST", "/api/chat/message", token, `{"message":"Bye?"}`, "Idempotency-Key", strings.Repeat("k", 256)), 422, "INVALID_REQUEST")
}

func TestSession(t *testing.T) {
	clock := porttest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	w := newWorld(t, func(w *world) { w.now = clock.Now })
	s := w.session("")
	if !s.Expires.Equal(clock.Now().Add(15*time.Minute)) || !strings.HasPrefix(s.Visitor, "vis_") || !strings.HasPrefix(s.Conversation, "conv_") {
		t.Errorf("session %+v", s)
	}
	for name, c := range map[string]struct {
		body, origin string
		status       int
		code         string
	}{
		"no key":        {`{}`, origin, 422, "INVALID_REQUEST"},
		"unknown key":   {`{"site_key":"pk_unknown"}`, origin, 401, "UNAUTHENTICATED"},
		"API key":       {fmt.Sprintf(`{"site_key":%q}`, w.apiKey), origin, 401, "UNAUTHENTICATED"},
		"other origin":  {fmt.Sprintf(`{"site_key":%q}`, w.siteKey), "https://evil.example.com", 403, "ORIGIN_NOT_ALLOWED"},
		"suffix":        {fmt.Sprintf(`{"site_key":%q}`, w.siteKey), origin + ".evil.example.com", 403, "ORIGIN_NOT_ALLOWED"},
		"http":          {fmt.Sprintf(`{"site_key":%q}`, w.siteKey), "http://shop.example.com", 403, "ORIGIN_NOT_ALLOWED"},
		"no origin":     {fmt.Sprintf(`{"site_key":%q}`, w.siteKey), "", 403, "ORIGIN_NOT_ALLOWED"},
		"opaque origin": {fmt.Sprintf(`{"site_key":%q}`, w.siteKey), "null", 403, "ORIGIN_NOT_ALLOWED"},
	} {
		rec := w.do("POST", "/api/chat/session", "", c.body, "Origin", c.origin)
		w.wantError(rec, c.status, c.code)
		if got := rec.Header().Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: %q may read the answer", name, got)
		}
	}
	// www of the same shop may, too.
	if rec := w.do("POST", "/api/chat/session", "", fmt.Sprintf(`{"site_key":%q}`, w.siteKey), "Origin", "https://www.shop.example.com"); rec.Code != 200 ||
		rec.Header().Get("Access-Control-Allow-Origin") != "https://www.shop.example.com" {
		t.Errorf("www: %d %v", rec.Code, rec.Header())
	}

	clock.Advance(15*time.Minute + 23*time.Hour)
	w.wantError(w.do("GET", "/api/chat/history?conversation_id="+s.Conversation, s.Token, ""), 401, "UNAUTHENTICATED")
	renewed := w.session(s.Token)
	if renewed.Visitor != s.Visitor || renewed.Token == s.Token {
		t.Errorf("renewed as %+v", renewed)
	}
	clock.Advance(25 * time.Hour)
	if again := w.session(renewed.Token); again.Visitor == s.Visitor {
		t.Error("a visitor comes back after a day")
	}
	if forged := w.session(renewed.Token[:len(renewed.Token)-2] + "xx"); forged.Visitor == s.Visitor {
		t.Error("a forged token keeps the visitor")
	}
}

// listener keeps the language in which it was asked to answer.
type listener struct {
	ports.ChatModel

	locale string
}

func (l *listener) Complete(ctx context.Context, p chat.Prompt, emit func(string) error) (chat.Completion, error) {
	l.locale = p.Locale
	return l.ChatModel.Complete(ctx, p, emit)
}

// A message is in the language of the page on which the session was opened, unless
// it says another one, or is clearly in one.
func TestLocaleOfTheSession(t *testing.T) {
	heard := &listener{}
	w := newWorld(t, func(w *world) { heard.ChatModel, w.model = w.model, heard })
	for _, c := range []struct{ session, message, want string }{
		{"de-AT", "", "de-AT"}, {"de-AT", "fr", "fr"}, {"", "fr", "fr"}, {"", "", w.site.Locale}, {"de-AT", "no locale!", "de-AT"}, {"no locale!", "", w.site.Locale},
	} {
		var s sessionBody
		rec := w.do("POST", "/api/chat/session", "", fmt.Sprintf(`{"site_key":%q,"locale":%q}`, w.siteKey, c.session))
		w.must(json.Unmarshal(rec.Body.Bytes(), &s))
		if rec := w.do("POST", "/api/chat/message", s.Token, fmt.Sprintf(`{"message":"Storm Jacket?","locale":%q}`, c.message)); rec.Code != 200 || heard.locale != c.want {
			t.Errorf("session %q, message %q: %d, asked in %q, want %q", c.session, c.message, rec.Code, heard.locale, c.want)
		}
		if rec := w.do("POST", "/api/chat/message", s.Token, fmt.Sprintf(`{"message":"Was kostet denn der Versand?","locale":%q}`, c.message)); rec.Code != 200 || !strings.HasPrefix(heard.locale, "de") {
			t.Errorf("session %q, message %q: %d, a German question is asked in %q", c.session, c.message, rec.Code, heard.locale)
		}
	}
}

// heldTexts tells of each reading of all that a shop says, and holds it up.
type heldTexts struct {
	ports.Passages
	read, hold chan struct{}
}

func (h *heldTexts) Load(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
	if slices.ContainsFunc(refs, func(r retrieval.PassageRef) bool { return r.Document == "page:9" }) { // which no question finds
		h.read <- struct{}{}
		select {
		case <-h.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return h.Passages.Load(ctx, s, c, refs)
}

// TestTheShopIsReadBeforeAQuestion: who opens the widget, or comes back to it, is
// about to ask. He waits for nothing yet.
func TestTheShopIsReadBeforeAQuestion(t *testing.T) {
	clock := porttest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	texts := &heldTexts{read: make(chan struct{}, 10), hold: make(chan struct{})}
	w := newWorld(t, func(w *world) { w.now, texts.Passages, w.texts = clock.Now, w.stores.Documents, texts })
	w.must(w.stores.Add(t.Context(), w.site.Scope(), retrieval.Document{ID: "page:9", Kind: catalog.KindPage, Title: "Imprint"}, "Limited."))
	s := w.session("")
	<-texts.read
	close(texts.hold)
	body := fmt.Sprintf(`{"conversation_id":%q,"message":"What does shipping cost?"}`, s.Conversation)
	if rec := w.do("POST", "/api/chat/message", s.Token, body); rec.Code != http.StatusOK {
		t.Fatalf("message: %d %s", rec.Code, rec.Body)
	}
	w.must(w.stores.Add(t.Context(), w.site.Scope(), retrieval.Document{ID: "page:2", Kind: catalog.KindPage, Title: "Returns"}, "Within 30 days."))
	clock.Advance(time.Minute)
	if rec := w.do("GET", "/api/chat/history?conversation_id="+s.Conversation, s.Token, ""); rec.Code != http.StatusOK {
		t.Fatalf("history: %d %s", rec.Code, rec.Body)
	}
	<-texts.read
}

// TestVisitorOfAnotherSite: a token is good for its own site only.
func TestVisitorOfAnotherSite(t *testing.T) {
	w := newWorld(t, nil)
	mine := w.session("")
	other, err := w.stores.AddSite(t.Context(), "Other shop", origin, usage.NoLimits())
	w.must(err)
	w.siteKey, _ = w.key(other.Scope(), tenant.SiteKey, 0)
	if theirs := w.session(mine.Token); theirs.Visitor == mine.Visitor {
		t.Error("a visitor of one site is known at another")
	}
}

func TestVisitorIsLetIn(t *testing.T) {
	w := newWorld(t, nil)
	s := w.session("")
	path := "/api/chat/history?conversation_id=" + s.Conversation
	for name, c := range map[string]struct {
		token, origin string
		status        int
		code          string
		readable      string // the origin that may read the answer
	}{
		"no token":     {"", origin, 401, "UNAUTHENTICATED", origin},
		"API key":      {w.apiKey, origin, 401, "UNAUTHENTICATED", origin},
		"site key":     {w.siteKey, origin, 401, "UNAUTHENTICATED", origin},
		"other origin": {s.Token, "https://www.shop.example.com", 403, "ORIGIN_NOT_ALLOWED", ""},
	} {
		rec := w.do("GET", path, c.token, "", "Origin", c.origin)
		w.wantError(rec, c.status, c.code)
		if got := rec.Header().Get("Access-Control-Allow-Origin"); got != c.readable || rec.Header().Get("Vary") != "Origin" {
			t.Errorf("%s: readable by %q", name, got)
		}
	}
	if rec := w.do("GET", path, s.Token, "", "Origin", ""); rec.Code != 200 {
		t.Errorf("without an Origin, as same-origin GETs are: %d", rec.Code)
	}
	if rec := w.do("GET", path, "", "", "Authorization", "Basic "+s.Token); rec.Code != 401 {
		t.Errorf("Basic: %d", rec.Code)
	}
	site := w.site
	site.Generation++
	w.must(w.stores.Accounts.PutSite(t.Context(), site))
	w.wantError(w.do("GET", path, s.Token, ""), 401, "UNAUTHENTICATED") // tokens of the old generation are void
	if next := w.session(s.Token); next.Visitor == s.Visitor {
		t.Error("a token of the old generation was renewed")
	}
	s = w.session("")
	site.Origins = []string{"https://elsewhere.example.com"}
	w.must(w.stores.Accounts.PutSite(t.Context(), site))
	w.wantError(w.do("GET", path, s.Token, ""), 403, "ORIGIN_NOT_ALLOWED") // taken off the list since
	site.Disabled = true
	w.must(w.stores.Accounts.PutSite(t.Context(), site))
	w.wantError(w.do("GET", path, s.Token, ""), 401, "UNAUTHENTICATED")
	w.wantError(w.do("POST", "/api/chat/session", "", fmt.Sprintf(`{"site_key":%q}`, w.siteKey)), 401, "UNAUTHENTICATED")
}

func TestPreflight(t *testing.T) {
	w := newWorld(t, nil)
	for _, path := range []string{"/api/chat/session", "/api/chat/message", "/api/chat/messages/msg_1/events", "/api/chat/conversation"} {
		rec := w.do("OPTIONS", path, "", "", "Origin", "https://any.example.com", "Access-Control-Request-Method", "POST")
		h := rec.Header()
		if rec.Code != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != "https://any.example.com" || h.Get("Access-Control-Max-Age") != "7200" ||
			h.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type, Idempotency-Key, Last-Event-ID" ||
			h.Get("Access-Control-Allow-Methods") != "GET, POST, DELETE, OPTIONS" || h.Get("Vary") != "Origin" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d %v", path, rec.Code, h)
		}
	}
}

func TestWidgetConfig(t *testing.T) {
	w := newWorld(t, nil)
	site := w.site
	site.Greeting, site.LimitText, site.AccentColour, site.ContactURL, site.Suggestions = "Hi", "Tomorrow", "#0a5", origin+"/contact", []string{"Sizes?"}
	w.must(w.stores.Accounts.PutSite(t.Context(), site))
	rec := w.do("POST", "/api/chat/session", "", fmt.Sprintf(`{"site_key":%q}`, w.siteKey))
	var out struct{ Config map[string]any }
	w.must(json.Unmarshal(rec.Body.Bytes(), &out))
	want := map[string]any{
		"title": "Test shop", "locale": "en", "greeting": "Hi", "limit_text": "Tomorrow", "accent": "#0a5",
		"contact_url": origin + "/contact", "suggestions": []any{"Sizes?"},
	}
	if fmt.Sprint(out.Config) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", out.Config, want)
	}
}
