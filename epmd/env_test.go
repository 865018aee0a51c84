package epmd

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func getenv(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestTheEnvironmentIsReadAsEpmdReadsIt(t *testing.T) {
	ip := netip.MustParseAddr
	for _, c := range []struct {
		name string
		vars map[string]string
		want Env
	}{
		{"nothing set", nil, Env{Port: 4369}},
		{"a port", map[string]string{"ERL_EPMD_PORT": "4400"}, Env{Port: 4400}},
		{"one address", map[string]string{"ERL_EPMD_ADDRESS": "10.0.0.1"}, Env{4369, []netip.Addr{ip("10.0.0.1")}}},
		{"commas and blanks", map[string]string{"ERL_EPMD_ADDRESS": " 10.0.0.1,, ::1 , 10.0.0.2 "},
			Env{4369, []netip.Addr{ip("10.0.0.1"), ip("::1"), ip("10.0.0.2")}}},
		{"IPv4 written as IPv6", map[string]string{"ERL_EPMD_ADDRESS": "::ffff:10.0.0.1"},
			Env{4369, []netip.Addr{ip("10.0.0.1")}}},
		{"separators only", map[string]string{"ERL_EPMD_ADDRESS": " , "}, Env{Port: 4369}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadEnv(getenv(c.vars))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestAnUnusableVariableIsNamedWithItsValue(t *testing.T) {
	for _, c := range []struct{ variable, value, says string }{
		{"ERL_EPMD_PORT", "abc", "1 to 65535"},
		{"ERL_EPMD_PORT", "0", "1 to 65535"},
		{"ERL_EPMD_PORT", "65536", "1 to 65535"},
		{"ERL_EPMD_PORT", "-1", "1 to 65535"},
		{"ERL_EPMD_PORT", " 4369", "1 to 65535"},
		{"ERL_EPMD_ADDRESS", "10.0.0.1,host.example", `"host.example" is not an IP address`},
		{"ERL_EPMD_ADDRESS", "10.0.0.1:4369", "is not an IP address"},
	} {
		_, err := ReadEnv(getenv(map[string]string{c.variable: c.value}))
		var ee *EnvError
		require.ErrorAs(t, err, &ee)
		require.Equal(t, c.variable, ee.Variable)
		require.Equal(t, c.value, ee.Value)
		require.Contains(t, err.Error(), c.says)
		require.Contains(t, err.Error(), c.variable)
	}
}

func TestAnAddressIsHostAndPort(t *testing.T) {
	require.Equal(t, "host:4400", Env{Port: 4400}.Addr("host"))
	require.Equal(t, "[::1]:4400", Env{Port: 4400}.Addr("::1"))
}

func TestTheDefaultPortFollowsTheEnvironment(t *testing.T) {
	t.Setenv("ERL_EPMD_PORT", "4400")
	require.Equal(t, 4400, DefaultPort())
	require.Equal(t, "host:4400", Addr("host"))
	t.Setenv("ERL_EPMD_PORT", "nonsense")
	require.Equal(t, WellKnownPort, DefaultPort())
	t.Setenv("ERL_EPMD_PORT", "")
	require.Equal(t, "host:4369", Addr("host"))
}
