package erlang

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/node"
)

const besidePage = "../../docs/guide/upgrading-beside-otp.md"

// besideCase is a row of the table in the guide. Its outcomes are seen on a real node and on a Go node.
type besideCase struct {
	what          string // happens
	otpIs, oursIs string // what the outcomes mean
	script        string
	call          [2]string // that has begun when the script does: server and request
	look          []string  // servers whose state is an outcome
	otpOptions    string
	options       codechange.Options
	more          func(lab *besideLab) (otp, our string) // what else is an outcome
	permanent     bool                                   // application
	long          bool                                   // OTP waits for ten seconds and more
}

// blocked is a request that is served only when the case is over.
const blocked = "block"

// loadTwins finds the code of version 2.
const loadTwins = `{load_object_code,{twin,"2",[ta,tb,tc,td,twin_sup]}}, point_of_no_return`

// upTwins is the group of instructions for modules, which are suspended in this order. It changes them with an extra
// term.
func upTwins(extra string, modules ...string) string {
	var load, change []string
	for _, m := range modules {
		load = append(load, fmt.Sprintf("{load,{%s,brutal_purge,brutal_purge}}", m))
		change = append(change, fmt.Sprintf("{%s,%s}", m, extra))
	}
	all := strings.Join(modules, ",")
	return fmt.Sprintf(", {suspend,[%s]}, %s, {code_change,up,[%s]}, {resume,[%s]}", all, strings.Join(load, ", "),
		strings.Join(change, ", "), all)
}

const (
	failTwins = `, {apply,{twin_lab,fail,[]}}`
	stopTwins = `, {apply,{application,stop,[twin]}}`
	dropTwins = stopTwins + `, {remove,{ta,brutal_purge,brutal_purge}}, {purge,[ta]}`
)

// row is the line of the table, with the outcomes.
func (c besideCase) row(name, otp, our string) string {
	if c.long {
		name += " (soak)"
	}
	cell := func(outcome, is string) string { return is + ": `" + outcome + "`" }
	return "| " + strings.Join([]string{c.what, cell(otp, c.otpIs), cell(our, c.oursIs), name}, " | ") + " |"
}

// run has it happen.
func (c besideCase) run(lab *besideLab) (otp, our string) {
	lab.t.Helper()
	wait := func() {}
	if c.call[0] != "" {
		wait = lab.enter(c.call[0], c.call[1])
	}
	options := c.otpOptions
	if options == "" {
		options = "[]"
	}
	otp, our = lab.otp(c.script, options), lab.ours(c.script, c.options)
	if c.call[1] != blocked {
		wait()
	}
	if len(c.look) > 0 {
		otpLooks, ourLooks := lab.looks(c.look...)
		otp, our = otp+"; "+otpLooks, our+"; "+ourLooks
	}
	if c.more != nil {
		otpMore, ourMore := c.more(lab)
		otp, our = otp+"; "+otpMore, our+"; "+ourMore
	}
	return otp, our + lab.told()
}

// What a real node and a Go node make of the same script stands side by side in the guide.
func TestUpgradesStandBesideThoseOfOTP(t *testing.T) {
	page, err := os.ReadFile(besidePage)
	require.NoError(t, err)
	lab := startBeside(t)
	for _, name := range slices.Sorted(maps.Keys(besideCases)) {
		c := besideCases[name]
		t.Run(name, func(t *testing.T) {
			if c.long {
				soak.Only(t)
			}
			kind := node.AppTemporary
			if c.permanent {
				kind = node.AppPermanent
			}
			lab.begin(t, kind)
			began := time.Now()
			otp, our := c.run(lab)
			t.Logf("it took %v", time.Since(began).Round(time.Millisecond))
			require.True(t, strings.Contains(string(page), c.row(name, otp, our)+"\n"), "%s is to have the line\n%s",
				besidePage, c.row(name, otp, our))
		})
	}
}

// Each row of the table is a case, or names tests that exist.
func TestEveryRowOfTheTwinsIsHeldByATest(t *testing.T) {
	page, err := os.ReadFile(besidePage)
	require.NoError(t, err)
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 4 || strings.HasPrefix(line, "| What") {
			continue
		}
		name := strings.TrimSuffix(strings.TrimSuffix(cells[3], " |"), " (soak)")
		if _, isCase := besideCases[name]; isCase {
			rows++
			continue
		}
		tests := regexp.MustCompile("`([a-z/]+): (Test\\w+)`").FindAllStringSubmatch(name, -1)
		require.NotEmpty(t, tests, line)
		for _, found := range tests {
			require.True(t, hasTest(t, "../../"+found[1], found[2]), "%s of %s", found[2], found[1])
		}
	}
	require.Equal(t, len(besideCases), rows)
}

// hasTest tells whether a package has a test.
func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(dir + "/" + e.Name())
		require.NoError(t, err)
		if strings.Contains(string(text), "func "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
