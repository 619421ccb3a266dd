package html

import (
	"encoding/json"
	"html"
	"strings"

	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// linkedQuestion is a question as JSON-LD has it.
type linkedQuestion struct{ question, answer string }

// linkedQuestions returns the questions of the FAQPages that the page describes
// in JSON-LD, in their order.
func linkedQuestions(root *nethtml.Node) []linkedQuestion {
	var out []linkedQuestion
	var walk func(*nethtml.Node)
	walk = func(n *nethtml.Node) {
		if n.DataAtom == atom.Script && strings.EqualFold(strings.TrimSpace(attr(n, "type")), "application/ld+json") && n.FirstChild != nil {
			out = append(out, faqPages(n.FirstChild.Data)...)
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	return out
}

// faqPages reads one script of JSON-LD. The questions stand in the page itself,
// or beside it in one graph, where Yoast writes them.
func faqPages(script string) []linkedQuestion {
	script = strings.TrimSpace(script)
	for _, wrap := range [][2]string{{"<!--", "-->"}, {"/*<![CDATA[*/", "/*]]>*/"}, {"//<![CDATA[", "//]]>"}, {"<![CDATA[", "]]>"}} {
		script = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(script, wrap[0]), wrap[1]))
	}
	var data any
	if json.Unmarshal([]byte(script), &data) != nil {
		return nil // what cannot be read says nothing; the page's text is there
	}
	var page bool
	var questions []linkedQuestion
	var walk func(v any, depth int)
	walk = func(v any, depth int) {
		if depth > 32 {
			return
		}
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e, depth+1)
			}
		case map[string]any:
			switch {
			case hasType(v, "FAQPage"):
				page = true
			case hasType(v, "Question"):
				if q := readQuestion(v); q != (linkedQuestion{}) {
					questions = append(questions, q)
				}
				return
			}
			walk(v["@graph"], depth+1)
			walk(v["mainEntity"], depth+1)
			walk(v["hasPart"], depth+1)
		}
	}
	walk(data, 0)
	if !page {
		return nil // a forum's QAPage: its answers are not the shop's
	}
	return questions
}

func hasType(node map[string]any, name string) bool {
	types, ok := node["@type"].([]any)
	if !ok {
		types = []any{node["@type"]}
	}
	for _, t := range types {
		if s, ok := t.(string); ok && (s == name || strings.HasSuffix(s, "schema.org/"+name)) {
			return true
		}
	}
	return false
}

func readQuestion(node map[string]any) linkedQuestion {
	name, _ := node["name"].(string)
	answer := node["acceptedAnswer"]
	if list, ok := answer.([]any); ok && len(list) > 0 {
		answer = list[0]
	}
	accepted, _ := answer.(map[string]any)
	text, _ := accepted["text"].(string)
	if strings.TrimSpace(name) == "" || strings.TrimSpace(text) == "" {
		return linkedQuestion{}
	}
	// Some plugins escape the HTML of an answer before they write it.
	if !strings.Contains(text, "<") && strings.Contains(text, "&lt;") {
		text = html.UnescapeString(text)
	}
	return linkedQuestion{name, text}
}
