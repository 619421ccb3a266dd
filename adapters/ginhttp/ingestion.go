package ginhttp

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// consented takes the key that a shop has made once its owner agreed:
// POST /api/connect/woocommerce/:state. WooCommerce takes the key back unless
// the answer is exactly 200.
func (s *Server) consented(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	var body struct {
		Key         string `json:"consumer_key"`
		Secret      string `json:"consumer_secret"`
		Permissions string `json:"key_permissions"`
	}
	if s.deps.Connecting == nil {
		s.fail(c, ports.ErrNotFound)
		return
	}
	if _, err := decode(c, &body); err != nil {
		s.fail(c, err)
		return
	}
	if err := s.deps.Connecting.Accept(c.Request.Context(), c.Param("state"), connecting.Consent{
		Key:   ingestion.Credentials{Key: ingestion.NewSecret(body.Key), Secret: ingestion.NewSecret(body.Secret)},
		Write: body.Permissions == "write" || body.Permissions == "read_write",
	}); err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"success": true})
}

// ingestionStatus tells how far the key's site is:
// GET /api/admin/ingestion/status.
func (s *Server) ingestionStatus(c *gin.Context) {
	if s.deps.Statuses == nil {
		s.fail(c, ports.ErrNotFound)
		return
	}
	h := holding(c)
	st, err := s.deps.Statuses.Status(c.Request.Context(), h.grants, h.scope)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, wireStatus(st))
}

func wireStatus(st ingesting.Status) gin.H {
	failures, findings, embedding := []gin.H{}, []gin.H{}, []gin.H{}
	for _, j := range st.Failures {
		failures = append(failures, gin.H{"object": j.Object.String(), "attempts": j.Attempts, "dead": j.Dead, "error": j.Error, "due_at": wireTime(j.Due)})
	}
	for _, f := range st.Findings {
		findings = append(findings, gin.H{"kind": f.Kind, "subject": f.Subject, "detail": f.Detail, "count": f.Count, "first_at": wireTime(f.First), "last_at": wireTime(f.Last)})
	}
	for _, e := range st.Embedding {
		embedding = append(embedding, gin.H{"model": e.Model, "requests": e.Requests, "tokens": e.Tokens, "cost_usd": e.Cost.String()})
	}
	var connection any
	if st.Connection != nil {
		connection = wireConnection(*st.Connection)
	}
	d := st.Documents
	return gin.H{
		"index":       wireIndex(st.Index),
		"documents":   gin.H{"total": d.Documents, "shown": d.Shown, "chunks": d.Chunks, "waiting": d.Waiting},
		"lag_seconds": st.Lag.Seconds(), "newest_unsearchable_at": wireTime(st.Newest), "connection": connection,
		"jobs": gin.H{"pending": st.Jobs.Pending, "dead": st.Jobs.Dead, "more": st.Jobs.More}, "failures": failures, "findings": findings,
		"embedding": gin.H{"days": ingesting.EmbeddingDays, "models": embedding},
	}
}

func wireIndex(x ingesting.IndexStatus) gin.H {
	var building any
	if b := x.Building; b.No != 0 {
		building = gin.H{"generation": b.No, "embedding_model": b.Model, "chunking": wireChunking(b.Chunking), "built": max(0, x.Shown-x.Unbuilt), "total": x.Shown}
	}
	var former any
	if f := x.Former; f.No != 0 {
		former = gin.H{"generation": f.No, "embedding_model": f.Model, "chunking": wireChunking(f.Chunking)}
	}
	return gin.H{
		"generation": x.Served.No, "embedding_model": x.Served.Model, "chunking": wireChunking(x.Served.Chunking), "waiting_for_vectors": x.Waiting, "building": building, "former": former, "pinned": x.Pinned,
	}
}

func wireChunking(c retrieval.Chunking) gin.H {
	target, most := c.Sizes()
	return gin.H{"target": target, "max": most}
}

// wireTime returns t as the wire has it, null for the zero time.
func wireTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func wireConnection(x ingestion.Shown) gin.H {
	return gin.H{"url": x.URL, "has_key": x.HasKey, "may_write": x.Write, "webhook_secrets": x.Secrets, "last_webhook_at": wireTime(x.LastHook)}
}

