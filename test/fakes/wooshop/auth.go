package wooshop

import (
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- OAuth 1.0a has it
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Key is a REST key of the shop.
type Key struct {
	Key, Secret string // ck_..., cs_...
	Permissions string // read, write or read_write
}

type key struct {
	Key
	id       int
	disowned bool // its user lost the right to read products
}

// AddKey makes a REST key with these permissions: read, write or read_write.
func (s *Shop) AddKey(permissions string) Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addKey(permissions).Key
}

func (s *Shop) addKey(permissions string) *key {
	s.lastKey++
	k := &key{id: s.lastKey, Key: Key{Key: "ck_" + s.hex(40), Secret: "cs_" + s.hex(40), Permissions: permissions}}
	s.keys[k.Key.Key] = k
	return k
}

// RevokeKey deletes a key.
func (s *Shop) RevokeKey(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, k.Key)
}

// DisownKey takes the right to read products from the user of a key, or gives
// it back.
func (s *Shop) DisownKey(k Key, disowned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.keys[k.Key]; ok {
		have.disowned = disowned
	}
}

func (s *Shop) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[s.rand.IntN(16)]
	}
	return string(b)
}

// allowed returns no answer if the request's key may do what it asks for.
func (s *Shop) allowed(q *request, single bool) *answer {
	say := func(code, message string, status int) *answer {
		a := fail(code, message, status)
		if status == http.StatusUnauthorized && q.tls {
			a = a.with("WWW-Authenticate", `Basic realm="WooCommerce API. Use a consumer key in the username field and a consumer secret in the password field."`)
		}
		return &a
	}
	k, refused := s.authenticate(q, say)
	if refused != nil {
		return refused
	}
	message := "Sorry, you cannot list resources."
	if single {
		message = "Sorry, you cannot view this resource."
	}
	reads := q.r.Method == http.MethodGet || q.r.Method == http.MethodHead
	if !reads {
		message = "Sorry, you are not allowed to create resources."
	}
	switch {
	case k == nil:
		return say("woocommerce_rest_cannot_view", message, http.StatusUnauthorized)
	case reads && k.Permissions == "write":
		return say("woocommerce_rest_authentication_error", "The API key provided does not have read permissions.", http.StatusUnauthorized)
	case !reads && k.Permissions == "read":
		return say("woocommerce_rest_authentication_error", "The API key provided does not have write permissions.", http.StatusUnauthorized)
	case k.disowned:
		return say("woocommerce_rest_cannot_view", message, http.StatusForbidden)
	}
	return nil
}

// authenticate finds the key of a request: over TLS by its query or a Basic
// header, without by an OAuth 1.0a signature only. An unknown key over TLS is
// the same as none.
func (s *Shop) authenticate(q *request, say func(code, message string, status int) *answer) (*key, *answer) {
	const wrong = "woocommerce_rest_authentication_error"
	if q.tls {
		id, secret := q.query.Get("consumer_key"), q.query.Get("consumer_secret")
		if id == "" || secret == "" {
			id, secret, _ = q.r.BasicAuth()
		}
		if k, ok := s.keys[id]; ok && secret != "" {
			if k.Secret != secret {
				return nil, say(wrong, "Consumer secret is invalid.", http.StatusUnauthorized)
			}
			return k, nil
		}
	}
	params := s.oauth(q)
	if params == nil {
		return nil, nil
	}
	var missing []string
	for _, name := range []string{"oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method"} {
		if params.Get(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, say("woocommerce_rest_authentication_missing_parameter", "Missing OAuth parameters "+strings.Join(missing, ", "), http.StatusUnauthorized)
	}
	k, ok := s.keys[params.Get("oauth_consumer_key")]
	if !ok {
		return nil, say(wrong, "Consumer key is invalid.", http.StatusUnauthorized)
	}
	if why := s.checkSignature(q, k, params); why != "" {
		return nil, say(wrong, why, http.StatusUnauthorized)
	}
	return k, nil
}

// oauth returns all parameters of a request that is signed, nil if none is.
func (s *Shop) oauth(q *request) url.Values {
	params := url.Values{}
	maps.Copy(params, q.query)
	if header, ok := strings.CutPrefix(q.r.Header.Get("Authorization"), "OAuth "); ok {
		for part := range strings.SplitSeq(header, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if plain, err := url.PathUnescape(strings.Trim(value, `"`)); err == nil && strings.HasPrefix(name, "oauth_") {
				params.Set(name, plain)
			}
		}
	}
	for name := range params {
		if strings.HasPrefix(name, "oauth_") {
			return params
		}
	}
	return nil
}

func (s *Shop) checkSignature(q *request, k *key, params url.Values) string {
	method := params.Get("oauth_signature_method")
	made := map[string]func() hash.Hash{"HMAC-SHA1": sha1.New, "HMAC-SHA256": sha256.New}[method]
	if made == nil {
		return "Invalid signature - signature method is invalid."
	}
	var pairs []string
	for name, values := range params {
		if name == "oauth_signature" {
			continue
		}
		pairs = append(pairs, percent(name)+"="+percent(values[len(values)-1]))
	}
	slices.Sort(pairs)
	scheme, rest, _ := strings.Cut(s.url, "://")
	host, _, _ := strings.Cut(rest, "/")
	base := q.r.Method + "&" + percent(scheme+"://"+host+q.r.URL.EscapedPath()) + "&" + percent(strings.Join(pairs, "&"))
	m := hmac.New(made, []byte(k.Secret+"&"))
	m.Write([]byte(base))
	given := strings.ReplaceAll(params.Get("oauth_signature"), " ", "+")
	if base64.StdEncoding.EncodeToString(m.Sum(nil)) != given {
		return "Invalid signature - provided signature does not match."
	}
	at, err := strconv.ParseInt(params.Get("oauth_timestamp"), 10, 64)
	const window = 15 * 60
	if now := s.clock().Unix(); err != nil || at < now-window || at > now+window {
		return "Invalid timestamp."
	}
	nonce := k.Key.Key + " " + params.Get("oauth_nonce")
	if s.nonces[nonce] {
		return "Invalid nonce - nonce has already been used."
	}
	s.nonces[nonce] = true
	return ""
}

// percent encodes as RFC 3986 does.
func percent(s string) string {
	return strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(s))
}
