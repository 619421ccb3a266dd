package wiring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/dig"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/aiwoochat/woochat/adapters/egress"
	"github.com/aiwoochat/woochat/adapters/ginhttp"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/app/evaluating"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/widget"
)

// tokenPurpose names the sub-key that signs visitor tokens.
const tokenPurpose = "woochat visitor token v1"

// Start builds a process from cfg. The error matches ErrConfig if cfg cannot
// be served; a listener that cannot be opened, or a data folder that another
// server has, is an error that says so. Nothing is left behind then.
func Start(ctx context.Context, cfg Config, o Options) (*App, error) {
	opened := &closers{}
	parts, err := modules(cfg, o, opened)
	if err != nil {
		return nil, err
	}
	var p started
	graph := fx.New(
		parts,
		fx.Populate(&p.Administering, &p.Answering, &p.Ingesting, &p.Metering, &p.Repricer, &p.Reports, &p.Auditing, &p.Inventory, &p.Sites, &p.Shops, &p.Connecting, &p.Statuses, &p.Explainer, &p.Glossary, &p.Backlog, &p.Evaluating, &p.Backup, &p.Names, &p.Guard, &p.Now),
		workerModule(cfg, o),
		httpModule(cfg, o, &p),
		fx.WithLogger(func() fxevent.Logger { return fxevent.NopLogger }),
		fx.StartTimeout(30*time.Second), fx.StopTimeout(cfg.ShutdownGrace+30*time.Second),
	)
	if err := graph.Err(); err != nil {
		return nil, errors.Join(rootCause(err), p.listeners.close(ctx), opened.close())
	}
	if err := graph.Start(ctx); err != nil {
		return nil, errors.Join(rootCause(err), graph.Stop(context.WithoutCancel(ctx)), opened.close())
	}
	app := &App{
		Administering: p.Administering, Answering: p.Answering, Ingesting: p.Ingesting, Metering: p.Metering, Repricer: p.Repricer,
		Reports: p.Reports, Auditing: p.Auditing,
		Inventory: p.Inventory, Sites: p.Sites, Shops: p.Shops, Connecting: p.Connecting, Statuses: p.Statuses, Explainer: p.Explainer, Glossary: p.Glossary, Backlog: p.Backlog, Evaluating: p.Evaluating, Config: cfg, Model: p.Names.words, backup: p.Backup,
		guard: p.Guard, now: p.Now,
	}
	if app.Operator = o.Operator; o.Operator.Subject == "" {
		app.Operator = administering.Operator()
	}
	if p.listeners != nil {
		app.PublicURL, app.AdminURL, app.failed = p.listeners.publicURL(), p.listeners.adminURL(), p.listeners.failed
	}
	var once sync.Once
	var stopErr error
	app.stop = func(ctx context.Context) error {
		once.Do(func() { stopErr = errors.Join(graph.Stop(context.WithoutCancel(ctx)), opened.close()) })
		return stopErr
	}
	return app, nil
}

type started struct {
	Administering *administering.Service
	Answering     *answering.Service
	Ingesting     *ingesting.Service
	Metering      *metering.Service
	Reports       *metering.Reports
	Auditing      *auditing.Service
	Repricer      *metering.Repricer
	Inventory     ports.Inventory
	Sites         ports.Sites
	Shops         *woocommerce.Shops
	Connecting    *connecting.Service
	Statuses      *ingesting.Statuses
	Explainer     *searching.Explainer
	Glossary      *searching.Glossary
	Backlog       *ingesting.Backlog
	Evaluating    *evaluating.Service
	Backup        backup
	Guard         *egress.Guard
	Now           ports.Clock
	Names         modelNames
	listeners     *listeners
}

// rootCause takes fx's account of its graph off an error.
func rootCause(err error) error {
	if root := dig.RootCause(err); root != nil {
		return root
	}
	return err
}

