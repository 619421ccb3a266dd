package main

import (
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/app/wiring"
)

type configCommand struct {
	Check  configCheck  `cmd:"" help:"Check the configuration and list all that is wrong with it."`
	Show   configShow   `cmd:"" help:"Show every setting."`
	Secret configSecret `cmd:"" help:"Make a secret key for WOOCHAT_SECRET_KEY."`
}

type configCheck struct {
	Serve bool `help:"Check for \"woochat serve\" too: it needs a secret key."`
}

func (configCheck) showsSettings() {}

// Help implements kong.HelpProvider.
func (configCheck) Help() string {
	return `Exits with 2 if something is wrong. Nothing is opened: "woochat doctor" tries whether the parts work.

Examples:

    woochat config check
    woochat --config woochat.env config check --serve
`
}

// Run checks the configuration.
func (c configCheck) Run(p *program) error {
	cfg, _, err := p.settings(nil)
	if err == nil && c.Serve {
		err = needSecret(cfg)
	}
	if err == nil {
		err = wiring.Supported(cfg)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "The configuration is good: store %s, index %s, model %s.\n", storeWords(cfg), indexWords(cfg), modelWords(cfg))
	return nil
}

// needSecret returns an error if there is no secret key to serve with.
func needSecret(cfg wiring.Config) error {
	if cfg.SecretKey != "" {
		return nil
	}
	return withHint(&wiring.SettingError{
		Name: "WOOCHAT_SECRET_KEY", Origin: "not set", Reason: "is needed to serve: it signs visitors' tokens",
	}, `"woochat config secret" makes one: keep it in the environment or in the file that WOOCHAT_SECRET_KEY_FILE names`)
}

func storeWords(cfg wiring.Config) string {
	scheme, _, _ := strings.Cut(cfg.DatabaseURL.Reveal(), ":")
	switch scheme {
	case "":
		return "embedded, in " + cfg.DataDir
	case "memory":
		return "in memory, gone when the process ends"
	}
	return "Postgres"
}

// notEnglish is a language by which to tell whether a model knows others than
// English.
const notEnglish = "de"

func indexWords(cfg wiring.Config) string {
	words := "embedded"
	if cfg.QdrantURL != "" {
		words = "Qdrant at " + cfg.QdrantURL
	}
	switch {
	case cfg.EmbeddingModel == "":
	case !wiring.KnowsLanguage(cfg.EmbeddingModel, notEnglish):
		return words + " (words, and meaning by " + cfg.EmbeddingModel + ": in this program, for shops in English)"
	default:
		return words + " (words, and meaning by " + cfg.EmbeddingModel + ")"
	}
	return words + " (words)"
}

func modelWords(cfg wiring.Config) string {
	switch {
	case cfg.OpenAIKey == "" && cfg.OpenAIBaseURL == "":
		return "none (answers quote the shop's pages)"
	case cfg.OpenAIBaseURL == "":
		return cfg.ChatModel + " at OpenAI"
	}
	return cfg.ChatModel + " at " + cfg.OpenAIBaseURL
}

type configShow struct {
	Origin bool `help:"Show where each value comes from."`
	jsonFlag
}

func (configShow) showsSettings() {}

// Help implements kong.HelpProvider.
func (configShow) Help() string {
	return `Secrets are shown as [redacted]. Each setting is explained below. Defaults are overridden by the file of --config, that by the environment, that by flags.
`
}

// settingRow is a setting as it is printed.
type settingRow struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin,omitempty"`
	Flag   string `json:"flag"`
	Help   string `json:"help"`
}

// Run shows the configuration, also a bad one: it is what one looks at then.
func (c configShow) Run(p *program) error {
	_, values, err := p.settings(nil)
	rows := make([]settingRow, 0, len(values))
	cells := make([][]string, 0, len(values))
	for _, v := range values {
		row := settingRow{Name: v.Env, Value: v.Text, Flag: "--" + v.Flag, Help: v.Help}
		line := []string{v.Env, printable(v.Text)}
		if c.Origin {
			row.Origin = v.Origin
			line = append(line, v.Origin)
		}
		rows = append(rows, row)
		cells = append(cells, line)
	}
	if c.JSON {
		if jerr := jsonList(p, rows); jerr != nil {
			return jerr
		}
		return err
	}
	columns := left("NAME", "VALUE")
	if c.Origin {
		columns = left("NAME", "VALUE", "ORIGIN")
	}
	p.table(columns, cells, "")
	return err
}

type configSecret struct{}

func (configSecret) bare() {}

// Help implements kong.HelpProvider.
func (configSecret) Help() string {
	return `Prints a new key and keeps nothing. To change the key of a running service put the new one before the old one, by comma: the first signs, the others are still believed.

Examples:

    export WOOCHAT_SECRET_KEY=$(woochat config secret)
`
}

// Run makes a secret key.
func (configSecret) Run(p *program) error {
	fmt.Fprintln(p.stdout, wiring.NewSecretKey())
	return nil
}
