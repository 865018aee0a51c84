package supervisor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// FuzzChildSpec checks child specs of strangers. What is taken is shown by get_childspec in a form that is taken again.
func FuzzChildSpec(f *testing.F) {
	for _, text := range []string{
		"#{id=>a,start=>{m,f,[1]}}", "{a,{m,f,[]},permanent,5000,worker,[m]}", "#{}", "{}", "a",
		"#{id=>a,start=>{m,f,[1|2]}}",
		"#{id=>#{1=>2},start=>{m,f,[]},restart=>temporary,significant=>true,shutdown=>infinity,type=>supervisor,modules=>dynamic}",
		"#{id=>1.0,start=>{m,f,[]},shutdown=>99999999999999999999}", "#{id=>a,start=>{m,f,[]},modules=>[a|b]}",
	} {
		t, err := etf.Parse(text)
		require.NoError(f, err)
		b, err := etf.Append(nil, t)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		term, err := etf.Decode(b)
		if err != nil {
			return
		}
		for _, auto := range []AutoShutdown{Never, AnySignificant} {
			c, refused := checkChildSpec(term, auto)
			require.Equal(t, c == nil, refused != nil)
			if c == nil {
				continue
			}
			again, refused := checkChildSpec(c.spec(), auto)
			require.Nil(t, refused)
			require.True(t, etf.Equal(c.spec(), again.spec()))
			require.Equal(t, hash(c.id), hash(again.id))
			_, err := etf.Append(nil, c.record())
			require.NoError(t, err)
		}
	})
}

// FuzzAnswer reads what others answer to the functions of this package.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{"{a,b,worker,[c]}", "{specs,1}", "{a,restarting,supervisor,dynamic}", "[]"} {
		t, err := etf.Parse(text)
		require.NoError(f, err)
		b, err := etf.Append(nil, t)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		if term, err := etf.Decode(b); err == nil {
			readChild(term)
			readCount(term)
		}
	})
}