type serverParams struct {
	fx.In

	Answering *answering.Service
	Metering  *metering.Service
	Reports   *metering.Reports
	Auditing  *auditing.Service
	Ingesting *ingesting.Service
	Tenants   ports.Tenants
	Sites     ports.Sites    `name:"cached"`
	SiteKeys  ports.SiteKeys `name:"cached"`
	Feedback  ports.Feedback
	Limiter   ports.Limiter
	Now       ports.Clock
	NewID     ports.NewID
	Log       *slog.Logger
	Metrics   http.Handler
	Ready     ready
	Ledger    meteredLedger

	Receiver   *ingesting.Receiver
	Connecting *connecting.Service
	Statuses   *ingesting.Statuses
	Uploads    *ingesting.Uploads
	Explainer  *searching.Explainer
	Glossary   *searching.Glossary

	Administering *administering.Service
}

func httpModule(cfg Config, o Options, out *started) fx.Option {
	if !o.Listen {
		return fx.Options()
	}
	return fx.Module("http", fx.Invoke(func(p serverParams, lc fx.Lifecycle) error {
		server, err := newServer(cfg, o, p)
		if err != nil {
			return err
		}
		l, err := listen(cfg, o.AnyPort)
		if err != nil {
			return err
		}
		out.listeners = l
		work := &periodic{log: p.Log, answering: p.Answering, metering: p.Metering}
		lc.Append(fx.Hook{
			OnStart: func(context.Context) error {
				l.serve(server)
				work.start()
				return nil
			},
			OnStop: func(ctx context.Context) error {
				drain, cancel := context.WithTimeout(ctx, max(cfg.ShutdownGrace, time.Millisecond))
				defer cancel()
				// Answers end first, so that their streams can; then the listeners
				// have nothing left to wait for.
				l.refuse()
				err := p.Answering.Close(drain)
				return errors.Join(err, l.close(ctx), work.stop(ctx))
			},
		})
		return nil
	}))
}

func newServer(cfg Config, o Options, p serverParams) (*ginhttp.Server, error) {
	keys, err := system.ParseSecretKey(cfg.SecretKey.Reveal())
	if err != nil {
		return nil, badSecretKey(err)
	}
	tokenKeys := make([]ginhttp.TokenKey, 0, len(keys))
	for _, k := range keys {
		sub := k.Derive(tokenPurpose)
		tokenKeys = append(tokenKeys, ginhttp.TokenKey{ID: k.ID(), Secret: sub[:]})
	}
	// Gin's mode belongs to the process, which is ours here; ginhttp leaves it
	// to whoever builds a server of his own.
	gin.SetMode(gin.ReleaseMode)
	_, launcher, etag := widget.Launcher()
	return ginhttp.New(ginhttp.Deps{
		Answering: p.Answering, Metering: p.Metering, Reports: p.Reports, Auditing: p.Auditing, Tenants: p.Tenants, Sites: p.Sites, SiteKeys: p.SiteKeys, Feedback: p.Feedback,
		Limiter: p.Limiter, Now: p.Now, NewID: p.NewID, Log: p.Log, Metrics: p.Metrics, Ready: whyNotReady(p.Ready, p.Ledger),
		Receiver: p.Receiver, Connecting: p.Connecting, Statuses: p.Statuses, Uploads: p.Uploads, Explainer: p.Explainer, Glossary: p.Glossary, Administering: p.Administering,
	}, ginhttp.Config{
		TokenKeys: tokenKeys, TrustedProxies: cfg.TrustedProxies, Launcher: launcher, LauncherETag: etag, Assets: widget.Assets(),
		Fallback: o.Fallback, Version: cfg.Version,
	})
}

// badSecretKey is the configuration error of a server whose key is missing or
// wrong.
func badSecretKey(err error) error {
	return fmt.Errorf("%w: %w", ErrConfig, &SettingError{
		Name: "WOOCHAT_SECRET_KEY", Origin: "needed to serve", Reason: err.Error() + "; make one with: woochat config secret",
	})
}

// listeners are the two addresses of a server.
type listeners struct {
	public, admin net.Listener
	servers       []*http.Server
	failed        chan error
	done          sync.WaitGroup
}