func wireHooks(h connecting.Hooks) gin.H {
	list := func(topics []string) []string { return append([]string{}, topics...) }
	return gin.H{"delivery_url": h.Delivery, "active": list(h.Active), "made": list(h.Made), "missing": list(h.Missing)}
}

// withSecret adds a secret that is told once, if there is one.
func withSecret(body gin.H, secret ingestion.Secret) gin.H {
	if text := secret.Reveal(); text != "" {
		body["webhook_secret"] = text
	}
	return body
}

// connecting returns a handler that needs Deps.Connecting.
func (s *Server) connecting(do func(c *gin.Context, h holder) (int, any, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		if s.deps.Connecting == nil {
			s.fail(c, ports.ErrNotFound)
			return
		}
		status, body, err := do(c, holding(c))
		switch {
		case err != nil:
			s.fail(c, err)
		case body == nil:
			c.Status(status)
		default:
			c.JSON(status, body)
		}
	}
}

// sync begins an import: POST /api/admin/ingestion/sync.
func (s *Server) sync(c *gin.Context, h holder) (int, any, error) {
	return http.StatusAccepted, nil, s.deps.Connecting.Sync(c.Request.Context(), h.grants, h.scope)
}

// showConnection shows how the shop is reached:
// GET /api/admin/ingestion/connection.
func (s *Server) showConnection(c *gin.Context, h holder) (int, any, error) {
	shown, err := s.deps.Connecting.Show(c.Request.Context(), h.grants, h.scope)
	return http.StatusOK, wireConnection(shown), err
}

// connectShop connects the shop by a key: PUT /api/admin/ingestion/connection.
func (s *Server) connectShop(c *gin.Context, h holder) (int, any, error) {
	var body struct {
		URL      string `json:"url"`
		Key      string `json:"consumer_key"`
		Secret   string `json:"consumer_secret"`
		Decimals *uint8 `json:"decimals"`
	}
	if _, err := decode(c, &body); err != nil {
		return 0, nil, err
	}
	order := connecting.Order{URL: body.URL, Decimals: body.Decimals}
	if body.Key != "" || body.Secret != "" {
		order.Key = ingestion.Credentials{Key: ingestion.NewSecret(body.Key), Secret: ingestion.NewSecret(body.Secret)}
	}
	got, err := s.deps.Connecting.Connect(c.Request.Context(), h.grants, h.scope, order)
	return http.StatusOK, withSecret(gin.H{"connection": wireConnection(got.Shown), "webhooks": wireHooks(got.Hooks)}, got.Secret), err
}

// disconnectShop forgets the shop's key and secrets:
// DELETE /api/admin/ingestion/connection.
func (s *Server) disconnectShop(c *gin.Context, h holder) (int, any, error) {
	got, err := s.deps.Connecting.Disconnect(c.Request.Context(), h.grants, h.scope)
	body := gin.H{"webhooks_removed": got.Hooks == nil}
	if got.Hooks != nil {
		body["reason"] = got.Hooks.Error()
	}
	return http.StatusOK, body, err
}

// rotate makes a new secret of the webhooks:
// POST /api/admin/ingestion/connection/rotate.
func (s *Server) rotate(c *gin.Context, h holder) (int, any, error) {
	got, err := s.deps.Connecting.Rotate(c.Request.Context(), h.grants, h.scope)
	return http.StatusOK, withSecret(gin.H{"webhooks": wireHooks(got.Hooks)}, got.Secret), err
}

// finishRotation forgets the secret before:
// POST /api/admin/ingestion/connection/rotate/finish.
func (s *Server) finishRotation(c *gin.Context, h holder) (int, any, error) {
	return http.StatusNoContent, nil, s.deps.Connecting.Finish(c.Request.Context(), h.grants, h.scope)
}

// invite returns the address at which the shop's owner agrees:
// POST /api/admin/ingestion/connection/invite.
func (s *Server) invite(c *gin.Context, h holder) (int, any, error) {
	var body struct {
		URL    string `json:"url"`
		Return string `json:"return_url"`
	}
	if _, err := decode(c, &body); err != nil {
		return 0, nil, err
	}
	address, err := s.deps.Connecting.Invite(c.Request.Context(), h.grants, h.scope, body.URL, body.Return)
	return http.StatusOK, gin.H{"authorize_url": address}, err
}
