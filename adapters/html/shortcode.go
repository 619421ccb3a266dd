package html

import "strings"

// shortcodePattern matches what could be a WordPress shortcode: a name in
// square brackets, with attributes whose quoted values may hold anything.
const shortcodePattern = `\[(/?)([A-Za-z][A-Za-z0-9_-]*)((?:\s+(?:"[^"]*"|'[^']*'|[^\]"'])*)?)/?\]`

// rawBlockPattern matches the page builder blocks whose content is encoded
// code and no text.
const rawBlockPattern = `(?s)\[vc_raw_(?:html|js)[^\]]*\].*?\[/vc_raw_(?:html|js)\]`

// shortcodes that core and WooCommerce bring, without an underscore or a hyphen
// in their name that would give them away.
const coreShortcodes = " audio caption cart checkout embed gallery playlist product products video woocommerce "

// stripShortcodes takes out shortcodes that nobody expanded, because the
// builder that knows them was not loaded, and keeps what they enclose. Brackets
// that a person wrote, such as [new], stay.
func (t *Text) stripShortcodes(s string) string {
	if !strings.Contains(s, "[") {
		return s
	}
	s = t.rawBlock.ReplaceAllString(s, "")
	closed := map[string]bool{}
	for _, m := range t.shortcode.FindAllStringSubmatch(s, -1) {
		if m[1] == "/" {
			closed[strings.ToLower(m[2])] = true
		}
	}
	return t.shortcode.ReplaceAllStringFunc(s, func(code string) string {
		m := t.shortcode.FindStringSubmatch(code)
		name := strings.ToLower(m[2])
		if title := t.titleOf(name, m[3]); m[1] == "" && title != "" {
			return "<h3>" + title + "</h3>"
		}
		if m[1] == "/" || closed[name] || strings.ContainsAny(name, "_-") ||
			strings.Contains(m[3], "=") || strings.Contains(coreShortcodes, " "+name+" ") {
			return ""
		}
		return code
	})
}

// titlePattern matches the title among a shortcode's attributes.
const titlePattern = `(?:^|\s)(?:title|heading|toggle_title|text)\s*=\s*(?:"([^"]*)"|'([^']*)'|&#8221;([^&]*)&#8243;)`

// titled are parts of the names of shortcodes whose title heads what they
// enclose, or what follows: headings, questions, tabs, sections that open.
const titled = "custom_heading toggle accordion spoiler tab tta_section faq"

// titleOf returns the title of a shortcode that heads what it encloses, as text.
func (t *Text) titleOf(name, attributes string) string {
	for part := range strings.FieldsSeq(titled) {
		if !strings.Contains(name, part) {
			continue
		}
		m := t.title.FindStringSubmatch(attributes)
		if m == nil {
			return ""
		}
		return strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(strings.TrimSpace(m[1] + m[2] + m[3]))
	}
	return ""
}
