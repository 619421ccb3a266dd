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
		if m[1] == "/" || closed[name] || strings.ContainsAny(name, "_-") ||
			strings.Contains(m[3], "=") || strings.Contains(coreShortcodes, " "+name+" ") {
			return ""
		}
		return code
	})
}
