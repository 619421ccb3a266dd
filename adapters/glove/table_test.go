package glove

import (
	"strings"
	"testing"
)

func TestADamagedFileIsRefused(t *testing.T) {
	for name, file := range map[string][]byte{
		"empty": nil, "cut": words[:len(words)-1], "longer": append(append([]byte{}, words...), 0), "of another layout": append([]byte("glove-2\n"), words[8:]...), "head only": words[:headBytes],
	} {
		if _, err := newTable(file); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

func TestEveryWordIsFound(t *testing.T) {
	table, err := newTable(words)
	if err != nil {
		t.Fatal(err)
	}
	before := ""
	for i := range table.n {
		w := string(table.word(i))
		if w <= before || len(w) > longestWord || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz'-") != "" {
			t.Fatalf("word %d is %q after %q", i, w, before)
		}
		if at, ok := table.find(w); !ok || at != i {
			t.Fatalf("%q is at %d, found %v at %d", w, i, ok, at)
		}
		before = w
	}
	if table.n != 60_000 {
		t.Errorf("%d words, want 60,000", table.n)
	}
}

func TestDiacritics(t *testing.T) {
	for in, want := range map[string]string{"àžż": "azz", "łódź": "lodz", "größe": "grosse", "smørbrød": "smorbrod", "cœur": "coeur", "ελλ": "ελλ", "naïve": "naive", "e\u0301te\u0301": "ete"} {
		if got := straight(in); got != want {
			t.Errorf("straight(%q): got %q, want %q", in, got, want)
		}
	}
}
