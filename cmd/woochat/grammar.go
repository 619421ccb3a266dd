package main

import "github.com/alecthomas/kong"

// grammar is the command line. A command's fields are its flags, and its Run
// does the work.
type grammar struct {
	Config      string           `name:"config" placeholder:"FILE" help:"File of settings, one NAME=value a line (WOOCHAT_CONFIG)."`
	Reason      string           `name:"reason" placeholder:"WHY" help:"Why, for the audit log; the command itself if left out."`
	VersionFlag kong.VersionFlag `name:"version" help:"Print the version."`
	Settings    kong.Plugins     `embed:""`

	Demo  demoCommand  `cmd:"" group:"run" help:"Open a shop whose assistant answers. Needs no account and no key."`
	Serve serveCommand `cmd:"" group:"run" help:"Serve the widget, its API and the admin API."`
	Init  initCommand  `cmd:"" group:"run" help:"Create the first tenant, site, license and key, and print the snippet to paste."`

	Tenant       tenantCommand   `cmd:"" group:"shop" help:"Create, list and disable tenants: the paying accounts."`
	Site         siteCommand     `cmd:"" group:"shop" help:"Create, list and disable sites: the shops of a tenant."`
	License      licenseCommand  `cmd:"" group:"shop" help:"Set, list, suspend and resume licenses: what a site may spend."`
	Key          keyCommand      `cmd:"" group:"shop" help:"Create, list and disable keys of a site."`
	Member       memberCommand   `cmd:"" group:"shop" help:"Create, list and remove members: the people of a tenant."`
	PlatformUser platformCommand `cmd:"" name:"platform-user" group:"shop" help:"Create, list and remove super admins."`

	Conversation conversationCommand `cmd:"" group:"shop" help:"List questions without an answer; forget a shopper who asks for it."`

	Audit auditCommand `cmd:"" group:"shop" help:"Show who used a super admin's power, on what and why."`

	Shop     shopCommand     `cmd:"" group:"data" help:"Connect a site's WooCommerce shop, so that what changes there is known here."`
	Ingest   ingestCommand   `cmd:"" group:"data" help:"Import a shop's products, pages, and questions with answers."`
	Search   searchCommand   `cmd:"" group:"data" help:"Search a site as its answers do, and say why it finds what it finds."`
	Synonyms synonymsCommand `cmd:"" group:"data" help:"Show and set which words a site takes for the same."`
	Index    indexCommand    `cmd:"" group:"data" help:"Show what each site is searched by, and build an index anew."`
	Eval     evalCommand     `cmd:"" group:"data" help:"Measure what a site finds for questions that people have judged."`
	Jobs     jobsCommand     `cmd:"" group:"data" help:"List, retry and drop what waits to be read from a site's shop."`
	Usage    usageCommands   `cmd:"" group:"data" help:"Show what each day used, what it cost, and what is left today; compute costs again."`
	Prices   pricesCommand   `cmd:"" group:"data" help:"List, import and check what models cost."`

	Migrate       migrateCommand `cmd:"" group:"care" help:"Bring the store to this version's shape."`
	Backup        backupCommand  `cmd:"" group:"care" help:"Write a copy of the embedded store to a file, also while it is in use."`
	Secrets       secretsCommand `cmd:"" group:"care" help:"Seal what is kept secret under a new WOOCHAT_SECRET_KEY."`
	Spool         spoolCommand   `cmd:"" group:"care" help:"Look at what waits for the store."`
	Configuration configCommand  `cmd:"" name:"config" group:"care" help:"Check and show the configuration; make a secret key."`
	Doctor        doctorCommand  `cmd:"" group:"care" help:"Look for what would keep woochat from working."`
	Version       versionCommand `cmd:"" group:"care" help:"Print the version."`
}

// Help implements kong.HelpProvider.
func (*grammar) Help() string {
	return `First steps:

    woochat demo              see it at work, in an invented shop
    woochat init              create your own shop, and get the snippet to paste
    woochat ingest csv FILE   import its products
    woochat serve             answer its shoppers
`
}