func listen(cfg Config, anyPort bool) (*listeners, error) {
	l := &listeners{failed: make(chan error, 2)}
	var err error
	if l.public, err = open(cfg.Addr, anyPort); err != nil {
		return nil, fmt.Errorf("public listener: %w", err)
	}
	if l.admin, err = open(cfg.AdminAddr, anyPort); err != nil {
		return nil, errors.Join(fmt.Errorf("admin listener: %w", err), l.public.Close())
	}
	return l, nil
}

func open(addr string, anyPort bool) (net.Listener, error) {
	lc := net.ListenConfig{}
	l, err := lc.Listen(context.Background(), "tcp", addr)
	if anyPort && errors.Is(err, syscall.EADDRINUSE) {
		host, _, serr := net.SplitHostPort(addr)
		if serr != nil {
			return nil, serr
		}
		return lc.Listen(context.Background(), "tcp", net.JoinHostPort(host, "0"))
	}
	return l, err
}

func (l *listeners) publicURL() string { return address(l.public) }
func (l *listeners) adminURL() string  { return address(l.admin) }

// address returns the URL under which this machine reaches a listener.
func address(l net.Listener) string {
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return "http://" + l.Addr().String()
	}
	if a.IP.IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d", a.Port)
	}
	return "http://" + a.String()
}

// Time limits that keep slow or silent clients from holding connections. There
// is none on a whole request: net/http would end a stream's context with it.
// Reading a body and writing a frame have their own, in ginhttp.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
)

func (l *listeners) serve(s *ginhttp.Server) {
	for _, x := range []struct {
		l net.Listener
		h http.Handler
	}{{l.public, s.Public()}, {l.admin, s.Admin()}} {
		srv := &http.Server{
			Handler: x.h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
			ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		}
		l.servers = append(l.servers, srv)
		l.done.Go(func() {
			if err := srv.Serve(x.l); !errors.Is(err, http.ErrServerClosed) {
				l.failed <- err
			}
		})
	}
}

// refuse lets no idle connection carry another request.
func (l *listeners) refuse() {
	for _, s := range l.servers {
		s.SetKeepAlivesEnabled(false)
	}
}

// closeTimeout is how long streams get to write their last event.
const closeTimeout = 5 * time.Second

func (l *listeners) close(ctx context.Context) error {
	if l == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	var errs []error
	for _, s := range l.servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, s.Close())
		}
	}
	// A listener that was opened and never served is not known to its server.
	for _, x := range []io.Closer{l.public, l.admin} {
		if err := x.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	l.done.Wait()
	return errors.Join(errs...)
}

// periodic is the work that goes on beside requests and for them; what is done
// for shops is the worker's.
type periodic struct {
	log       *slog.Logger
	answering *answering.Service
	metering  *metering.Service

	cancel context.CancelFunc
	done   sync.WaitGroup
}

const (
	checkpointEvery = time.Second
	sweepEvery      = 5 * time.Second
)

func (p *periodic) start() {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.each(ctx, checkpointEvery, "checkpoint", p.answering.Checkpoint)
	p.each(ctx, sweepEvery, "sweep", func(ctx context.Context) error {
		n, err := p.metering.Sweep(ctx)
		if n > 0 {
			p.log.InfoContext(ctx, "expired holds settled", "holds", n)
		}
		return err
	})
}

func (p *periodic) each(ctx context.Context, every time.Duration, name string, do func(context.Context) error) {
	p.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		away := false // the store; said once and not each time
		for {
			err := do(ctx)
			was := away
			away = errors.Is(err, ports.ErrUnavailable)
			switch {
			case ctx.Err() != nil:
			case err != nil && (!away || !was):
				p.log.ErrorContext(ctx, "periodic work failed", "work", name, "error", err)
			case err == nil && was:
				p.log.InfoContext(ctx, "periodic work goes on", "work", name)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

func (p *periodic) stop(context.Context) error {
	if p.cancel != nil {
		p.cancel()
	}
	p.done.Wait()
	return nil
}
