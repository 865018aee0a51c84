package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
)

// printTerm writes a term to standard output in the chosen format.
func printTerm(cmd *cobra.Command, format string, t etf.Term) error {
	if format == "json" {
		v, err := toJSON(t)
		if err != nil {
			return err
		}
		return printJSON(cmd, v)
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), etf.Format(t))
	return err
}

// printJSON writes one line of JSON to standard output. It does not escape < and &, because the line is not part of a
// web page.
func printJSON(cmd *cobra.Command, v any) error {
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
