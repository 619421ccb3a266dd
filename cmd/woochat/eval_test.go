package main

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// evalShop is a shell with a site of three products, and a function that writes
// files beside it.
func evalShop(t *testing.T) (*shell, func(name, text string) string) {
	t.Helper()
	s := newShell(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	s.ok("ingest", "csv", write("products.csv", `ID,Type,SKU,Name,Published,Visibility in catalog,In stock?,Regular price,Description
1,simple,CAP-1,Wool cap,1,visible,1,10,A warm cap.
2,simple,TENT-2,Tent for two,1,visible,1,200,A tent.
3,simple,TENT-3,Tent for three,1,visible,1,300,A larger tent.
`))
	return s, write
}

func TestEval(t *testing.T) {
	s, write := evalShop(t)
	judged := write("judged.csv", "question,expected\nwool cap,CAP-1\na tent for three people,product:3\nwarm things,CAP-1|TENT-3\nspaceship,\n")
	monday := filepath.Join(t.TempDir(), "monday.json")
	out := s.ok("eval", "--questions", judged, "--k", "1", "--save", monday)
	for _, want := range []string{"4 questions to a.example.com", "NDCG@1", "1.0000", "0.8333", "of 1)"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}

	// Where each question has an answer, none is refused rightly.
	none := write("none.csv", "question,expected\nwhich large company won the warm world war cup?,CAP-1\n")
	if out := s.ok("eval", "--questions", none); !strings.Contains(out, "1 of 1, wrongly") {
		t.Errorf("a question that is refused and has an answer:\n%s", out)
	}

	// What was measured before is compared question by question.
	var saved map[string]any
	b, err := os.ReadFile(monday)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &saved); err != nil {
		t.Fatal(err)
	}
	first := saved["questions"].([]any)[0].(map[string]any)
	if first["ndcg"] != 1.0 || first["found"].([]any)[0] != "CAP-1" {
		t.Errorf("saved: got %v", first)
	}
	first["ndcg"] = 0.25
	if b, err = json.Marshal(saved); err != nil {
		t.Fatal(err)
	}
	if other := s.ok("eval", "--questions", judged, "--k", "1", "--plain", "--against", monday); !strings.Contains(other, "without --plain") || strings.Contains(other, "--words") {
		t.Errorf("a run that was asked otherwise is compared without a word:\n%s", other)
	}
	out = s.ok("eval", "--questions", judged, "--k", "1", "--against", write("worse.json", string(b)))
	for _, want := range []string{"NDCG 0.7500, now 1.0000 (+0.2500) over 3 questions; 1 better, 0 worse; p = 1.0000, no more than chance", "wool cap", "0.250", "+0.750"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	var report evalReport
	if err := json.Unmarshal([]byte(s.ok("eval", "--questions", judged, "--k", "1", "--against", monday, "--json")), &report); err != nil {
		t.Fatal(err)
	}
	if report.NDCG != 1 || report.Questions != 4 || report.Against == nil || report.Against.P != 1 || len(report.Against.Changed) != 0 {
		t.Errorf("got %+v, %+v", report, report.Against)
	}

	// A site that is not good enough fails a script.
	r := s.run("eval", "--questions", write("wrong.csv", "question,expected\nwool cap,TENT-2\n"), "--k", "1", "--at-least", "0.5")
	if r.code != 1 || !strings.Contains(r.err, "NDCG@1 is 0.0000: below --at-least 0.5") || !strings.Contains(r.out, "Nothing that was expected was found") {
		t.Errorf("--at-least: got %d\n%s%s", r.code, r.out, r.err)
	}
}

// What is found and is too little to answer counts as refused, for as much
// evidence as is wanted.
func TestEvalAbstainsByEvidence(t *testing.T) {
	s, write := evalShop(t)
	judged := write("judged.csv", "question,expected\nwool cap,CAP-1\nwhich large company won the warm world war cup?,\n")
	for least, want := range map[string]abstentionRow{
		"0":    {Unanswerable: 1, Answerable: 1},
		"auto": {Unanswerable: 1, Answerable: 1, Refused: 1, Precision: 1, Recall: 1},
	} {
		s.env["WOOCHAT_LEAST_EVIDENCE"] = least
		var report evalReport
		if err := json.Unmarshal([]byte(s.ok("eval", "--questions", judged, "--k", "1", "--json")), &report); err != nil {
			t.Fatal(err)
		}
		if report.Abstention != want || report.NDCG != 1 {
			t.Errorf("at least %s: %+v, nDCG %v", least, report.Abstention, report.NDCG)
		}
		run := filepath.Join(t.TempDir(), "run.json")
		s.ok("eval", "--questions", judged, "--k", "1", "--save", run)
		saved, err := os.ReadFile(run)
		if err != nil {
			t.Fatal(err)
		}
		var got savedRun
		if err := json.Unmarshal(saved, &got); err != nil {
			t.Fatal(err)
		}
		if last := got.Questions[1]; len(last.Found) == 0 || last.Nothing != (least == "auto") {
			t.Errorf("at least %s: %+v: nothing was found by which to judge", least, last)
		}
	}
}

// What the search had to do without is said: its figures are not those of the site.
func TestEvalWithoutMeaning(t *testing.T) {
	s, write := evalShop(t)
	judged := write("judged.csv", "question,expected\nwool cap,CAP-1\ntent for two,TENT-2\n")
	if out := s.ok("eval", "--questions", judged); strings.Contains(out, "without") {
		t.Errorf("with all that it has:\n%s", out)
	}
	s.ok("license", "suspend", "a.example.com")
	run := filepath.Join(t.TempDir(), "run.json")
	if r := s.run("eval", "--questions", judged, "--save", run); r.code != 0 || !strings.Contains(r.out, "2 of the questions were searched without meaning: LICENSE_INACTIVE") {
		t.Errorf("without a license: %d\n%s", r.code, r.out)
	}
	if out := s.ok("eval", "--questions", judged, "--words"); strings.Contains(out, "without") {
		t.Errorf("that words alone are searched was asked for:\n%s", out)
	}
	if r := s.run("search", "--explain", "wool cap"); r.code != 0 || !strings.Contains(r.out, "the question could not be embedded (LICENSE_INACTIVE)") {
		t.Errorf("explained: %d\n%s", r.code, r.out)
	}
	s.ok("license", "resume", "a.example.com")
	if out := s.ok("eval", "--questions", judged, "--against", run); !strings.Contains(out, "2 of its questions were searched without meaning: LICENSE_INACTIVE") {
		t.Errorf("against it:\n%s", out)
	}
}

// A run is saved whole or not at all, and where it cannot be saved nothing is
// measured.
func TestEvalSave(t *testing.T) {
	s, write := evalShop(t)
	judged := write("judged.csv", "question,expected\nwool cap,CAP-1\n")
	dir := t.TempDir()
	before := s.ok("usage", "--json")
	r := s.run("eval", "--questions", judged, "--save", filepath.Join(dir, "nowhere", "run.json"))
	if r.code != 1 || !strings.Contains(r.err, "--save: ") || s.ok("usage", "--json") != before {
		t.Errorf("got %d, %s: what could not be saved was measured", r.code, r.err)
	}
	run := filepath.Join(dir, "run.json")
	s.ok("eval", "--questions", judged, "--save", run)
	s.ok("eval", "--questions", judged, "--save", run, "--against", run)
	if names, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(names) != 1 {
		t.Errorf("left over: %q, %v", names, err)
	}
	if names, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(names) != 0 {
		t.Errorf("left over: %q, %v", names, err)
	}
	if out := s.ok("eval", "--questions", judged, "--save", os.DevNull); !strings.Contains(out, "1.0000") {
		t.Errorf("to what is no file:\n%s", out)
	}
}

func TestEvalReadsTREC(t *testing.T) {
	s, write := evalShop(t)
	var zipped strings.Builder
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte("query_id\tquery\n7\ttent for two\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	out := s.ok("eval", "--queries", write("q.tsv.gz", zipped.String()), "--qrels", write("qrels.txt", "7 0 TENT-2 E\n7 0 TENT-3 S\n"), "--words", "--at-least", "0.99")
	if !strings.Contains(out, "by words alone") || !strings.Contains(out, "1.0000") {
		t.Errorf("got\n%s", out)
	}
}

func TestEvalRefuses(t *testing.T) {
	s, write := evalShop(t)
	good := write("good.csv", "question,expected\ncap,CAP-1\n")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "name the judged questions"},
		{[]string{"--questions", good, "--qrels", good}, 2, "not together"},
		{[]string{"--queries", good}, 2, "one needs the other"},
		{[]string{"--questions", good, "--k", "0"}, 2, "--k: must be at least 1"},
		{[]string{"--questions", good, "--at-least", "61"}, 2, "--at-least: must be from 0 to 1"},
		{[]string{"--questions", write("bad.csv", "q,a\nx,y\n")}, 1, `line 1: want the columns "question" and "expected"`},
		{[]string{"--questions", write("none.csv", "question,expected\n")}, 1, "there are no questions"},
		{[]string{"--questions", write("plain.csv.gz", "question,expected\n")}, 1, "gzip"},
		{[]string{"--questions", good, "--against", good}, 1, "takes a file that --save wrote"},
		{[]string{"--questions", good, "--against", write("k.json", `{"format":1,"k":5}`)}, 1, "--k 5 compares with it"},
		{[]string{"--questions", good, "--against", write("f.json", `{"format":9}`)}, 1, "this version reads 1"},
		{[]string{"--questions", good, "--site", "nowhere.example.com"}, 1, "nowhere.example.com"},
	} {
		if r := s.run(append([]string{"eval"}, c.args...)...); r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%q: got %d\n%s", c.args, r.code, r.err)
		}
	}
}
