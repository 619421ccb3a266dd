package woocommerce

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
)

// sign adds an OAuth 1.0a signature to req's query, as WooCommerce asks for over
// plain HTTP (class-wc-rest-authentication.php, check_oauth_signature): the
// secret itself is not sent.
func sign(req *http.Request, key ingestion.Credentials, now time.Time) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // it never fails
	q := req.URL.Query()
	q.Set("oauth_consumer_key", key.Key.Reveal())
	q.Set("oauth_nonce", hex.EncodeToString(nonce[:]))
	q.Set("oauth_signature_method", "HMAC-SHA256")
	q.Set("oauth_timestamp", strconv.FormatInt(now.Unix(), 10))
	mac := hmac.New(sha256.New, []byte(key.Secret.Reveal()+"&"))
	mac.Write([]byte(baseString(req.Method, req.URL, q)))
	q.Set("oauth_signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	req.URL.RawQuery = q.Encode()
}

// baseString is what OAuth 1.0a signs (RFC 5849, 3.4.1).
func baseString(method string, u *url.URL, q url.Values) string {
	var pairs []string
	for name, values := range q {
		for _, v := range values {
			pairs = append(pairs, percent(name)+"="+percent(v))
		}
	}
	slices.Sort(pairs)
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return method + "&" + percent(u.Scheme+"://"+host+path) + "&" + percent(strings.Join(pairs, "&"))
}

// percent escapes as RFC 3986 has it.
func percent(s string) string {
	return strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(s))
}
