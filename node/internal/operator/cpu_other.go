//go:build !unix

package operator

import (
	"runtime/metrics"
	"time"
)

// processorTime returns the processor time that the program has used, as the collector has last counted it.
func processorTime() time.Duration {
	s := []metrics.Sample{{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(s)
	return time.Duration((s[0].Value.Float64() - s[1].Value.Float64()) * float64(time.Second))
}
