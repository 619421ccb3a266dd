package ingesting

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
)

// intake is one delivery on its way in.
type intake struct {
	*Receiver
	Delivery
	to      receiving
	by      sender
	product bool // the topic is one of products
	macs    [ingestion.MaxSecrets]hash.Hash
	scan    scanner
	size    int64
	body    []byte // of a shop that we cannot ask
	keep    bool   // body is being kept
	held    bool   // body has a place among the large ones
	crowded bool   // there was none
}

// read reads the body to its end, or as far as it is worth it.
func (in *intake) read(ctx context.Context) error {
	for i := range in.macs {
		in.macs[i] = hmac.New(sha256.New, in.to.secrets[i])
	}
	in.keep = in.product && in.to.known && !in.to.HasKey
	most := int64(maxHashed)
	if in.suspect(in.by) {
		most = smallBody
	}
	buf, _ := in.bufs.Get().(*[]byte)
	defer in.bufs.Put(buf)
	for {
		n, err := in.Body.Read(*buf)
		p := (*buf)[:n]
		in.size += int64(n)
		for _, m := range in.macs {
			m.Write(p)
		}
		if in.product && in.size <= MaxDelivery {
			_, _ = in.scan.Write(p)
			in.append(ctx, p, most)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			in.free()
			return fmt.Errorf("%w: %w", ErrBroken, err)
		case ctx.Err() != nil:
			in.free()
			return fmt.Errorf("%w: %w", ErrBroken, ctx.Err())
		case in.size > most:
			in.free()
			return ErrRefused
		}
	}
}

// append keeps p of a shop that we cannot ask. A large body needs a place: one
// that has none is not kept, and said to have been dropped.
func (in *intake) append(ctx context.Context, p []byte, most int64) {
	if !in.keep || in.size > most {
		return
	}
	if !in.held && len(in.body)+len(p) > smallBody {
		if in.held = in.large.take(ctx, in.Site, in.From); !in.held {
			in.keep, in.crowded, in.body = false, true, nil
			return
		}
	}
	in.body = append(in.body, p...)
}

// free gives up what read holds. It may be called again.
func (in *intake) free() {
	if in.held {
		in.large.give(in.Site, in.From)
		in.held = false
	}
	in.body = nil
}

// signed reports whether one of the site's secrets has signed the body.
func (in *intake) signed() bool {
	good := 0
	for _, m := range in.macs {
		if hmac.Equal([]byte(base64.StdEncoding.EncodeToString(m.Sum(nil))), []byte(in.Signature)) {
			good++
		}
	}
	return good > 0 && in.to.known
}

// deleted reports whether the body is a deletion: nothing but an id.
func (in *intake) deleted() bool {
	return in.Topic == "product.deleted" && in.scan.id(fieldID) != "" && in.scan.word(fieldType) == ""
}

// take keeps what must be kept of a delivery that is signed.
func (in *intake) take(ctx context.Context) (Reception, error) {
	id := in.scan.id(fieldID)
	switch {
	case !in.product:
		return Ignored, nil
	case in.size > MaxDelivery:
		if err := in.unpriced(ctx, id); err != nil {
			return 0, err
		}
		return in.report(ctx, ingestion.DeliveryTooBig, in.about(id),
			fmt.Sprintf("a delivery of %d MiB was dropped; the most is %d MiB: the product is read when the shop is next polled", in.size>>20, MaxDelivery>>20))
	case id == "":
		return in.refusal(ctx)
	}
	object := id
	if in.variation() {
		object = in.scan.id(fieldParent)
	}
	hint := ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Product, ID: object}}
	if !in.to.HasKey {
		if done, err := in.payload(ctx, &hint); done != 0 || err != nil {
			return done, err
		}
	}
	// Not before: a large body takes its time to be parsed.
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := in.deps.Queue.Enqueue(ctx, in.to.Scope, []ingestion.Hint{hint}); err != nil {
		return 0, err
	}
	if in.deps.Bell != nil {
		in.deps.Bell.Ring()
	}
	return Hinted, nil
}

