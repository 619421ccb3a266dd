//go:build race

package ginhttp

// raceDetector is set if the tests run with the race detector.
const raceDetector = true
