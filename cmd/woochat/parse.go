package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/aiwoochat/woochat/app/wiring"
)

// parser is a kong parser with the grammar that it fills.
type parser struct {
	*kong.Kong
	grammar *grammar
	given   reflect.Value // the struct of the settings' flags: *string each, nil if not given
	done    bool          // help or the version was asked for, and shown
}

// settingsGroup is the key of the settings' flags in the help.
const settingsGroup = "settings"

func (p *program) newParser() (*parser, error) {
	out := &parser{grammar: &grammar{}}
	out.given = reflect.New(reflect.StructOf(settingFields())).Elem()
	out.grammar.Settings = kong.Plugins{out.given.Addr().Interface()}
	var err error
	out.Kong, err = kong.New(out.grammar,
		kong.Name("woochat"),
		kong.Description("A shop's assistant that answers from the shop's own products and pages, and counts what that costs."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(int) { out.done = true }),
		kong.Help(printHelp),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, FlagsLast: true, WrapUpperBound: 100}),
		kong.Vars{"version": versionOf(readBuild()).String(), "plans": planNames()},
		kong.ExplicitGroups([]kong.Group{
			{Key: "run", Title: "Run:"},
			{Key: "shop", Title: "Shops, licenses and people:"},
			{Key: "data", Title: "Content and usage:"},
			{Key: "care", Title: "Care:"},
			{Key: settingsGroup, Title: "Settings (flag over environment over file):"},
		}),
	)
	return out, err
}

// settingFields makes a flag of every setting, so that none can be forgotten.
// Kong is told of no environment: wiring.Load reads it, and knows the origins.
func settingFields() []reflect.StructField {
	var fields []reflect.StructField
	for i, s := range wiring.Settings() {
		help := s.Help + " (" + s.Env
		if s.Default != "" {
			help += ", default " + s.Default
		}
		if s.Secret {
			help += "; better by " + s.Env + "_FILE: others can see flags"
		}
		tag := fmt.Sprintf(`name:%q help:%s group:%q placeholder:"X"`, s.Flag, strconv.Quote(help+")"), settingsGroup)
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("Setting%d", i), Type: reflect.TypeFor[*string](), Tag: reflect.StructTag(tag),
		})
	}
	return fields
}

// parse reads the command line. It returns nil if help was asked for and shown.
// The error is a *usageError with all that is wrong with it.
func (p *program) parse(args []string) (*kong.Context, error) {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	var problems []error
	rest, swallow := slices.Clone(args), -1
	for {
		k, err := p.newParser()
		if err != nil {
			return nil, fmt.Errorf("the command line's grammar: %w", err)
		}
		command, err := k.Parse(rest)
		if k.done {
			return nil, nil //nolint:nilnil // nothing is left to do, which is no error
		}
		var bad *kong.ParseError
		if err != nil && !errors.As(err, &bad) {
			return nil, err
		}
		if err != nil && bad.Context.Error != nil {
			at := len(rest) - len(bad.Context.Path[len(bad.Context.Path)-1].Remainder())
			if at >= 0 && at < len(rest) {
				width, problem := badArgument(bad.Context, rest, at)
				if at != swallow || strings.HasPrefix(rest[at], "-") {
					problems = append(problems, problem)
				}
				// An unknown flag's value is not to be reported as well.
				swallow = -1
				if strings.HasPrefix(rest[at], "-") && width == 1 && !strings.Contains(rest[at], "=") {
					swallow = at
				}
				rest = slices.Delete(rest, at, at+width)
				continue
			}
		}
		p.take(k)
		if err != nil {
			command = bad.Context
			problems = append(problems, missing(command, err, len(problems) > 0)...)
		}
		if len(problems) == 0 {
			if node := command.Selected(); node != nil {
				p.command = pathOf(node)
			}
			return command, nil
		}
		return nil, p.refuse(command, problems)
	}
}

// pathOf returns a command's words, such as "license set".
func pathOf(node *kong.Node) string {
	var words []string
	for n := node; n.Parent != nil; n = n.Parent {
		words = append(words, n.Name)
	}
	slices.Reverse(words)
	return strings.Join(words, " ")
}

