// Package memory implements the ports in process memory. It is the reference:
// it passes every suite of test/porttest, imports the standard library, the
// domain and the ports only, and is what tests and examples run on. All is
// lost with the process.
package memory
