package ginhttp

import (
	"bufio"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
)

const mimeCSV = "text/csv"

// exportBuffer is how much of an export is gathered before it is sent; an error
// before that is an ordinary answer.
const exportBuffer = 32 << 10

// usageCSV sends all events of some days as CSV, of any number, in constant
// memory: GET /api/admin/usage/events.csv?from=...&to=.... An error after the
// first bytes aborts the connection: half of a file must not look like one.
func (s *Server) usageCSV(c *gin.Context) {
	who, q, err := s.usageQuery(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	out := &export{c: c, name: fmt.Sprintf("usage-events-%s-%s-%s.csv", q.Site, q.First, q.Last)}
	buffer := bufio.NewWriterSize(out, exportBuffer)
	err = s.deps.Reports.WriteEvents(c.Request.Context(), who, q, buffer)
	if err == nil {
		err = buffer.Flush()
	}
	switch {
	case err == nil:
	case !out.begun:
		s.fail(c, err)
	default:
		s.deps.Log.LogAttrs(c.Request.Context(), slog.LevelError, "an export broke off",
			slog.String("request_id", requestID(c)), slog.String("error", err.Error()))
		panic(http.ErrAbortHandler)
	}
}

// export writes the header before the first bytes, and gives each write its own
// time, so that a reader may be slow but not silent.
type export struct {
	c     *gin.Context
	name  string
	begun bool
}

func (e *export) Write(p []byte) (int, error) {
	if !e.begun {
		e.begun = true
		h := e.c.Writer.Header()
		h.Set("Content-Type", mimeCSV+"; charset=utf-8; header=present")
		h.Set("Content-Disposition", `attachment; filename="`+e.name+`"`)
		h.Set("X-Accel-Buffering", "no")
		e.c.Status(http.StatusOK)
	}
	hurry(e.c)
	return e.c.Writer.Write(p)
}
