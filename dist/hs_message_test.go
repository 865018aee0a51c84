package dist

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// unhex turns hex text with spaces into bytes.
func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	require.NoError(t, err)
	return b
}

// faultOf is the MessageError in err.
func faultOf(t testing.TB, err error) *MessageError {
	t.Helper()
	var e *MessageError
	require.ErrorAs(t, err, &e)
	return e
}

// refused checks that parse refuses each of the messages, at the given offset and for the given reason.
func refused[M any](t *testing.T, parse func([]byte) (M, error), rows map[string]struct {
	at     int
	detail string
}) {
	t.Helper()
	for text, want := range rows {
		_, err := parse(unhex(t, text))
		e := faultOf(t, err)
		require.Equal(t, want.at, e.Offset, text)
		require.Contains(t, e.Detail, want.detail, text)
		require.Contains(t, err.Error(), e.Message)
	}
}

type fault = struct {
	at     int
	detail string
}

const (
	// 'N', flags 0xd_07df7fbd, creation 0x6b0109f1, length 3, "a@b": as OTP 25 sends it.
	hexName = "4e 0000000d07df7fbd 6b0109f1 0003 614062"
	// 'n', version 5, low flags, "a@b": as OTP 23 and 24 send it to a node of unknown version.
	hexNameOld = "6e 0005 01df7fbd 614062"
	// 'c', high flags, creation.
	hexComplement = "63 00000001 6b0109f1"
	// 'N', flags, challenge 0xdeadbeef, creation, length 3, "a@b".
	hexChallenge = "4e 0000000d07df7fbd deadbeef 6b0109f1 0003 614062"
	// 'r', challenge, digest.
	hexReply = "72 cafebabe 000102030405060708090a0b0c0d0e0f"
	// 'a', digest.
	hexAck = "61 000102030405060708090a0b0c0d0e0f"
	// 's', "named:", length 3, "a@b", creation.
	hexNamed = "73 6e616d65643a 0003 614062 6b0109f1"
)

