package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/epmd"
)

func newNames(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "names [HOST]",
		Short: "List the nodes that the EPMD of a host knows, as epmd -names does",
		Args:  cobra.MaximumNArgs(1),
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			host := "localhost"
			if len(args) == 1 {
				host = args[0]
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), o.timeout)
			defer cancel()
			entries, err := epmd.Names(ctx, epmd.Addr(host))
			if err != nil {
				return connectError{err}
			}
			if o.output == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(jsonNames(entries))
			}
			for _, e := range entries {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\t%d\n", e.Name, e.Port); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

type jsonName struct {
	Name string `json:"name"`
	Port uint16 `json:"port"`
}

func jsonNames(entries []epmd.Entry) []jsonName {
	names := make([]jsonName, 0, len(entries))
	for _, e := range entries {
		names = append(names, jsonName{e.Name, e.Port})
	}
	return names
}
