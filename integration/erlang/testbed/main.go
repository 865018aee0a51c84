package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "testbed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		args = []string{""}
	}
	switch args[0] {
	case "control":
		return runControl(ctx, args[1:])
	case "ledger":
		return runLedger(ctx, args[1:])
	case "node":
		return runNode(ctx, args[1:])
	}
	return fmt.Errorf("%q is neither control, node nor ledger", args[0])
}
