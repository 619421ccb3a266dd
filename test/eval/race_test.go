//go:build race

package eval_test

// raceDetector is set if the tests run with the race detector.
const raceDetector = true
