package dist

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Sets announced by visible nodes of real releases.
const (
	flagsOTP23 Flags = 0x1_01df7fbd
	flagsOTP25 Flags = 0xd_07df7fbd // 25.2 and 27.3
	flagsOTP29 Flags = 0x6d_07df7fbd
)

func TestWhatRealReleasesAnnounceIsEnoughForUs(t *testing.T) {
	for name, announced := range map[string]Flags{"23": flagsOTP23, "25": flagsOTP25, "29": flagsOTP29} {
		require.Zero(t, announced.Missing(RequiredFlags), name)
	}
}

func TestWhatWeAnnounceIsEnoughForEveryRelease(t *testing.T) {
	for otp := 23; otp <= 29; otp++ {
		require.Zero(t, (DefaultFlags &^ FlagMandatory25Digest).Missing(Mandatory(otp)), otp)
	}
	require.False(t, DefaultFlags.Has(FlagPublished), "hidden by default")
	require.EqualValues(t, 0x6d_07df7fbc, DefaultFlags)
}

func TestTheDigestStandsForTheFlagsOfOTP25AndNoMore(t *testing.T) {
	only := FlagMandatory25Digest | FlagHandshake23
	require.Zero(t, only.Missing(Mandatory25))
	require.Zero(t, only.Missing(Mandatory(25)))
	require.Equal(t, FlagUnlinkID|FlagV4NC, only.Missing(Mandatory(26)), "OTP 27 answers not_allowed to these")
	require.Equal(t, only|Mandatory25, only.Expand())
	require.Equal(t, FlagMapTag, FlagMapTag.Expand())
}

func TestTheMandatoryFlagsOfOTP25AreThoseOfItsHeaderFile(t *testing.T) {
	require.Equal(t, Mandatory25, Mandatory(25))
	require.Equal(t, FlagExtendedReferences|FlagNewFunTags|FlagExtendedPidsPorts|FlagUTF8Atoms|FlagBigCreation,
		Mandatory(23))
	require.Equal(t, Mandatory(26), Mandatory(99))
	require.Zero(t, Mandatory(22))
}

func TestAFlagKnowsSinceWhenItIsRequired(t *testing.T) {
	require.Equal(t, 23, FlagBigCreation.MandatorySince())
	require.Equal(t, 25, FlagMapTag.MandatorySince())
	require.Equal(t, 26, FlagV4NC.MandatorySince())
	require.Equal(t, 0, FlagSpawn.MandatorySince())
	require.Equal(t, 0, Flags(1<<63).MandatorySince())
}

func TestFlagsPrintAsInOTPsReports(t *testing.T) {
	require.Equal(t, "none", Flags(0).String())
	require.Equal(t, "PUBLISHED|BIG_CREATION|V4_NC", (FlagPublished | FlagV4NC | FlagBigCreation).String())
	require.Equal(t, "ALIAS|bit 40|bit 63", (FlagAlias | 1<<40 | 1<<63).String())
}

func TestEachFlagHasOneRowOfItsOwn(t *testing.T) {
	var seen Flags
	names := map[string]bool{}
	for _, row := range flagTable {
		require.Zero(t, seen&row.flag, row.name)
		require.False(t, names[row.name], row.name)
		seen |= row.flag
		names[row.name] = true
	}
	require.Zero(t, DefaultFlags&^seen)
}

func TestTheTieOfASimultaneousConnectIsBrokenByTheNames(t *testing.T) {
	// Distribution Protocol, "Distribution Handshake": the acceptor with the greater name refuses.
	require.Equal(t, StatusNOK, Simultaneous("mmm@host", "aaa@host"))
	require.Equal(t, StatusOKSimultaneous, Simultaneous("mmm@host", "zzz@host"))
	require.Equal(t, StatusOKSimultaneous, Simultaneous("m@host", "m@host2"))
	require.Equal(t, StatusNOK, Simultaneous("m@hösts", "m@host"), "ö comes after every letter of ASCII")
	for _, pair := range [][2]string{{"a@h", "b@h"}, {"a@h", "A@h"}, {"a@h", "a-b@h"}} {
		one := Simultaneous(atom(pair[0]), atom(pair[1]))
		other := Simultaneous(atom(pair[1]), atom(pair[0]))
		require.NotEqual(t, one, other, "exactly one of the two attempts goes on")
	}
}

func TestAStatusPrintsAsOnTheWire(t *testing.T) {
	require.Equal(t, "ok_simultaneous", StatusOKSimultaneous.String())
	require.Equal(t, "", StatusNone.String())
	require.Equal(t, "unknown status", Status(77).String())
	for s := StatusOK; s <= StatusAlive; s++ {
		require.Equal(t, s, statusOf(s.String()))
	}
}

func TestAConnectionIsHiddenAsSoonAsOneSideIs(t *testing.T) {
	require.True(t, (&Peer{Flags: flagsOTP25, Negotiated: flagsOTP25 & DefaultFlags}).Hidden())
	require.False(t, (&Peer{Flags: flagsOTP25, Negotiated: flagsOTP25}).Hidden())
}
