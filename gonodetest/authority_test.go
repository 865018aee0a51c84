package gonodetest_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
)

// verify returns why the certificate in a file is not valid for host under the authority ca. It takes further
// certificates in the file as intermediate ones.
func verify(t *testing.T, files gonodetest.CertFiles, ca, host string) error {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	require.NoError(t, err)
	text, err := os.ReadFile(ca)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err
}

func TestAnAuthorityIssuesCertificatesThatItsOwnVerifies(t *testing.T) {
	root, other := gonodetest.NewAuthority(t, "root"), gonodetest.NewAuthority(t, "other")
	files := root.Issue(t, []string{"a.example.org", "10.0.0.7"})
	require.NoError(t, verify(t, files, root.CA, "a.example.org"))
	require.NoError(t, verify(t, files, root.CA, "10.0.0.7"))
	require.Error(t, verify(t, files, root.CA, "b.example.org"))
	require.ErrorAs(t, verify(t, files, other.CA, "a.example.org"), new(x509.UnknownAuthorityError))

	var invalid x509.CertificateInvalidError
	require.ErrorAs(t, verify(t, root.Issue(t, []string{"a"}, gonodetest.Expired), root.CA, "a"), &invalid)
	require.Equal(t, x509.Expired, invalid.Reason)

	middle := root.Intermediate(t, "middle")
	require.NoError(t, verify(t, middle.Issue(t, []string{"a"}), middle.CA, "a"))
	require.Error(t, verify(t, middle.Issue(t, []string{"a"}), root.CA, "a"), "without the certificate in between")
}
