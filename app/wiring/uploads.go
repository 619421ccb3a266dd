package wiring

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"

	"github.com/aiwoochat/woochat/adapters/files"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/ports"
)

// UploadedFile is one file of Uploads: what it is called, with slashes, and how
// it is opened.
type UploadedFile struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// UploadsIn returns the files of a folder that Uploads can read. ErrInvalid of
// package ports if there are none.
func UploadsIn(fsys fs.FS) ([]UploadedFile, error) {
	list, err := files.ListFiles(fsys)
	out := make([]UploadedFile, 0, len(list))
	for _, f := range list {
		out = append(out, UploadedFile(f))
	}
	return out, err
}

// Uploads returns a source of Markdown, HTML, PDF, DOCX and CSV files. link is
// the address below which shoppers find them, "" if they do not. PDF files are
// read by processes of this program: see RunPDFReader.
func Uploads(list []UploadedFile, link string) ports.DocumentSource {
	in := make([]files.File, 0, len(list))
	for _, f := range list {
		in = append(in, files.File(f))
	}
	return files.NewUploads(in, files.UploadsConfig{PDF: files.SeparatePDF(pdfReader), Questions: html.New().FAQs, Link: link})
}

// newUploads takes files through the admin API.
func newUploads(s *ingesting.Service, q ports.Queue, log ports.AuditLog, now ports.Clock, id ports.NewID) (*ingesting.Uploads, error) {
	source := func(name, link string, data []byte) ports.DocumentSource {
		return Uploads([]UploadedFile{{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}}, link)
	}
	return ingesting.NewUploads(ingesting.UploadsDeps{Service: s, Source: source, Queue: q, Audit: log, Now: now, NewID: id})
}

// pdfReaderArg asks the program to read one PDF and nothing else.
const pdfReaderArg = "read-pdf-from-stdin"

// pdfReader starts this program anew to read a PDF that a stranger may have
// made: without any setting or secret of the environment.
func pdfReader(ctx context.Context) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	cmd := exec.CommandContext(ctx, self, pdfReaderArg) //nolint:gosec // it is this program itself
	cmd.Env = []string{"GOTRACEBACK=none"}
	return cmd
}

// RunPDFReader reads a PDF from standard input if args, without the program's
// name, ask for it, and does not return then. A program that reads PDF files
// through Uploads calls it first of all.
func RunPDFReader(args []string) {
	if slices.Equal(args, []string{pdfReaderArg}) {
		os.Exit(files.ServePDF(context.Background(), os.Stdin, os.Stdout, os.Exit))
	}
}
