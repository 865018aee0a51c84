package upgradetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// one and two are two versions of a till. lossy loses a coin on the way down, hasty alters the state in place, and
// deaf has no code change.
type (
	one   struct{}
	two   struct{}
	lossy struct{ two }
	hasty struct{}
	deaf  struct{}

	cash struct{ Coins, Notes int }
	bag  map[string]int
)

func (one) ModuleName() etf.Atom   { return "till" }
func (two) ModuleName() etf.Atom   { return "till" }
func (hasty) ModuleName() etf.Atom { return "till" }
func (deaf) ModuleName() etf.Atom  { return "till" }

func (one) Init(*genserv.Process, etf.Term) genserv.InitResult[int]   { return genserv.Ok(0) }
func (two) Init(*genserv.Process, etf.Term) genserv.InitResult[cash]  { return genserv.Ok(cash{}) }
func (hasty) Init(*genserv.Process, etf.Term) genserv.InitResult[bag] { return genserv.Ok(bag{}) }
func (deaf) Init(*genserv.Process, etf.Term) genserv.InitResult[cash] { return genserv.Ok(cash{}) }

func (one) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s int) genserv.Result[int] {
	return genserv.Reply(etf.Int(s), s)
}

func (two) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s cash) genserv.Result[cash] {
	return genserv.Reply(etf.Int(s.Coins), s)
}

func (hasty) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s bag) genserv.Result[bag] {
	return genserv.Reply(etf.Atom("ok"), s)
}

func (deaf) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s cash) genserv.Result[cash] {
	return genserv.Reply(etf.Atom("ok"), s)
}

func (two) CodeChange(_ etf.Term, old any, _ etf.Term) (cash, error) {
	n, ok := old.(int)
	if !ok || n < 0 {
		return cash{}, errors.New("the till owes money")
	}
	return cash{Coins: n}, nil
}

func (two) Downgrade(_ etf.Term, s cash, _ etf.Term) (any, error)   { return s.Coins, nil }
func (lossy) Downgrade(_ etf.Term, s cash, _ etf.Term) (any, error) { return s.Coins - 1, nil }

func (hasty) CodeChange(_ etf.Term, old any, _ etf.Term) (bag, error) {
	s := old.(bag)
	s["changed"]++
	return s, nil
}

func (hasty) Downgrade(_ etf.Term, s bag, _ etf.Term) (any, error) { return s, nil }

// tills is a program with two versions of the till, and files for them.
func tills(t *testing.T, first, second genserv.Module, samples ...Sample) Program {
	t.Helper()
	p := Program{Root: t.TempDir(), Samples: samples, Versions: func() (*codechange.Versions, error) {
		return codechange.NewVersions(
			codechange.Application{Name: "shop", Vsn: "1", Modules: []*codechange.Module{{Vsn: "1", Code: first}}},
			codechange.Application{Name: "shop", Vsn: "2", Modules: []*codechange.Module{{Vsn: "2", Code: second}}})
	}}
	for _, vsn := range []string{"1", "2"} {
		p.put(t, "lib/shop-"+vsn+"/ebin/shop.app", `{application,shop,[{description,""},{vsn,"`+vsn+
			`"},{modules,[till]},{registered,[]},{applications,[]}]}.`)
	}
	p.put(t, "lib/shop-2/ebin/shop.appup",
		`{"2", [{"1", [{update,till,{advanced,[]}}]}], [{"1", [{update,till,{advanced,[]}}]}]}.`)
	return p
}

