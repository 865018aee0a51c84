package codechange_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Waiting for what surely comes.
const (
	waitLong  = 30 * time.Second
	waitShort = 2 * time.Millisecond
)
