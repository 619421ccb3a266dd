package pgtest

import "syscall"

// attributes of our processes: they die with the thread that started them, and
// a terminal's Ctrl-C reaches us alone.
func attributes(as *ids) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if as != nil {
		attr.Credential = &syscall.Credential{Uid: as.uid, Gid: as.gid}
	}
	return attr
}
