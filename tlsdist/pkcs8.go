package tlsdist

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

// Encrypted keys of PKCS #8 (RFC 5958) by PBES2 (RFC 8018, section 6.2), which is what openssl writes by default. The
// standard library has the parts and not the whole.

type encryptedPrivateKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2Params struct{ KeyDerivation, Encryption pkix.AlgorithmIdentifier }

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// maxIterations bounds the time that a key may take: a second or two. openssl takes 2048, cautious people a million.
const maxIterations = 4_000_000

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}

	// pseudoRandom has the pseudo-random functions of PBKDF2. The first one is the default.
	pseudoRandom = []struct {
		oid asn1.ObjectIdentifier
		new func() hash.Hash
	}{
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}, sha1.New},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 8}, sha256.New224},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}, sha256.New},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 10}, sha512.New384},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}, sha512.New},
	}
	blockCiphers = []struct {
		oid     asn1.ObjectIdentifier
		keySize int
		new     func(key []byte) (cipher.Block, error)
	}{
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}, 16, aes.NewCipher},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}, 24, aes.NewCipher},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, 32, aes.NewCipher},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}, 24, des.NewTripleDESCipher},
	}
)

var (
	errPassword = errors.New("the password does not fit the key")
	errKeyForm  = errors.New("the encrypted key is malformed")
)

// errForm is the error for an encryption that is not supported: OTP 25 does not know it either, or it is too weak.
func errForm(what string, oid asn1.ObjectIdentifier) error {
	return fmt.Errorf("the key is encrypted by %s %v; convert it with: openssl pkcs8 -topk8 -v2 aes256", what, oid)
}

// decryptPKCS8 returns the PKCS #8 key inside of an encrypted one.
func decryptPKCS8(der []byte, password string) ([]byte, error) {
	var info encryptedPrivateKeyInfo
	var scheme pbes2Params
	var kdf pbkdf2Params
	var iv []byte
	switch {
	case !decodes(der, &info):
		return nil, errKeyForm
	case !info.Algorithm.Algorithm.Equal(oidPBES2):
		return nil, errForm("the scheme", info.Algorithm.Algorithm)
	case !decodes(info.Algorithm.Parameters.FullBytes, &scheme):
		return nil, errKeyForm
	case !scheme.KeyDerivation.Algorithm.Equal(oidPBKDF2):
		return nil, errForm("the key derivation", scheme.KeyDerivation.Algorithm)
	case !decodes(scheme.KeyDerivation.Parameters.FullBytes, &kdf), !decodes(scheme.Encryption.Parameters.FullBytes, &iv):
		return nil, errKeyForm
	case kdf.Iterations < 1 || kdf.Iterations > maxIterations:
		return nil, fmt.Errorf("the encrypted key asks for %d iterations; up to %d are done", kdf.Iterations, maxIterations)
	}
	prf := pseudoRandom[0].new
	if kdf.PRF.Algorithm != nil {
		prf = nil
		for _, p := range pseudoRandom {
			if p.oid.Equal(kdf.PRF.Algorithm) {
				prf = p.new
			}
		}
	}
	if prf == nil {
		return nil, errForm("the function", kdf.PRF.Algorithm)
	}
	for _, c := range blockCiphers {
		if !c.oid.Equal(scheme.Encryption.Algorithm) {
			continue
		}
		key, err := pbkdf2.Key(prf, password, kdf.Salt, kdf.Iterations, c.keySize)
		if err != nil {
			return nil, err
		}
		block, err := c.new(key)
		if err != nil {
			return nil, err
		}
		return decryptCBC(block, iv, info.Data)
	}
	return nil, errForm("the cipher", scheme.Encryption.Algorithm)
}

// decodes tells whether der is exactly one value of the type of v, which it becomes.
func decodes(der []byte, v any) bool {
	rest, err := asn1.Unmarshal(der, v)
	return err == nil && len(rest) == 0
}

// decryptCBC decrypts data and takes the padding of RFC 8018, section 6.1.1, away.
func decryptCBC(block cipher.Block, iv, data []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, errKeyForm
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, data)
	n := int(out[len(out)-1])
	if n == 0 || n > size {
		return nil, errPassword
	}
	for _, b := range out[len(out)-n:] {
		if int(b) != n {
			return nil, errPassword
		}
	}
	return out[:len(out)-n], nil
}