func TestSendNameOfVersion6(t *testing.T) {
	want := sendName{flags: flagsOTP25, creation: 0x6b0109f1, name: "a@b"}
	require.Equal(t, unhex(t, hexName), want.append(nil))
	for _, tail := range []string{"", "00", "ffffffffff"} { // a tail is for versions to come
		got, err := parseSendName(unhex(t, hexName+tail))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestSendNameOfVersion5(t *testing.T) {
	want := sendName{old: true, flags: 0x01df7fbd, name: "a@b"}
	require.Equal(t, unhex(t, hexNameOld), want.appendOld(nil))
	got, err := parseSendName(unhex(t, hexNameOld))
	require.NoError(t, err)
	require.Equal(t, want, got)
	got, err = parseSendName(unhex(t, "6e 1234 01df7fbd 614062"))
	require.NoError(t, err, "OTP ignores the version too")
	require.Equal(t, want, got)
}

func TestSendNameOfANodeThatWantsAName(t *testing.T) {
	got, err := parseSendName(unhex(t, "4e 0000000f07df7fbc 00000000 0004 686f7374"))
	require.NoError(t, err)
	require.Equal(t, sendName{flags: flagsOTP25&^FlagPublished | FlagNameMe, name: "host"}, got)
	_, err = parseSendName(unhex(t, "4e 0000000f07df7fbc 00000000 0003 614062"))
	require.Contains(t, faultOf(t, err).Detail, "is not a host name")
}

func TestSendNameInLatin1(t *testing.T) {
	got, err := parseSendName(unhex(t, "4e 0000000d07df7fbd 00000001 0006 6140 68f67374"))
	require.NoError(t, err)
	require.Equal(t, atom("a@höst"), got.name)
	require.Equal(t, unhex(t, "4e 0000000d07df7fbd 00000001 0006 6140 68f67374"), got.append(nil))
}

func TestAMalformedSendNameIsRefusedWithItsOffset(t *testing.T) {
	many := strings.Repeat("78", 300)
	refused(t, parseSendName, map[string]fault{
		"":                                  {0, "needs 1 bytes here, 0 are left"},
		"00":                                {0, "is no send_name"},
		"73 6f6b":                           {0, "is no send_name"},
		"4e":                                {1, "needs 8 bytes"},
		"4e 0000000d07df7f":                 {1, "needs 8 bytes here, 7 are left"},
		"4e 0000000d07df7fbd 6b0109":        {9, "needs 4 bytes"},
		"4e 0000000d07df7fbd 6b0109f1 00":   {13, "needs 2 bytes"},
		"4e 0000000d07df7fbd 6b0109f1 0000": {15, "is not of the form"},
		"4e 0000000d07df7fbd 6b0109f1 0004" + "614062":   {15, "needs 4 bytes here, 3 are left"},
		"4e 0000000d07df7fbd 6b0109f1 ffff" + "614062":   {15, "needs 65535 bytes"},
		"4e 0000000d07df7fbd 6b0109f1 0003" + "616263":   {15, `"abc" is not of the form`},
		"4e 0000000d07df7fbd 6b0109f1 0004" + "0a614062": {15, `"\na@b" has other characters`},
		"4e 0000000d07df7fbd 6b0109f1 012c" + many:       {15, "a name of 300 characters"},
		"6e":                      {1, "needs 2 bytes"},
		"6e 0005 01df7f":          {3, "needs 4 bytes"},
		"6e 0005 01df7fbd":        {7, "is not of the form"},
		"6e 0005 01df7fbd" + many: {7, "a name of 300 characters"},
	})
}

func TestComplement(t *testing.T) {
	want := complement{high: 1 << 32, creation: 0x6b0109f1}
	require.Equal(t, unhex(t, hexComplement), want.append(nil))
	got, err := parseComplement(unhex(t, hexComplement))
	require.NoError(t, err)
	require.Equal(t, want, got)
	refused(t, parseComplement, map[string]fault{
		"":                     {0, "needs 1 bytes"},
		"72 00000001 6b0109f1": {0, "tag 'r' instead of 'c'"},
		"63 000001":            {1, "needs 4 bytes"},
		"63 00000001 6b0109":   {5, "needs 4 bytes"},
		hexComplement + "00":   {9, "1 bytes too many"},
	})
}

func TestStatus(t *testing.T) {
	for s := StatusOK; s <= StatusAlive; s++ {
		b := statusMessage{status: s}.append(nil)
		require.Equal(t, "s"+s.String(), string(b))
		got, err := parseStatus(b)
		require.NoError(t, err)
		require.Equal(t, statusMessage{status: s}, got)
	}
	refused(t, parseStatus, map[string]fault{
		"":                                {0, "needs 1 bytes"},
		"53 6f6b":                         {0, "tag 'S' instead of 's'"},
		"73":                              {1, `status "" is not known`},
		"73 6f":                           {1, `status "o" is not known`},
		"73 6f6b20":                       {1, `status "ok " is not known`},
		"73 6f6b 00":                      {1, `status "ok\x00" is not known`},
		"73 74727565":                     {1, `status "true" is not known`},
		"73 6e616d6564":                   {1, `status "named" is not known`},
		"73" + strings.Repeat("ff", 2000): {1, `\xff`},
	})
	_, err := parseStatus(append([]byte{'s'}, long(2000)...))
	require.Less(t, len(err.Error()), 200, "what a stranger sends does not flood a log")
}

func TestStatusNamed(t *testing.T) {
	want := statusMessage{status: StatusNamed, name: "a@b", creation: 0x6b0109f1}
	require.Equal(t, unhex(t, hexNamed), want.append(nil))
	for _, tail := range []string{"", "00ff"} {
		got, err := parseStatus(unhex(t, hexNamed+tail))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	// The one name in UTF-8.
	utf8 := statusMessage{status: StatusNamed, name: "a@höst", creation: 7}
	require.Equal(t, unhex(t, "73 6e616d65643a 0007 6140 68c3b67374 00000007"), utf8.append(nil))
	got, err := parseStatus(utf8.append(nil))
	require.NoError(t, err)
	require.Equal(t, utf8, got)
	refused(t, parseStatus, map[string]fault{
		"73 6e616d65643a":                      {7, "needs 2 bytes"},
		"73 6e616d65643a 0004 614062":          {9, "needs 4 bytes"},
		"73 6e616d65643a 0003 614062 6b0109":   {12, "needs 4 bytes"},
		"73 6e616d65643a 0003 616263 6b0109f1": {9, "is not of the form"},
		"73 6e616d65643a 0003 6140ff 6b0109f1": {9, "is not UTF-8"},
		"73 6e616d65643a 0000 6b0109f1":        {9, "is not of the form"},
		"73 6e616d65643a ffff 614062 6b0109f1": {9, "needs 65535 bytes"},
	})
}

func TestTheAnswerToAlive(t *testing.T) {
	for _, insist := range []bool{true, false} {
		b := appendAlive(nil, insist)
		got, err := parseAlive(b)
		require.NoError(t, err)
		require.Equal(t, insist, got)
	}
	require.Equal(t, "strue", string(appendAlive(nil, true)))
	require.Equal(t, "sfalse", string(appendAlive(nil, false)))
	refused(t, parseAlive, map[string]fault{
		"":              {0, "needs 1 bytes"},
		"73":            {1, "neither true nor false"},
		"73 7472756500": {1, "neither true nor false"},
		"73 54525545":   {1, "neither true nor false"},
		"61 74727565":   {0, "tag 'a'"},
	})
}

func TestChallengeOfVersion6(t *testing.T) {
	want := challenge{flags: flagsOTP25, challenge: 0xdeadbeef, creation: 0x6b0109f1, name: "a@b"}
	require.Equal(t, unhex(t, hexChallenge), want.append(nil))
	for _, tail := range []string{"", "00", "0123456789"} {
		got, err := parseChallenge(unhex(t, hexChallenge+tail))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	refused(t, parseChallenge, map[string]fault{
		"":                             {0, "needs 1 bytes"},
		"73 6f6b":                      {0, "tag 's' instead of 'N'"},
		"4e 0000000d07df7fbd deadbe":   {9, "needs 4 bytes"},
		"4e 0000000d07df7fbd deadbeef": {13, "needs 4 bytes"},
		"4e 0000000d07df7fbd deadbeef 00000001 0004 614062": {19, "needs 4 bytes"},
	})
}

func TestChallengeOfVersion5TellsWhatItsSenderLacks(t *testing.T) {
	got, err := parseChallenge(unhex(t, "6e 0005 00df7fbd deadbeef 614062"))
	require.NoError(t, err)
	require.Equal(t, challenge{old: true, flags: 0x00df7fbd, challenge: 0xdeadbeef, name: "a@b"}, got)
	refused(t, parseChallenge, map[string]fault{
		"6e 0005 00df7fbd deadbe":                               {7, "needs 4 bytes"},
		"6e 0005 00df7fbd deadbeef" + strings.Repeat("78", 256): {11, "a name of 256 characters"},
	})
}

func TestChallengeReply(t *testing.T) {
	want := challengeReply{challenge: 0xcafebabe, digest: [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}
	require.Equal(t, unhex(t, hexReply), want.append(nil))
	got, err := parseChallengeReply(unhex(t, hexReply))
	require.NoError(t, err)
	require.Equal(t, want, got)
	refused(t, parseChallengeReply, map[string]fault{
		"":                         {0, "needs 1 bytes"},
		"72 cafeba":                {1, "needs 4 bytes"},
		hexReply[:len(hexReply)-2]: {5, "needs 16 bytes here, 15 are left"},
		hexReply + "00":            {21, "1 bytes too many"}, // length(SumB) =:= 16 in recv_challenge_reply
		hexAck:                     {0, "tag 'a' instead of 'r'"},
	})
}

func TestChallengeAck(t *testing.T) {
	want := challengeAck{[16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}
	require.Equal(t, unhex(t, hexAck), want.append(nil))
	got, err := parseChallengeAck(unhex(t, hexAck))
	require.NoError(t, err)
	require.Equal(t, want, got)
	refused(t, parseChallengeAck, map[string]fault{
		"":                     {0, "needs 1 bytes"},
		hexAck[:len(hexAck)-2]: {1, "needs 16 bytes here, 15 are left"},
		hexAck + "00":          {17, "1 bytes too many"},
	})
}

func TestEveryCutOfEveryMessageIsAnErrorAndNotAPanic(t *testing.T) {
	parsers := map[string]func([]byte) error{
		hexName:       func(b []byte) error { _, err := parseSendName(b); return err },
		hexComplement: func(b []byte) error { _, err := parseComplement(b); return err },
		hexNamed:      func(b []byte) error { _, err := parseStatus(b); return err },
		hexChallenge:  func(b []byte) error { _, err := parseChallenge(b); return err },
		hexReply:      func(b []byte) error { _, err := parseChallengeReply(b); return err },
		hexAck:        func(b []byte) error { _, err := parseChallengeAck(b); return err },
	}
	for text, parse := range parsers {
		whole := unhex(t, text)
		require.NoError(t, parse(whole))
		for n := range whole {
			err := parse(whole[:n])
			var e *MessageError
			require.True(t, errors.As(err, &e), "%d bytes of %s", n, text)
			require.LessOrEqual(t, e.Offset, n)
		}
	}
}
