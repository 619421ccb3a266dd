package main

import (
	"maps"
	"strings"
	"testing"
)

// A shop is cut as WOOCHAT_CHUNK_TOKENS says when it is new, and not in another
// way because a command has another setting.
func TestIndexStatusShowsChunks(t *testing.T) {
	s := newShell(t)
	s.env["WOOCHAT_CHUNK_TOKENS"] = "64"
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	text := "# Shipping\n\n" + strings.Repeat("We ship to Norway and to all that is near, within two days or three. ", 12)
	s.ok("ingest", "pages", s.pages(map[string]string{"shipping.md": text}))
	for _, setting := range []string{"64", "512"} {
		s.env["WOOCHAT_CHUNK_TOKENS"] = setting
		s.ok("index", "rebuild")
		row := fromJSON[list[indexRow]](t, s.ok("index", "status", "--json")).Data[0]
		if want := (chunkingRow{Target: 64, Max: 100}); row.Chunking != want || row.Former == nil || row.Former.Chunking != want || row.Chunks < 2 {
			t.Errorf("with %s: %+v", setting, row)
		}
	}
	if out := s.ok("search", "Norway"); !strings.Contains(out, "page:shipping") {
		t.Errorf("found %s", out)
	}
	if out := s.ok("index", "rollback"); !strings.Contains(out, `"chunking":{"target":64,"max":100}`) {
		t.Errorf("got %s", out)
	}
	for _, words := range []struct {
		got, want string
	}{
		{(*buildingRow)(nil).words(chunkingRow{256, 400}), ""},
		{(&buildingRow{Model: "m", Chunking: chunkingRow{64, 100}, Built: 3, Total: 1200}).words(chunkingRow{256, 400}), "3 of 1,200, m, chunks of 64"},
		{(&formerRow{Generation: 2, Chunking: chunkingRow{256, 400}}).words(chunkingRow{256, 400}), "2, words only"},
	} {
		if words.got != words.want {
			t.Errorf("got %q, want %q", words.got, words.want)
		}
	}
}

// A size that cannot be is told before anything is done.
func TestChunkTokensThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"too few":   {map[string]string{"WOOCHAT_CHUNK_TOKENS": "63"}, `"63" is not a whole number from 64 to 1024`},
		"too many":  {map[string]string{"WOOCHAT_CHUNK_TOKENS": "1025"}, "from 64 to 1024"},
		"no number": {map[string]string{"WOOCHAT_CHUNK_TOKENS": "256/400"}, "from 64 to 1024"},
		"more than the model takes": {
			map[string]string{"WOOCHAT_CHUNK_TOKENS": "512", "WOOCHAT_EMBED_LONGEST": "512"},
			"makes chunks of up to 800 tokens, and WOOCHAT_EMBED_LONGEST says that the model takes 512: at most 328 fit",
		},
		"more than a prompt takes": {
			map[string]string{"WOOCHAT_CHUNK_TOKENS": "512", "WOOCHAT_PROMPT_BUDGET": "1000"},
			"makes chunks of up to 800 tokens, of which not two fit into WOOCHAT_PROMPT_BUDGET (1000): at most 320 do",
		},
	} {
		s := newShell(t)
		maps.Copy(s.env, c.env)
		if r := s.run("index", "status"); r.code == 0 || !strings.Contains(r.err, "WOOCHAT_CHUNK_TOKENS") || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: exit code %d: %s", name, r.code, r.err)
		}
	}
	s := newShell(t)
	s.env["WOOCHAT_EMBED_LONGEST"], s.env["WOOCHAT_PROMPT_BUDGET"] = "256", "500" // as could be set before
	s.ok("index", "status")
}
