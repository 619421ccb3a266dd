//go:build !linux

package pgtest

import "syscall"

// attributes: only Linux ends a child with its parent. A run that is killed
// leaves its server behind here.
func attributes(*ids) *syscall.SysProcAttr { return nil }
