package tlsdist_test

import (
	"fmt"

	"github.com/gonode-otp/gonode/tlsdist"
)

// An optfile as erl takes it. node.Config.TLS takes the result.
func ExampleParse() {
	options, err := tlsdist.Parse("dist.conf", []byte(`
[{server, [{certfile, "node.pem"}, {keyfile, "node.key"}, {cacertfile, "ca.pem"},
           {verify, verify_peer}, {fail_if_no_peer_cert, true}]},
 {client, [{certfile, "node.pem"}, {keyfile, "node.key"}, {cacertfile, "ca.pem"}]}].
`))
	fmt.Println(options.Server.Certs, options.Client.VerifyNone, err)

	_, err = tlsdist.Parse("dist.conf", []byte(`[{client, [{crl_check, true}]}].`))
	fmt.Println(err)
	// Output:
	// [{node.pem node.key}] false <nil>
	// tlsdist: dist.conf:1:24: client option crl_check: cannot be honoured as true; leave it out, or say false
}
