package answering

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// rescue ends an answer that panicked, so that the others go on. Its turn is
// lost when its lease runs out, and what it held is left to the sweep. It must
// be deferred.
func (s *Service) rescue(ctx context.Context, sc tenant.Scope, l *live) {
	p := recover()
	if p == nil {
		return
	}
	s.publish(ctx, sc, Answered{
		Message: l.turn.Message, Finish: chat.Failed, Code: metering.CodeInternal,
		Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack()), Took: s.Now().Sub(l.turn.Asked),
	})
	l.finish(chat.Turn{Finish: chat.Failed, ErrorCode: metering.CodeInternal}, nil)
}
