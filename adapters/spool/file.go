package spool

import (
	"errors"
	"os"
	"path/filepath"
)

// replaceFile makes a file of mode 0600 with b in it, on disk before it
// returns. Whoever reads name sees the old file or the new one, whole.
func replaceFile(name string, b []byte) error {
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the operator's folder, a name of ours
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil { //nolint:gosec // as above
		return err
	}
	return syncDir(filepath.Dir(name))
}
