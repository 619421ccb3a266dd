package main

import "github.com/aiwoochat/woochat/domain/roles"

// verb is what a command needs.
type verb struct {
	action roles.Action
	// why says why a command needs no action: it touches nothing of a tenant's.
	why string
}

// verbs names the action of each command, the one for which it is there where
// it needs several. Each is asked of package roles before it is done, and is
// recorded. A test holds the table and the grammar together.
func verbs() map[string]verb {
	return map[string]verb{
		"init": {action: roles.WriteTenants},

		"tenant create":  {action: roles.WriteTenants},
		"tenant list":    {action: roles.ReadPlatform},
		"tenant disable": {action: roles.WriteTenants},
		"tenant enable":  {action: roles.WriteTenants},

		"site create":  {action: roles.WriteSites},
		"site list":    {action: roles.ReadSites},
		"site disable": {action: roles.WriteSites},
		"site enable":  {action: roles.WriteSites},

		"license set":     {action: roles.WriteLicenses},
		"license list":    {action: roles.ReadLicenses},
		"license suspend": {action: roles.WriteLicenses},
		"license resume":  {action: roles.WriteLicenses},
		"license cancel":  {action: roles.WriteLicenses},

		"key create":  {action: roles.WriteKeys},
		"key list":    {action: roles.ReadKeys},
		"key disable": {action: roles.WriteKeys},
		"key enable":  {action: roles.WriteKeys},

		"member create": {action: roles.WriteMembers},
		"member list":   {action: roles.ReadMembers},
		"member remove": {action: roles.WriteMembers},

		"platform-user create": {action: roles.WritePlatform},
		"platform-user list":   {action: roles.ReadPlatform},
		"platform-user remove": {action: roles.WritePlatform},

		"conversation erase":      {action: roles.EraseConversations},
		"conversation unanswered": {action: roles.ReadConversations},

		"audit": {action: roles.ReadAudit},

		"shop connect":    {action: roles.WriteSites},
		"shop invite":     {action: roles.WriteSites},
		"shop show":       {action: roles.ReadSites},
		"shop sync":       {action: roles.WriteDocuments},
		"shop rotate":     {action: roles.WriteSites},
		"shop disconnect": {action: roles.WriteSites},
		"secrets rotate":  {action: roles.WritePlatform},

		"ingest csv":         {action: roles.WriteDocuments},
		"ingest woocommerce": {action: roles.WriteDocuments},
		"ingest pages":       {action: roles.WriteDocuments},
		"ingest faq":         {action: roles.WriteDocuments},
		"ingest crawl":       {action: roles.WriteDocuments},
		"ingest files":       {action: roles.WriteDocuments},
		"ingest status":      {action: roles.ReadDocuments},

		"search": {action: roles.ReadDocuments},

		"synonyms list":   {action: roles.ReadSites},
		"synonyms set":    {action: roles.WriteSites},
		"synonyms remove": {action: roles.WriteSites},

		"index status":   {action: roles.ReadDocuments},
		"index rebuild":  {action: roles.WriteDocuments},
		"index rollback": {action: roles.WriteDocuments},

		"eval": {action: roles.ReadDocuments},

		"jobs list":  {action: roles.ReadDocuments},
		"jobs retry": {action: roles.WriteDocuments},
		"jobs drop":  {action: roles.WriteDocuments},

		"usage show":    {action: roles.ReadUsage},
		"usage reprice": {action: roles.RepriceUsage},

		"prices list":   {why: "prices are the same for all, and read from a file"},
		"prices import": {why: "it writes a file of whoever runs it"},
		"prices check":  {why: "it reads settings and prices only"},

		"backup":       {action: roles.ReadPlatform},
		"spool status": {why: "it counts what waits in the data folder of whoever runs it"},

		"doctor": {action: roles.ReadPlatform},

		"demo":           {why: "it opens a shop of its own"},
		"serve":          {why: "it asks for each request, by the caller's grants"},
		"migrate up":     {why: "it changes the shape of the store, and the log is a part of it"},
		"migrate status": {why: "it looks at the shape of the store only"},
		"config check":   {why: "it reads settings only"},
		"config show":    {why: "it reads settings only"},
		"config secret":  {why: "it makes a random number"},
		"version":        {why: "it reads nothing"},
	}
}