// take notes which settings were given as flags.
func (p *program) take(k *parser) {
	p.flags = map[string]string{}
	for i, s := range wiring.Settings() {
		if text, ok := reflect.TypeAssert[*string](k.given.Field(i)); ok && text != nil {
			p.flags[s.Flag] = *text
		}
	}
	p.reason = k.grammar.Reason
	p.configFile = k.grammar.Config
	if p.configFile == "" {
		p.configFile, _ = p.env("WOOCHAT_CONFIG")
	}
}

// refuse returns the command line's problems together with those of the
// configuration, so that all of them can be mended at once.
func (p *program) refuse(command *kong.Context, problems []error) error {
	name := "woochat"
	if node := command.Selected(); node != nil {
		name = node.FullPath()
		if !bare(node) {
			if _, _, err := p.settings(nil); err != nil {
				problems = append(problems, err)
			}
		}
	}
	return &usageError{problems: problems, command: name}
}

// bare reports whether a command reads no configuration.
func bare(node *kong.Node) bool {
	_, ok := reflect.TypeAssert[interface{ bare() }](node.Target)
	return ok
}

// badArgument says how many arguments to leave out in order to read the rest,
// and what is wrong with args[at].
func badArgument(c *kong.Context, args []string, at int) (width int, problem error) {
	name, _, joined := strings.Cut(args[at], "=")
	flag := flagNamed(c, name)
	switch {
	case flag == nil, joined, flag.IsBool():
		return 1, c.Error
	case at == len(args)-1:
		return 1, fmt.Errorf("%s: needs a value: %s", name, flag.Help)
	case strings.HasPrefix(args[at+1], "-"):
		return 1, fmt.Errorf("%s: needs a value; to give %q as one write %s=%s", name, args[at+1], name, args[at+1])
	}
	return 2, fmt.Errorf("%s: %w", name, c.Error)
}

func flagNamed(c *kong.Context, name string) *kong.Flag {
	flags := c.Flags()
	if node := c.Selected(); node != nil && node.DefaultCmd != nil {
		flags = append(flags, node.DefaultCmd.Flags...) // its name may be left out
	}
	for _, f := range flags {
		if "--"+f.Name == name || f.Short != 0 && "-"+string(f.Short) == name {
			return f
		}
	}
	return nil
}

// missing lists all that the command still needs, where kong stops at the first.
// Kong's own words are taken if that is nothing, and nothing else is wrong.
func missing(c *kong.Context, kongs error, others bool) []error {
	var out []error
	for _, f := range c.Flags() {
		if f.Required && !f.Set {
			out = append(out, fmt.Errorf("--%s: is needed: %s", f.Name, f.Help))
		}
		if f.Enum != "" && f.Set {
			if text, ok := reflect.TypeAssert[string](f.Target); ok && !slices.Contains(f.EnumSlice(), text) {
				out = append(out, fmt.Errorf("--%s: %q is not one of %s", f.Name, text, strings.Join(f.EnumSlice(), ", ")))
			}
		}
	}
	if node := c.Selected(); node != nil {
		for _, arg := range node.Positional {
			if arg.Required && !arg.Set {
				out = append(out, fmt.Errorf("%s: is needed: %s", strings.ToUpper(arg.Name), arg.Help))
			}
		}
	}
	if len(out) == 0 && !others {
		return []error{kongs}
	}
	return out
}

// printHelp shows the settings only where they are what the command is about:
// they work everywhere, and would drown the flags of the others.
func printHelp(options kong.HelpOptions, c *kong.Context) error {
	node := c.Selected()
	all := node != nil && node.Target.IsValid()
	if all {
		_, all = reflect.TypeAssert[interface{ showsSettings() }](node.Target)
	}
	for _, f := range c.Model.Flags {
		if f.Group != nil && f.Group.Key == settingsGroup {
			f.Hidden = !all
		}
	}
	if err := kong.DefaultHelpPrinter(options, c); err != nil {
		return err
	}
	if !all {
		fmt.Fprint(c.Stdout, "\nSettings, such as --data-dir or WOOCHAT_DATA_DIR, work with every command:\n\"woochat config show --origin\" lists them.\n")
	}
	return nil
}
