//go:build !race

package node

// raceDetector reports whether the tests run with the race detector.
const raceDetector = false
