//go:build !race

package woocommerce_test

// raceDetector is set if the tests run with the race detector.
const raceDetector = false
