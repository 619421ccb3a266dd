package chat

// EventKind is a kind of stream event.
type EventKind uint8

// Kinds of stream events, in the order in which a good answer has them. The
// zero EventKind is invalid.
const (
	EventStart    EventKind = iota + 1 // message.start
	EventDelta                         // delta
	EventSources                       // sources
	EventProducts                      // products
	EventEnd                           // message.end
	EventError                         // error
)

// String returns the event's name on the wire.
func (k EventKind) String() string {
	switch k {
	case EventStart:
		return "message.start"
	case EventDelta:
		return "delta"
	case EventSources:
		return "sources"
	case EventProducts:
		return "products"
	case EventEnd:
		return "message.end"
	case EventError:
		return "error"
	}
	return ""
}

// StreamEvent is one step of an answer as it is shown. Which fields are set
// depends on Kind.
type StreamEvent struct {
	No           int64 // counts from 1 within the message
	Kind         EventKind
	Conversation ConversationID // EventStart
	Message      MessageID      // EventStart
	Text         string         // EventDelta
	Sources      []Citation     // EventSources
	Cards        []Card         // EventProducts
	Finish       Finish         // EventEnd
	Tokens       Tokens         // EventEnd
	Notice       string         // EventEnd: what to tell about the answer, "" for nothing
	Err          error          // EventError: why the answer failed
}
