package tlsdist

import (
	"crypto/ecdsa"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The files of testdata are one key, encrypted by openssl with the password "secret" in all the ways that OTP reads
// and some that it does not.
func TestAKeyIsReadHoweverItIsEncrypted(t *testing.T) {
	want, err := readKey("testdata/plain-ec.pem", "")
	require.NoError(t, err)
	files, err := filepath.Glob("testdata/*.pem")
	require.NoError(t, err)
	n := 0
	for _, file := range files {
		base := filepath.Base(file)
		if !strings.HasPrefix(base, "pbes2-") && !strings.HasPrefix(base, "traditional-") {
			continue
		}
		n++
		key, err := readKey(file, "secret")
		require.NoError(t, err, file)
		require.True(t, want.(*ecdsa.PrivateKey).Equal(key), file)
		_, err = readKey(file, "")
		require.ErrorContains(t, err, "the key is encrypted; its password goes into the option password", file)
		for _, wrong := range []string{"Secret", "x", strings.Repeat("y", 100)} {
			_, err = readKey(file, wrong)
			require.ErrorIs(t, err, errPassword, file)
		}
	}
	require.Equal(t, 7, n)
	key, err := readKey("testdata/plain-ec.pem", "not needed")
	require.NoError(t, err)
	require.True(t, want.(*ecdsa.PrivateKey).Equal(key))
}

func TestAWayOfEncryptionThatIsNotKnownIsNamed(t *testing.T) {
	for file, want := range map[string]string{
		"testdata/scrypt.pem": "the key is encrypted by the key derivation 1.3.6.1.4.1.11591.4.11; convert it with: " +
			"openssl pkcs8 -topk8 -v2 aes256",
		"testdata/pbes1-des.pem": "the key is encrypted by the scheme 1.2.840.113549.1.5.3; convert it",
	} {
		_, err := readKey(file, "secret")
		require.ErrorContains(t, err, want)
	}
}

func TestAPairOfFilesOfOpensslIsTaken(t *testing.T) {
	pair, err := readPair("server", KeyPair{CertFile: "testdata/cert.pem", KeyFile: "testdata/pbes2-aes256-sha256.pem",
		Password: "secret"})
	require.NoError(t, err)
	require.Len(t, pair.Certificate, 1)
	_, err = readPair("server", KeyPair{CertFile: "testdata/cert.pem", KeyFile: "testdata/pbes2-aes256-sha256.pem",
		Password: "wrong"})
	require.EqualError(t, err, "tlsdist: server option keyfile: testdata/pbes2-aes256-sha256.pem: the password does "+
		"not fit the key")
}

func TestOtherThingsThanPEMAreTold(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"":                 "has nothing in PEM form",
		"hello":            "has nothing in PEM form",
		"\x30\x82\x01\x00": "is in DER form",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n": "certificate 1: x509: malformed certificate",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n": "only PRIVATE KEY",
	} {
		file := filepath.Join(dir, "x.pem")
		write(t, file, text)
		_, err := readCertificates(file)
		require.ErrorContains(t, err, want)
		_, err = readKey(file, "")
		require.Error(t, err)
	}
	file := filepath.Join(dir, "x.pem")
	write(t, file, strings.Repeat("x", maxPEM+1))
	_, err := readCertificates(file)
	require.ErrorContains(t, err, "are allowed")
}
