package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestANodeThatEndsByItselfExitsWithOneAndSaysWhy checks the exit code by which a service manager decides to restart
// the node.
func TestANodeThatEndsByItselfExitsWithOneAndSaysWhy(t *testing.T) {
	alone(t)
	r := startRun(t)
	require.Equal(t, "ok", prints(t, "call", "gonode", "application_controller", "{stop_application, kernel}"))
	<-r.done
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.err.String(), "gonode: ended by itself: {application_stopped,kernel}")
}
