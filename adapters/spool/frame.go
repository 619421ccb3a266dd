package spool

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
)

// A frame is a magic word, the length of its payload, a checksum of length and
// payload, and the payload: JSON, in which the magic word's first byte never
// occurs. So a frame can be found again behind any damage.
const frameHead = 12

func magic() []byte { return []byte{0xff, 'W', 'S', 1} }

// appendFrame appends payload's frame to b. payload is shorter than 2 GiB.
func appendFrame(b, payload []byte) []byte {
	b = append(b, magic()...)
	at := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, checksum(b[at:at+4], payload))
	return append(b, payload...)
}

func checksum(length, payload []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(length, table), table, payload)
}

// cutFrame returns the payload of the frame at the beginning of b, if it is
// there, whole and undamaged.
func cutFrame(b []byte) (payload []byte, ok bool) {
	if len(b) < frameHead || !bytes.HasPrefix(b, magic()) {
		return nil, false
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n > math.MaxInt32 || int(n) > len(b)-frameHead {
		return nil, false
	}
	payload = b[frameHead : frameHead+int(n)]
	return payload, checksum(b[4:8], payload) == binary.LittleEndian.Uint32(b[8:])
}

// torn reports whether b is the beginning of a frame, or the zeros that some
// file systems leave in its place: what a crash in the middle of a write leaves.
func torn(b []byte) bool {
	if len(bytes.Trim(b, "\x00")) == 0 {
		return true
	}
	if len(b) < frameHead {
		return bytes.HasPrefix(magic(), b[:min(len(b), len(magic()))])
	}
	return bytes.HasPrefix(b, magic()) && int64(binary.LittleEndian.Uint32(b[4:])) > int64(len(b)-frameHead)
}

// damage is a part of a journal that is no frame.
type damage struct {
	from, to int
	torn     bool // a write that was cut off: nobody was told that it succeeded
}

// scan calls found with the payload of each whole frame of b, in order, and
// returns what lies between them. A payload that found refuses is damage, too.
func scan(b []byte, found func(payload []byte) bool) []damage {
	var all []damage
	whole := func(at int) int {
		if payload, ok := cutFrame(b[at:]); ok && found(payload) {
			return frameHead + len(payload)
		}
		return 0
	}
	for at := 0; at < len(b); {
		if n := whole(at); n > 0 {
			at += n
			continue
		}
		d := damage{from: at}
		n := 0
		for at++; at < len(b); at++ {
			skip := bytes.Index(b[at:], magic())
			if skip < 0 {
				at = len(b)
				break
			}
			at += skip
			if n = whole(at); n > 0 {
				break
			}
		}
		d.to = min(at, len(b))
		d.torn = d.to == len(b) && torn(b[d.from:])
		all = append(all, d)
		at += n
	}
	return all
}
