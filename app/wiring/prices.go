package wiring

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/glove"
	"github.com/aiwoochat/woochat/adapters/pricelist"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Of package pricelist, for the commands about prices.
type (
	// PriceRow is a row of a price table.
	PriceRow = pricelist.Row
	// PriceTableError names every bad row of a price file.
	PriceTableError = pricelist.TableError
	// PricesImported says what an import has changed.
	PricesImported = pricelist.Imported
)

// freeModels are the models that run in this process.
func freeModels() []string { return []string{extractiveModel, glove.Model} }

// pricesName is the price file in the data folder.
const pricesName = "prices.csv"

// PricesPath returns the price file of cfg, which need not be there: that of
// WOOCHAT_PRICES_FILE, or prices.csv in the data folder.
func PricesPath(cfg Config) string {
	if cfg.PricesFile != "" {
		return cfg.PricesFile
	}
	return filepath.Join(cfg.DataDir, pricesName)
}

// pricesFile returns the price file to read: "" if none was asked for and there
// is none in the data folder.
func pricesFile(cfg Config) (string, error) {
	if cfg.PricesFile != "" {
		return cfg.PricesFile, nil
	}
	path := PricesPath(cfg)
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return path, err
}

// table reads the shipped table and the configured one, and nothing else that
// has a price.
func table(cfg Config) (*pricelist.List, error) {
	file, err := pricesFile(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: prices: %w", ErrConfig, err)
	}
	l, err := pricelist.New(pricelist.Config{File: file, Free: freeModels()})
	if err != nil {
		return nil, fmt.Errorf("%w: prices: %w", ErrConfig, err)
	}
	return l, nil
}

// Prices returns what a model costs by cfg: its tables, and its ceiling. The
// error matches ErrConfig, and is a *PriceTableError if rows are bad.
func Prices(cfg Config) (ports.Prices, error) {
	c, err := priceConfig(cfg)
	if err != nil {
		return nil, err
	}
	p, err := pricelist.New(c)
	if err != nil {
		return nil, fmt.Errorf("%w: prices: %w", ErrConfig, err)
	}
	return p, nil
}

func priceConfig(cfg Config) (pricelist.Config, error) {
	file, err := pricesFile(cfg)
	if err != nil {
		return pricelist.Config{}, fmt.Errorf("%w: prices: %w", ErrConfig, err)
	}
	return pricelist.Config{
		File: file, Ceiling: cfg.PriceCeiling, UnpricedAs0: cfg.UnpricedFree, Free: freeModels(),
	}, nil
}

// livePrices is Prices that follow their file while the process runs.
func livePrices(cfg Config, now ports.Clock, log *slog.Logger) (ports.Prices, error) {
	p, err := pricelist.NewLive(func() (pricelist.Config, error) { return priceConfig(cfg) }, now, func(err error) {
		log.Error("the price file cannot be read: the prices of before stay", "error", err)
	})
	if err != nil {
		return nil, fmt.Errorf("%w: prices: %w", ErrConfig, err)
	}
	return p, nil
}

// PriceTable returns the rows of the shipped table and of the configured one,
// which replaces all shipped rows of the models that it names, by model and
// time. The error is as that of Prices.
func PriceTable(cfg Config) ([]PriceRow, error) {
	l, err := table(cfg)
	if err != nil {
		return nil, err
	}
	return l.Rows(), nil
}

// ParsePrices reads a price file by itself. The error is a *PriceTableError.
func ParsePrices(name, text string) ([]PriceRow, error) { return pricelist.Parse(name, text) }

// ImportPrices brings text, a price file called name, into the price file of
// cfg: see pricelist.Import. With dry nothing is written.
func ImportPrices(cfg Config, name, text string, now time.Time, dry bool) (PricesImported, error) {
	return pricelist.Import(PricesPath(cfg), name, text, now, dry)
}

// PricedModel is a model that cfg calls, and so needs the price of.
type PricedModel struct {
	Env  string // the setting that names it
	Name string
	Kind usage.Kind
}

// PricedModels returns the models that cfg calls at a provider.
func PricedModels(cfg Config) []PricedModel {
	var models []PricedModel
	if cfg.OpenAIKey != "" || cfg.OpenAIBaseURL != "" {
		models = append(models, PricedModel{"WOOCHAT_CHAT_MODEL", cfg.ChatModel, usage.Chat})
		if cfg.EmbeddingModel != "" && cfg.EmbeddingModel != glove.Model {
			models = append(models, PricedModel{"WOOCHAT_EMBEDDING_MODEL", cfg.EmbeddingModel, usage.Embedding})
		}
	}
	switch {
	case cfg.RerankModel == "":
	case cfg.RerankBaseURL == "": // a chat model that sorts
		models = append(models, PricedModel{"WOOCHAT_RERANK_MODEL", cfg.RerankModel, usage.Chat})
	default:
		models = append(models, PricedModel{"WOOCHAT_RERANK_MODEL", cfg.RerankModel, usage.Rerank})
	}
	return models
}

type repriceParams struct {
	fx.In

	Usage      ports.UsageReader
	Repricings ports.Repricings `optional:"true"`
	Audit      ports.AuditLog
	Now        ports.Clock
	NewID      ports.NewID
}

// newRepricer returns nil if the store keeps no repricings.
func newRepricer(cfg Config, p repriceParams) (*metering.Repricer, error) {
	if p.Repricings == nil {
		return nil, nil //nolint:nilnil // App.Repricer says so
	}
	prices, err := table(cfg)
	if err != nil {
		return nil, err
	}
	return metering.NewRepricer(metering.RepricerDeps{Usage: p.Usage, Repricings: p.Repricings, Prices: prices, Audit: p.Audit, Now: p.Now, NewID: p.NewID})
}
