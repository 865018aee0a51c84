package genserv_test

import (
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

type (
	locked struct {
		mu    sync.Mutex
		Items map[string]int
	}
	counting struct {
		Hits *atomic.Int64
		Last []string
	}
	informing struct {
		Done  chan struct{}
		Items map[string]int
	}
	hiding struct {
		Cache any
	}
	itself struct {
		locked
	}
	plain struct {
		Name  string
		When  time.Time
		Last  etf.Term
		Pairs [2]etf.Tuple
	}
	listing struct{ Names []string }
	knowing struct {
		p    *genserv.Process
		log  *slog.Logger
		tick *genserv.Timer
		err  error
		N    int
	}
)

func (s *itself) StateTerm() etf.Term {
	s.mu.Lock()
	defer s.mu.Unlock()
	return etf.Int(len(s.Items))
}

func TestAStateThatHasALockBesideSharedDataIsNotLookedThrough(t *testing.T) {
	require.Regexp(t, `^{no_term,<<"\*genserv_test.locked">>,<<".mu is a sync.Mutex.*StateTerm.*">>}$`,
		etf.Format(stateOf(t, of[*locked]{&locked{}})))
	require.Regexp(t, `^{no_term,.*<<".Hits is a atomic.Int64.*">>}$`, etf.Format(stateOf(t, of[counting]{})))
	require.Regexp(t, `^{no_term,.*<<".Done is a channel.*">>}$`, etf.Format(stateOf(t, of[informing]{})))
	require.Regexp(t, `^{no_term,.*<<".Cache: .mu is a sync.Mutex.*">>}$`,
		etf.Format(stateOf(t, of[hiding]{hiding{&locked{}}})))
	require.Equal(t, "#{cache => [1]}", etf.Format(stateOf(t, of[*hiding]{&hiding{[]int{1}}})))
	held := knowing{p: &genserv.Process{}, log: slog.Default(), tick: &genserv.Timer{}, err: genserv.ErrRehearsal}
	require.Equal(t, "#{n => 0}", etf.Format(stateOf(t, of[*knowing]{&held})))
	require.Equal(t, "0", etf.Format(stateOf(t, of[*itself]{&itself{}})), "it shows itself")
	require.Equal(t, `#{names => [<<"x">>]}`, etf.Format(stateOf(t, of[*listing]{&listing{[]string{"x"}}})))
}

func TestAStateThatOthersChangeCanBeAskedForAtAnyTime(t *testing.T) {
	s := &locked{Items: map[string]int{}}
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
				s.mu.Lock()
				s.Items["x"] = n
				s.mu.Unlock()
			}
		}
	})
	for range 100 {
		stateOf(t, of[*locked]{s})
	}
	close(done)
	work.Wait()
}

func TestItIsKnownWhichStatesACodeChangeCouldAlter(t *testing.T) {
	for want, m := range map[string]genserv.Module{
		"":                              genserv.Of(of[plain]{}),
		".p and the like are values":    genserv.Of(of[knowing]{}),
		".Names is a slice":             genserv.Of(of[listing]{}),
		"the state itself is a pointer": genserv.Of(of[*plain]{}),
		".Hits is a pointer":            genserv.Of(of[counting]{}),
	} {
		w := startVersion(m)
		if strings.HasSuffix(want, "values") {
			want = ""
		}
		require.Equal(t, want, w.loop.Uncopied())
	}
	w := startVersion(genserv.Of(shared{of[*int]{new(int)}}))
	require.Empty(t, w.loop.Uncopied(), "it copies its state")
}

func TestStatesOfOneLayoutAreOneAndOfOneNameAreNot(t *testing.T) {
	type State struct{ N int }
	first := genserv.Of(of[State]{State{1}})
	same, other := func() (same, other genserv.Module) {
		type State struct{ N, M int }
		type Alike struct{ N int }
		return genserv.Of(of[Alike]{}), genserv.Of(of[State]{})
	}()
	require.True(t, first.SameLayout(same))
	require.False(t, first.SameLayout(other))
	require.False(t, genserv.Of(of[int]{}).SameLayout(genserv.Of(of[float64]{})))
	w := startVersion(first)
	w.loop.Suspend()
	_, err := w.loop.LoadCode(other)
	require.ErrorContains(t, err, "cannot run with a state of type")
	undo, err := w.loop.LoadCode(same)
	require.NoError(t, err)
	require.Equal(t, "#{n => 1}", etf.Format(w.loop.State()))
	undo()
	require.Equal(t, State{1}, w.loop.Value())
}
