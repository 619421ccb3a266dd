package ingesting

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// UploadedFiles is the source of documents that were uploaded, as documents name
// it. It is not that of files which a command imports, so that a full import of a
// folder does not take out what somebody else has uploaded.
const UploadedFiles = "uploads"

// Bounds of uploads.
const (
	// MaxUpload is how large a file may be; most kinds may be less.
	MaxUpload = 32 << 20
	// MaxUploadFiles is how many files one Upload takes.
	MaxUploadFiles = 20

	maxFileName   = 200             // bytes
	uploadsAtOnce = 2               // of all tenants: each holds a file in memory
	uploadRetry   = 5 * time.Second // when to ask again for a place
	uploadRejects = 20              // that are told of one file
	filePrefix    = "file:"
)

// UploadsDeps are what Uploads need. All are required.
type UploadsDeps struct {
	Service *Service
	// Source reads one file as its name says what it is, with ids that begin with
	// "file:" and the name, and questions with "#" after that. link is the address
	// below which shoppers find it, "" if they do not.
	Source func(name, link string, data []byte) ports.DocumentSource
	Queue  ports.Queue
	Audit  ports.AuditLog // of what is done as a super admin
	Now    ports.Clock
	NewID  ports.NewID
}

// Uploads takes files that whoever manages a site hands in. Make it with
// NewUploads; it is safe for concurrent use.
type Uploads struct {
	deps  UploadsDeps
	audit *auditing.Service

	mu    sync.Mutex // guards under
	under map[tenant.ID]struct{}
}

// NewUploads returns Uploads. It reports everything that is missing at once.
func NewUploads(d UploadsDeps) (*Uploads, error) {
	audit, err := auditing.New(auditing.Deps{Log: d.Audit, Now: d.Now, NewID: d.NewID})
	for _, dep := range []struct {
		name string
		ok   bool
	}{{"Service", d.Service != nil}, {"Source", d.Source != nil}, {"Queue", d.Queue != nil}} {
		if !dep.ok {
			err = errors.Join(err, fmt.Errorf("ingesting: UploadsDeps.%s is missing", dep.name))
		}
	}
	if err != nil {
		return nil, err
	}
	return &Uploads{deps: d, audit: audit, under: map[tenant.ID]struct{}{}}, nil
}

// Upload is some files of one site on their way in. End it.
type Upload struct {
	*Uploads
	scope tenant.Scope
	files int
}

// Begin lets files in. The error matches roles.ErrForbidden if who may not write
// the site's documents, and is a *usage.RateError if the tenant uploads already,
// or too many do.
func (u *Uploads) Begin(ctx context.Context, who roles.Grants, sc tenant.Scope) (*Upload, error) {
	if err := sc.Valid(); err != nil {
		return nil, err
	}
	if err := u.audit.Allow(ctx, who, roles.WriteDocuments, sc, "upload files"); err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, there := u.under[sc.Tenant]; there || len(u.under) >= uploadsAtOnce {
		return nil, &usage.RateError{Bucket: "uploads", Retry: uploadRetry}
	}
	u.under[sc.Tenant] = struct{}{}
	return &Upload{Uploads: u, scope: sc}, nil
}

// End lets the next one in.
func (u *Upload) End() {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.under, u.scope.Tenant)
}

// NewFile is a file that is uploaded.
type NewFile struct {
	Name string // without folders: what it is known by, and by its ending what it is
	Link string // the address below which shoppers find it by its name; "" if they do not
	Data []byte
}

// UploadReport says what became of a file. It was rejected if it makes no
// Documents: then all that was stored of it stays as it was.
type UploadReport struct {
	Documents int // that the file makes: a page and its questions, or a question a row
	Changed   int // of these: new, or not the same as before
	Removed   int // what a file of this name said before and this one does not
	Rejected  int // rows, or the file
	Rejects   []catalog.Rejected
}

// Put stores what a file says in place of what a file of this name said before.
// It may be called again: then nothing changes. What cannot be read is in the
// report; errors are the store's, ports.ErrUnavailable if the file could not be
// read now, and that of ctx.
func (u *Upload) Put(ctx context.Context, f NewFile) (UploadReport, error) {
	u.files++
	reason := badFileName(f.Name)
	switch {
	case u.files > MaxUploadFiles:
		reason = fmt.Sprintf("at most %d files are taken at once: send it again in another upload", MaxUploadFiles)
	case len(f.Data) > MaxUpload:
		reason = fmt.Sprintf("the file is larger than %d MiB: split it", MaxUpload>>20)
	}
	if reason != "" {
		return UploadReport{Rejected: 1, Rejects: []catalog.Rejected{{Where: f.Name, Reason: reason}}}, nil
	}
	s := u.deps.Service
	run := s.importing(u.scope, UploadedFiles, u.deps.Source(f.Name, f.Link, f.Data), s.defaults(Options{Rejects: uploadRejects}))
	err := run.replaceFile(ctx, f.Name)
	p := run.report.Progress
	return UploadReport{
		Documents: p.Seen - p.Rejected, Changed: p.Changed, Removed: p.Removed, Rejected: p.Rejected, Rejects: run.report.Rejects,
	}, err
}

// replaceFile stores all that one file says, from its beginning, and takes out
// what a file of this name said before and this one does not. What could not be
// read stays as it is.
func (r *importing) replaceFile(ctx context.Context, name string) error {
	if _, err := r.source.Changes(ctx, r.scope, "", func(c catalog.Change) error { return r.change(ctx, c) }); err != nil {
		return err
	}
	if err := r.endGroup(ctx); err != nil {
		return err
	}
	if r.report.Seen == r.report.Rejected || r.found.nameless {
		return nil
	}
	return r.takeOutFile(ctx, name)
}

