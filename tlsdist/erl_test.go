package tlsdist_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/tlsdist"
)

// Every suite that a release of OTP knows is known here, in all its forms: it is taken, or left out with a note.
func TestEveryCipherSuiteOfARealNodeIsKnown(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	maps := `[S || V <- ['tlsv1.3','tlsv1.2','tlsv1.1','tlsv1'], S <- (catch ssl:cipher_suites(all, V)), is_map(S)]`
	for _, form := range []string{
		maps,
		`[ssl:suite_to_str(S) || S <- ` + maps + `]`,
		`[ssl:suite_to_openssl_str(S) || S <- ` + maps + `]`,
		`[{K,C,M,P} || #{key_exchange := K, cipher := C, mac := M, prf := P} <- ` + maps + `]`,
	} {
		list := e.Eval(t, form)
		o, err := tlsdist.Parse("f", []byte("[{client, [{ciphers, "+list+"}]}]."))
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(o.Client.CipherSuites), 12)
	}
	list := e.Eval(t, "ssl:groups() -- []")
	o, err := tlsdist.Parse("f", []byte("[{client, [{supported_groups, "+list+"}, {eccs, "+e.Eval(t, "ssl:eccs()")+
		"}]}]."))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(o.Client.Groups), 4)
}