// unpriced asks for the price of a product not to be told any more that a shop
// which we cannot ask has changed in a way that was not read: it may cost something
// else by now.
func (in *intake) unpriced(ctx context.Context, id string) error {
	if in.to.HasKey || id == "" || in.variation() {
		return nil
	}
	payload, err := EncodePayload(catalog.Change{Rejected: &catalog.Rejected{
		Where: in.about(id), Kind: catalog.KindProduct, ID: id, Reason: "its delivery was too large: save it once more with a shorter text, or give woochat a REST key of the shop",
	}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	hint := ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Product, ID: id}, Payload: payload, Modified: in.deps.Now().Truncate(time.Second)}
	if err := in.deps.Queue.Enqueue(ctx, in.to.Scope, []ingestion.Hint{hint}); err != nil {
		return err
	}
	if in.deps.Bell != nil {
		in.deps.Bell.Ring()
	}
	return nil
}

func (in *intake) variation() bool {
	return in.scan.word(fieldType) == "variation" && in.scan.id(fieldParent) != ""
}

// refusal tells of a body that is no product but an error of the shop's API,
// with a good signature: the user that owns the webhook may not read products.
func (in *intake) refusal(ctx context.Context) (Reception, error) {
	code := in.scan.word(fieldCode)
	if code == "" {
		return in.report(ctx, ingestion.Rejected, in.Topic, "a delivery of this topic has neither a product nor an error in its body: look at what plugins do to webhooks")
	}
	in.again(in.to.Scope.Site, "readable")
	return in.report(ctx, ingestion.CannotView, in.topic(),
		"the shop sends the error "+code+" instead of products: the user that owns its webhooks may not read them any more. Give the user back the role of a shop manager, or make the webhooks anew as another one")
}

// connection returns the connection of the delivery's site.
func (in *intake) connection(ctx context.Context) (ingestion.Connection, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return in.deps.Connections.Connection(ctx, in.to.Scope)
}

// payload puts what the shop says of the product into the hint, for a shop that
// we cannot ask. If it returns a Reception there is nothing to hint at.
func (in *intake) payload(ctx context.Context, hint *ingestion.Hint) (Reception, error) {
	id := hint.Object.ID
	change := catalog.Change{Deleted: &catalog.Deleted{Kind: catalog.KindProduct, ID: id}}
	hint.Modified = in.deps.Now().Truncate(time.Second)
	switch {
	case in.crowded:
		if err := in.unpriced(ctx, id); err != nil {
			return 0, err
		}
		return in.report(ctx, ingestion.DeliveryTooBig, in.about(id), "a large delivery was dropped, since others came at the same time; save the product once more, or give woochat a REST key of the shop")
	case in.variation():
		return in.report(ctx, ingestion.VariationUnread, "",
			"variations of products change, and without a REST key of the shop they cannot be read: give woochat a key that may read")
	case !in.deleted():
		c, err := in.connection(ctx)
		if err != nil {
			return 0, err
		}
		p, err := in.deps.Parse(in.body, c)
		change = catalog.Change{Product: &p}
		if err != nil { // whoever works at the hint tells of it
			unread := &catalog.Rejected{Where: in.about(id), Kind: catalog.KindProduct, ID: id, Reason: err.Error()}
			if p.ID == id {
				unread.Known = &p
			}
			change = catalog.Change{Rejected: unread}
		}
		// What was taken out of the trash keeps its date, and the deletion before it
		// has none but ours: being restored counts from now.
		if !p.Updated.IsZero() && (in.Topic != "product.restored" || p.Updated.After(hint.Modified)) {
			hint.Modified = p.Updated
		}
	}
	var err error
	hint.Payload, err = EncodePayload(change)
	if err != nil {
		return in.report(ctx, ingestion.Rejected, in.about(id), err.Error())
	}
	return 0, nil
}

// about is the subject of a finding about a product; the topic if it is not
// known which.
func (in *intake) about(id string) string {
	if id == "" {
		return in.topic()
	}
	return ingestion.Object{Kind: ingestion.Product, ID: id}.String()
}

// topic returns the topic, which is not signed, if it is one that there is.
func (in *intake) topic() string {
	switch in.Topic {
	case "product.created", "product.updated", "product.deleted", "product.restored", "product.published":
		return in.Topic
	}
	return "product"
}

func (in *intake) report(ctx context.Context, kind ingestion.FindingKind, subject, detail string) (Reception, error) {
	return Reported, in.raise(ctx, in.to.Scope, kind, subject, detail)
}
