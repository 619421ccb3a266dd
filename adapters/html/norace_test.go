//go:build !race

package html_test

// raceDetector is set if the tests run with the race detector.
const raceDetector = false
