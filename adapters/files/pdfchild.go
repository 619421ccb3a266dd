package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime/metrics"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// Bounds of a process that reads one PDF.
const (
	pdfTimeout = 30 * time.Second
	pdfMemory  = 384 << 20 // bytes
	pdfOutput  = 16 << 20  // bytes
)

// pdfAnswer is what such a process prints.
type pdfAnswer struct {
	HTML   string `json:"html"`
	Title  string `json:"title"`
	Reason string `json:"reason"` // why it is no PDF to read; "" if it is
}

// exit codes of ServePDF.
const (
	pdfDone     = 0
	pdfFailed   = 1
	pdfTooLarge = 75
)

// SeparatePDF returns a reader that starts a process for each file: command
// makes one that calls ServePDF with its standard input and output. A file that
// takes more than 30 seconds or 384 MiB is ErrInvalid; its process is ended.
func SeparatePDF(command func(context.Context) *exec.Cmd) PDFReader {
	return func(ctx context.Context, data []byte) (string, string, error) {
		limited, cancel := context.WithTimeout(ctx, pdfTimeout)
		defer cancel()
		cmd := command(limited)
		out := limitedBuffer{left: pdfOutput}
		cmd.Stdin, cmd.Stdout = bytes.NewReader(data), &out
		cmd.WaitDelay = time.Second
		err := cmd.Run()
		var exit *exec.ExitError
		switch {
		case ctx.Err() != nil:
			return "", "", ctx.Err()
		case limited.Err() != nil:
			return "", "", fmt.Errorf("%w: it takes longer than %v to read: save it as PDF again", ports.ErrInvalid, pdfTimeout)
		case out.full, errors.As(err, &exit) && exit.ExitCode() == pdfTooLarge:
			return "", "", fmt.Errorf("%w: it takes more than %d MiB of memory to read: split it", ports.ErrInvalid, pdfMemory>>20)
		case errors.As(err, &exit) && exit.ExitCode() != pdfFailed:
			return "", "", broken("PDF", fmt.Errorf("the reader ended with %w", exit))
		case err != nil:
			return "", "", fmt.Errorf("%w: start a reader of PDF: %w", ports.ErrUnavailable, err)
		}
		var answer pdfAnswer
		if err := json.Unmarshal(out.kept.Bytes(), &answer); err != nil {
			return "", "", fmt.Errorf("%w: the reader of PDF gave no answer: %w", ports.ErrUnavailable, err)
		}
		if answer.Reason != "" {
			return "", "", fmt.Errorf("%w: %s", ports.ErrInvalid, answer.Reason)
		}
		return answer.HTML, answer.Title, nil
	}
}

// limitedBuffer keeps what is written up to a bound. The buffer is not embedded:
// its ReadFrom knows of no bound.
type limitedBuffer struct {
	kept bytes.Buffer
	left int
	full bool
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		b.full = true
		return 0, errTooMuch
	}
	return b.kept.Write(p)
}

// ServePDF reads one PDF from in and writes its text to out for SeparatePDF. It
// is all that its process does: exit, which is to be os.Exit, is called in the
// midst of it when the file takes too much memory. It returns the exit code.
func ServePDF(ctx context.Context, in io.Reader, out io.Writer, exit func(code int)) int {
	data, err := readAll(func() (io.ReadCloser, error) { return io.NopCloser(in), nil }, kindPDF.maxBytes())
	if err != nil {
		return pdfFailed
	}
	done := make(chan struct{})
	defer close(done)
	go watchMemory(done, func() { exit(pdfTooLarge) })
	var answer pdfAnswer
	answer.HTML, answer.Title, err = ReadPDF(ctx, data)
	if err != nil {
		answer = pdfAnswer{Reason: reason(err)}
	}
	if err := json.NewEncoder(out).Encode(answer); err != nil {
		return pdfFailed
	}
	return pdfDone
}

// watchMemory calls over when the process has more than pdfMemory.
func watchMemory(done <-chan struct{}, over func()) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		if metrics.Read(sample); sample[0].Value.Uint64()-sample[1].Value.Uint64() > pdfMemory {
			over()
			return
		}
	}
}

// pdfPage returns what a PDF file says.
func (u *Uploads) pdfPage(ctx context.Context, data []byte) (html, title string, err error) {
	if u.config.PDF == nil {
		return "", "", fmt.Errorf("%w: PDF files are not read here: save it as .docx or .md", ports.ErrInvalid)
	}
	return u.config.PDF(ctx, data)
}
