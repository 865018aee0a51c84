package dist

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheDigestIsThatOfOTP(t *testing.T) {
	// erlang:md5([atom_to_list(Cookie) | integer_to_list(Challenge)]) of OTP 25, for 'secret' and 16#ffffffff, 'secret'
	// and 0, and 'é' (one byte of Latin-1) and 7.
	for _, row := range []struct {
		cookie    string
		challenge uint32
		want      string
	}{
		{"secret", 0xffffffff, "5dfd181e69aa587cc812eb333e6536b6"},
		{"secret", 0, "175ec77a7f63082590987d0d8b051aff"},
		{"\xe9", 7, "b264a55b07483340640f622909db12a6"},
	} {
		got := genDigest([]byte(row.cookie), row.challenge)
		require.Equal(t, row.want, hex.EncodeToString(got[:]))
		require.True(t, isProof(got, []byte(row.cookie), row.challenge))
		require.False(t, isProof(got, []byte(row.cookie), row.challenge+1))
		require.False(t, isProof(got, []byte("guess"), row.challenge))
		got[15] ^= 1
		require.False(t, isProof(got, []byte(row.cookie), row.challenge))
	}
}

func TestOurChallengeIsNeverThatOfThePeer(t *testing.T) {
	seen := map[uint32]bool{}
	for range 1000 {
		c := newChallenge(7)
		require.NotEqual(t, uint32(7), c)
		seen[c] = true
	}
	require.Greater(t, len(seen), 990)
}
