package tlsdist

import (
	"crypto/tls"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func sprintf(verb string, v any) string { return fmt.Sprintf(verb, v) }

func write(t testing.TB, file, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

func TestEveryFormOfACipherSuiteMeansTheSame(t *testing.T) {
	want := []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256}
	for _, text := range []string{
		`["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA256"]`,
		`"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA256"`,
		`<<"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA256">>`,
		`["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"]`,
		`[#{cipher => aes_256_gcm, key_exchange => ecdhe_rsa, mac => aead, prf => sha384},
		  #{cipher => aes_128_cbc, key_exchange => ecdhe_ecdsa, mac => sha256, prf => sha256}]`,
		`[{ecdhe_rsa, aes_256_gcm, null, sha384}, {ecdhe_ecdsa, aes_128_cbc, sha256}]`,
		`["ECDHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"]`,
	} {
		o := parse(t, "[{client, [{ciphers, "+text+"}]}].")
		require.Equal(t, want, o.Client.CipherSuites, text)
	}
}

func TestASuiteThatGoDoesNotHaveIsLeftOutWithANote(t *testing.T) {
	o := parse(t, "[{client, [{ciphers, [\n\"DHE-RSA-AES256-GCM-SHA384\",\n\"AES256-GCM-SHA384\",\n#{cipher => "+
		"aes_128_ccm,key_exchange => any,mac => aead,prf => sha256}]}]}].")
	require.Equal(t, []uint16{tls.TLS_RSA_WITH_AES_256_GCM_SHA384}, o.Client.CipherSuites)
	require.Len(t, o.Notes, 2)
	require.Equal(t, "dist.conf:2:1: client option ciphers: DHE-RSA-AES256-GCM-SHA384 is left out: Go's crypto/tls "+
		"does not have it", o.Notes[0].String())
	require.Contains(t, o.Notes[1].String(), "TLS_AES_128_CCM_SHA256")
}

func TestAListWithoutAnySuiteOfGoIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`["DHE-RSA-AES256-GCM-SHA384"]`:   "names no cipher suite that Go's crypto/tls has",
		`["ECDHE-RSA-AES257-GCM-SHA384"]`: `"ECDHE-RSA-AES257-GCM-SHA384" is no cipher suite`,
		`"ECDHE-RSA-AES256-GCM-SHA384:"`:  `"" is no cipher suite`,
		`all`:                             "want a list of cipher suites",
		`[all]`:                           "want a string",
		`[{ecdhe_rsa, aes_256_gcm}]`:      "want {KeyExchange, Cipher, Mac}",
		`[{1, 2, 3}]`:                     "want atoms in a cipher suite",
		`[#{}]`:                           `"TLS_" is no cipher suite`,
		`["AES256-GCM-SHA384"]}, {versions, ['tlsv1.3']`: "has no cipher suite of TLS 1.3 to TLS 1.3",
	} {
		_, err := Parse("f", []byte("[{client, [{ciphers, "+text+"}]}]."))
		require.ErrorContains(t, err, "client option ciphers: ", text)
		require.ErrorContains(t, err, want, text)
	}
}

// A version without a suite in the list is not offered.
func TestTheSuitesBoundTheVersions(t *testing.T) {
	for text, want := range map[string][2]uint16{
		`["TLS_AES_256_GCM_SHA384"]`:                      {tls.VersionTLS13, tls.VersionTLS13},
		`["AES256-GCM-SHA384"]`:                           {tls.VersionTLS12, tls.VersionTLS12},
		`["AES256-GCM-SHA384", "TLS_AES_128_GCM_SHA256"]`: {tls.VersionTLS12, tls.VersionTLS13},
		`[]`: {tls.VersionTLS12, tls.VersionTLS13},
	} {
		o := parse(t, "[{client, [{ciphers, "+text+"}]}].")
		low, high := o.Client.versions()
		require.Equal(t, want, [2]uint16{low, high}, text)
	}
}

func TestEverySuiteOfGoHasItsNameOfOpenSSL(t *testing.T) {
	seen := map[uint16]bool{}
	for _, id := range openssl {
		seen[id] = true
	}
	for name, id := range standard {
		require.True(t, seen[id] || id>>8 == 0x13, name)
	}
}