func (p Program) put(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(p.Root, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
}

// wrong is what is found by walking the only pair.
func (p Program) wrong(t *testing.T) string {
	t.Helper()
	pairs, problems := p.pairs()
	require.Empty(t, problems)
	require.Len(t, pairs, 1)
	return texts(p.walk(t.Context(), pairs[0]))
}

func texts(problems []error) string {
	var all []string
	for _, err := range problems {
		all = append(all, err.Error())
	}
	return strings.Join(all, "\n")
}

func till(vsn string, state any) Sample { return Sample{Module: "till", Vsn: vsn, State: Value(state)} }

func TestUpgradesThatAreRightHaveNoProblems(t *testing.T) {
	refused := till("1", -1)
	refused.RefusedBy = "2"
	p := tills(t, genserv.Of(one{}), genserv.Of(two{}), till("1", 7), refused, till("2", cash{1, 2}))
	require.Empty(t, texts(p.CheckRoot()))
	require.Empty(t, p.wrong(t))
	Run(t, p)
}

func TestAStateThatIsNotTheSameAfterTheRoundTripIsTold(t *testing.T) {
	p := tills(t, genserv.Of(one{}), genserv.Of(lossy{}), till("1", 7))
	require.Equal(t, "shop 1 to 2: the server of till-1, sample 1 had the state 7, "+
		"and has 6 after the way there and back", p.wrong(t))
	p.Same = func(module etf.Atom, before, after etf.Term) bool {
		return module == "till" && etf.Equal(before, etf.Int(7)) && etf.Equal(after, etf.Int(6))
	}
	require.Empty(t, p.wrong(t), "the user compares")
}

func TestAStateThatIsAlteredInPlaceIsToldWithTheStep(t *testing.T) {
	p := tills(t, genserv.Of[bag](hasty{}), genserv.Of[bag](hasty{}), Sample{Module: "till", Vsn: "1", Name: "till",
		State: func(*genserv.Process) any { return bag{} }})
	text := p.wrong(t)
	require.Contains(t, text, "shop 1 to 2: after a failure before {resume,[till]} "+
		"the server of till-1, sample 1 (till) is not what it was (uncopied)")
	require.Contains(t, text, "has the state #{<<\"changed\">> => 1}, and had #{}")
}

func TestAnUpgradeThatFailsIsToldWithItsReason(t *testing.T) {
	p := tills(t, genserv.Of(one{}), genserv.Of(two{}), till("1", -1))
	require.Contains(t, p.wrong(t), "shop 1 to 2: the upgrade failed: codechange: {code_change_failed,")
	require.Contains(t, p.wrong(t), "the till owes money")
	p = tills(t, genserv.Of(one{}), genserv.Of(deaf{}), till("1", 1))
	require.Contains(t, p.wrong(t), "undef")
}

func TestASampleThatIsToBeRefusedAndIsNotIsTold(t *testing.T) {
	s := till("1", 5)
	s.RefusedBy = "2"
	p := tills(t, genserv.Of(one{}), genserv.Of(two{}), s, till("1", 1))
	require.Equal(t, "shop 1 to 2: a sample that version 2 is to refuse was taken over", p.wrong(t))
}

func TestSamplesThatAreMissingOrOfAnotherTypeAreTold(t *testing.T) {
	p := tills(t, genserv.Of(one{}), genserv.Of(two{}))
	require.Equal(t, "shop 1 to 2: there is no sample of the state of till in shop-1", p.wrong(t))
	p = tills(t, genserv.Of(one{}), genserv.Of(two{}), till("1", "seven"))
	require.Contains(t, p.wrong(t), `a sample is no state of till-1`)
}

func TestServersThatPrepareStartsAreWatchedToo(t *testing.T) {
	p := tills(t, genserv.Of(one{}), genserv.Of(lossy{}))
	p.Prepare = func(ctx context.Context, n *node.Node) error {
		_, err := n.Spawn(ctx, genserv.Child{Name: "mine", Module: genserv.Of(one{})})
		return err
	}
	require.Contains(t, p.wrong(t), "had the state 0, and has -1 after")
	p.Prepare = func(context.Context, *node.Node) error { return errors.New("no table") }
	require.Contains(t, p.wrong(t), "no table")
}

func TestTheFilesAreComparedWithTheProgram(t *testing.T) {
	p := tills(t, genserv.Of(one{}), genserv.Of(two{}))
	p.put(t, "lib/shop-1/ebin/shop.app", `{application,shop,[{description,""},{vsn,"1"},{modules,[till,cart]},
		{registered,[]},{applications,[]}]}.`)
	p.put(t, "lib/shop-2/ebin/shop.appup", `{"2", [{"1", []}], [{"1", [{update,till,{advanced,[]}},{delete_module,x}]}]}.`)
	p.put(t, "releases/RELEASES", `[{release,"r","1","13",[{shop,"9","lib/shop-9"}],unpacked}].`)
	p.put(t, "releases/1/r.rel", `{release,{"r","1"},{erts,"13"},[{kernel,"8"},{stdlib,"4"},{sasl,"4"},{shop,"1"}]}.`)
	p.put(t, "releases/2/r.rel", `{release,{"r","2"},{erts,"13"},[{kernel,"8"},{stdlib,"4"},{sasl,"4"},{shop,"2"}]}.`)
	p.put(t, "releases/3/r.rel", `{release,{"r","4"},{erts,"13"},[{kernel,"8"},{stdlib,"4"},{sasl,"4"},{shop,"3"}]}.`)
	p.put(t, "releases/2/relup", `{"2",[{"1",[],[point_of_no_return]},{"8",[],[]}],[]}.`)
	text := texts(p.CheckRoot())
	for _, want := range []string{
		"shop.app:1:1: the module cart is listed, but shop-1 has none in the program",
		"shop.appup:1:9: shop 1 to 2: the module till is changed, but no instruction is about it",
		"relup:1:16: shop 1 to 2: the module till is changed, but no instruction is about it",
		"releases/2/relup: release 8 has 0 .rel files",
		"releases/3/r.rel: release 4 lies in the directory of release 3",
		"releases/3/r.rel: shop-3 is not linked into the program",
		"RELEASES has no permanent release",
		"RELEASES, release 1: shop-9 is not linked into the program",
	} {
		require.Contains(t, text, want)
	}
	require.NoError(t, os.RemoveAll(filepath.Join(p.Root, "lib")))
	require.Contains(t, texts(p.CheckRoot()), "shop-1 is linked, but there is no ")
	_, problems := p.pairs()
	require.Contains(t, texts(problems), "shop-1 is linked, but no .appup file below ")
}

func TestAProgramWhoseVersionsCannotBeToldApartIsTold(t *testing.T) {
	p := Program{Versions: func() (*codechange.Versions, error) { return nil, errors.New("twice") }}
	require.Equal(t, "twice", texts(p.CheckRoot()))
	_, problems := p.pairs()
	require.Equal(t, "twice", texts(problems))
}

func TestSamplesOfVersionsThatAreNotLinkedAreTold(t *testing.T) {
	refused := till("1", 1)
	refused.RefusedBy = "7"
	_, problems := tills(t, genserv.Of(one{}), genserv.Of(two{}), till("1", 1), till("9", 1), refused).pairs()
	require.Equal(t, "there is a sample of till-9, which is not linked\n"+
		"a sample of till-1 is to be refused by till-7, which is not linked", texts(problems))
}
