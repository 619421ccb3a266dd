package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// version is set by -ldflags "-X main.version=v1.2.3". Without it the module's
// version is taken, or the commit.
var version string

// buildVersion says what was built.
type buildVersion struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Time     string `json:"commit_time,omitempty"`
	Modified bool   `json:"modified,omitempty"` // files differed from the commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (v buildVersion) String() string {
	s := "woochat " + v.Version
	if v.Commit != "" {
		s += " (" + v.Commit[:min(12, len(v.Commit))]
		if v.Time != "" {
			s += ", " + v.Time
		}
		if v.Modified {
			s += ", modified"
		}
		s += ")"
	}
	return s + " " + v.Go + " " + v.Platform
}

func readBuild() *debug.BuildInfo {
	info, _ := debug.ReadBuildInfo() // nil in a program built without modules
	return info
}

func versionOf(info *debug.BuildInfo) buildVersion {
	v := buildVersion{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info != nil {
		if v.Version == "" && info.Main.Version != "(devel)" {
			v.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Commit = s.Value
			case "vcs.time":
				v.Time = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	if strings.TrimSpace(v.Version) == "" {
		v.Version = "devel"
	}
	return v
}

type versionCommand struct {
	jsonFlag
}

func (versionCommand) bare() {}

// Run prints what was built.
func (c versionCommand) Run(p *program) error {
	v := versionOf(readBuild())
	if c.JSON {
		return p.json(v)
	}
	fmt.Fprintln(p.stdout, v)
	return nil
}
