package main

import (
	"os"
	"os/user"
	"strconv"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/domain/roles"
)

// operator returns the grants of who runs this command: whoever may run commands
// on the server is a super admin there, and the audit log names him.
func (p *program) operator() roles.Grants {
	who := administering.Operator()
	who.Subject = roles.Subject("os:" + osUser())
	if who.Reason = p.reason; who.Reason == "" {
		who.Reason = "woochat " + p.command
	}
	return who
}

// osUser returns the operating system's name of who runs this process, or his
// number where there is no name for it, as in many containers.
func osUser() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
}
