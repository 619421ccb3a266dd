package spool

import (
	"errors"
	"os"
	"syscall"
)

// errSharing is what Windows says of a file that somebody else has open and
// does not share.
const errSharing syscall.Errno = 32

// lockFile opens the file so that others may read it and nobody else opens it
// for writing, or returns held. The system closes it when the process ends.
func lockFile(name string) (f *os.File, held bool, err error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, false, err
	}
	h, err := syscall.CreateFile(path, syscall.GENERIC_READ|syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, errors.Is(err, errSharing), err
	}
	return os.NewFile(uintptr(h), name), false, nil
}

// syncDir does nothing: NTFS writes its names to a journal of its own.
func syncDir(string) error { return nil }
