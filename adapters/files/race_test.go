//go:build race

package files_test

// raceDetector is set if the tests run with the race detector.
const raceDetector = true