// takeOutFile takes out of sight what a file made and r has not found.
func (r *importing) takeOutFile(ctx context.Context, name string) error {
	visit := func(st retrieval.DocumentState) error {
		if r.found.has(st.ID) || !st.Shown {
			return nil
		}
		return r.takeOut(ctx, st)
	}
	page := retrieval.NewDocumentID(catalog.KindPage, filePrefix+name)
	stored, err := r.deps.Stored.Stored(ctx, r.scope, []retrieval.DocumentID{page})
	if err != nil {
		return fmt.Errorf("look up %s: %w", page, err)
	}
	for _, d := range stored {
		if err := visit(retrieval.DocumentState{ID: d.ID, Kind: d.Kind, Title: d.Title, Shown: d.Shown}); err != nil {
			return err
		}
	}
	return r.statesFrom(ctx, r.scope, string(retrieval.NewDocumentID(catalog.KindFAQ, filePrefix+name+"#")), visit)
}

// statesFrom calls visit with each document whose id goes on after prefix.
func (s *Service) statesFrom(ctx context.Context, scope tenant.Scope, prefix string, visit func(retrieval.DocumentState) error) error {
	const page = 500
	for after := retrieval.DocumentID(prefix); ; {
		states, err := s.deps.Inventory.States(ctx, scope, after, page)
		if err != nil {
			return fmt.Errorf("list the documents: %w", err)
		}
		for _, st := range states {
			after = st.ID
			if !strings.HasPrefix(string(st.ID), prefix) {
				return nil
			}
			if err := visit(st); err != nil {
				return err
			}
		}
		if len(states) < page {
			return nil
		}
	}
}

// badFileName returns why a file cannot be called that, "" if it can.
func badFileName(name string) string {
	switch {
	case strings.Trim(name, ". ") == "" || name[0] == '.':
		return "it has no name, or one that begins with a dot: give it one"
	case len(name) > maxFileName:
		return fmt.Sprintf("its name is longer than %d bytes: shorten it", maxFileName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsAny(name, `/\#`):
		return "its name has a slash, a # or a character that cannot be printed: rename it"
	}
	return ""
}

// Index brings the index after the store for a second or so, and returns how many
// of the site's documents still wait: for their vectors, and of these how many
// for being found by their words, too. What waits is the Worker's, which is told.
// An error says why nothing could be indexed now; it waits all the same.
func (u *Upload) Index(ctx context.Context) (waiting, unfound int, err error) {
	s := u.deps.Service
	report, err := s.drainSome(ctx, u.scope)
	n, terr := s.deps.Inventory.Tally(ctx, u.scope)
	if err != nil || terr != nil || report.unfinished() || n.Waiting > 0 {
		task := reindexHint()
		terr = errors.Join(terr, u.deps.Queue.Enqueue(ctx, u.scope, []ingestion.Hint{task}))
	}
	return n.Waiting, n.Unfound, errors.Join(err, terr)
}

// Remove takes out of sight all that a file says, whoever imported it, and returns
// how many documents that were. The error matches roles.ErrForbidden if who may
// not write the site's documents, and ports.ErrNotFound if there are none.
func (u *Uploads) Remove(ctx context.Context, who roles.Grants, sc tenant.Scope, name string) (int, error) {
	if err := sc.Valid(); err != nil {
		return 0, err
	}
	if badFileName(name) != "" {
		return 0, fmt.Errorf("%w: a file of this name", ports.ErrNotFound)
	}
	if err := u.audit.Allow(ctx, who, roles.WriteDocuments, sc, "remove the file "+name); err != nil {
		return 0, err
	}
	run := u.deps.Service.importing(sc, UploadedFiles, nil, u.deps.Service.defaults(Options{}))
	if err := run.takeOutFile(ctx, name); err != nil {
		return 0, err
	}
	if run.report.Removed == 0 {
		return 0, fmt.Errorf("%w: a file of this name", ports.ErrNotFound)
	}
	// It is in no answer from now on: who searches looks at what is stored.
	task := reindexHint()
	return run.report.Removed, u.deps.Queue.Enqueue(ctx, sc, []ingestion.Hint{task})
}

// StoredFile is what is stored of a file.
type StoredFile struct {
	Name      string
	Source    string // UploadedFiles, or the name of an import
	Documents int    // that shoppers may see
	Waiting   int    // of these: not in the index as they are
}

// List returns the files that shoppers may see something of, in no order. The
// error matches roles.ErrForbidden if who may not read the site's documents.
func (u *Uploads) List(ctx context.Context, who roles.Grants, sc tenant.Scope) ([]StoredFile, error) {
	if err := sc.Valid(); err != nil {
		return nil, err
	}
	if err := u.audit.Allow(ctx, who, roles.ReadDocuments, sc, "files"); err != nil {
		return nil, err
	}
	var list []StoredFile
	at := map[string]int{}
	for _, kind := range []catalog.Kind{catalog.KindPage, catalog.KindFAQ} {
		prefix := string(retrieval.NewDocumentID(kind, filePrefix))
		if err := u.deps.Service.statesFrom(ctx, sc, prefix, func(st retrieval.DocumentState) error {
			if !st.Shown {
				return nil
			}
			name := strings.TrimPrefix(string(st.ID), prefix)
			if kind == catalog.KindFAQ {
				name, _, _ = strings.Cut(name, "#")
			}
			i, there := at[name]
			if !there {
				i = len(list)
				at[name], list = i, append(list, StoredFile{Name: name, Source: st.Source})
			}
			list[i].Documents++
			if st.Indexed != st.Revision {
				list[i].Waiting++
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func reindexHint() ingestion.Hint {
	return ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Task, ID: ingestion.Reindex}}
}
