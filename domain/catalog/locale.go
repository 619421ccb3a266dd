package catalog

import "strings"

// maxLocale is how long a BCP 47 tag may be (RFC 5646, 4.4.1).
const maxLocale = 35

// LocaleOf returns text as a BCP 47 tag, with hyphens where WordPress and others
// write de_AT; "" if it cannot be one.
func LocaleOf(text string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	tag := strings.ReplaceAll(strings.TrimSpace(text), "_", "-")
	if len(tag) < 2 || len(tag) > maxLocale || strings.Trim(tag, letters) != "" {
		return ""
	}
	return tag
}
