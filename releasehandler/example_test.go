package releasehandler_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/internal/fakehost"
	"github.com/gonode-otp/gonode/releasehandler"
)

// A release is made known by its .rel file, installed by its relup, and made permanent.
func Example() {
	root, err := os.MkdirTemp("", "releases")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(root) }()
	for name, text := range map[string]string{
		"RELEASES":  `[{release,"rel","1","13.1.5",[{demo,"1","lib/demo-1"}],permanent}].`,
		"2/rel.rel": `{release,{"rel","2"},{erts,"13.1.5"},[{demo,"2"}]}.`,
		"2/relup": `{"2",[{"1","",[{load_object_code,{demo,"2",[m1]}},point_of_no_return,{suspend,[m1]},
			{load,{m1,brutal_purge,brutal_purge}},{code_change,up,[{m1,[]}]},{resume,[m1]}]}],[]}.`,
	} {
		file := filepath.Join(root, "releases", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			fmt.Println(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			fmt.Println(err)
		}
	}
	host := &fakehost.Host{} // a node; package node makes the handler of its own
	host.Link()
	ctx := context.Background()
	h, err := releasehandler.New(releasehandler.Config{Host: host, Versions: host.Versions, Root: root})
	if err != nil {
		fmt.Println(err)
		return
	}
	host.Start("a", host.Versions.Modules("m1")[0].Code, 5)
	if _, err := h.SetUnpacked(ctx, "releases/2/rel.rel", nil); err != nil {
		fmt.Println(err)
	}
	report, err := h.Install(ctx, "2", codechange.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range report.Processes {
		fmt.Println(p.Name, p.Module, p.From, p.To, p.Outcome)
	}
	fmt.Println(h.MakePermanent(ctx, "2"), h.Running().Vsn, h.Running().Status)
	// Output:
	// a m1 1 2 changed
	// <nil> 2 permanent
}
