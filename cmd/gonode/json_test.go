package main

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/termgen"
)

// printed returns what printTerm writes, and checks that it is one line of JSON.
func printed(t *testing.T, term etf.Term) string {
	t.Helper()
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	require.NoError(t, printTerm(cmd, "json", term))
	require.True(t, json.Valid(out.Bytes()), out.String())
	line, ended := strings.CutSuffix(out.String(), "\n")
	require.True(t, ended)
	require.NotContains(t, line, "\n")
	return line
}

func TestErlangTermsAsJSON(t *testing.T) {
	for source, want := range map[string]string{
		"atom":                       `"atom"`,
		"'with space'":               `"with space"`,
		"'Elixir.My.Server'":         `"Elixir.My.Server"`,
		"''":                         `""`,
		"true":                       `true`,
		"false":                      `false`,
		"[null, nil, undefined]":     `[null,null,null]`,
		"0":                          `0`,
		"-9223372036854775808":       `-9223372036854775808`,
		"9223372036854775808":        `9223372036854775808`,
		"-123456789012345678901234":  `-123456789012345678901234`,
		"1.0":                        `1.0`,
		"-0.0":                       `-0.0`,
		"0.1":                        `0.1`,
		"1.0e15":                     `1.0e15`,
		"1.0e300":                    `1.0e300`,
		"5.0e-324":                   `5.0e-324`,
		`<<"text">>`:                 `"text"`,
		`<<"Grüße 😀"/utf8>>`:         `"Grüße 😀"`,
		`<<"<a href=\"x\">&</a>">>`:  `"<a href=\"x\">&</a>"`,
		`<<"line\nend\t\0">>`:        `"line\nend\t\u0000"`,
		`<<>>`:                       `""`,
		`<<255,254>>`:                `"<<255,254>>"`,
		`<<1,2,3:4>>`:                `"<<1,2,3:4>>"`,
		`"ab"`:                       `[97,98]`,
		"[]":                         `[]`,
		"{}":                         `[]`,
		"{ok, [1, {2}]}":             `["ok",[1,[2]]]`,
		"[a|b]":                      `"[a|b]"`,
		"#{}":                        `{}`,
		`#{a => 1, <<"b">> => #{}}`:  `{"a":1,"b":{}}`,
		`#{1 => a, 2.5 => b}`:        `{"1":"a","2.5":"b"}`,
		`#{{x, 1} => y, "k" => z}`:   `{"\"k\"":"z","{x,1}":"y"}`,
		`#{true => 1, nil => 2}`:     `{"nil":2,"true":1}`,
		`#{<<255>> => 1}`:            `{"<<255>>":1}`,
		`fun lists:map/2`:            `"fun lists:map/2"`,
		`#{z => 1, a => 2, m => 3}`:  `{"a":2,"m":3,"z":1}`,
		`[#{a => [{b, #{c => 1}}]}]`: `[{"a":[["b",{"c":1}]]}]`,
	} {
		term, err := etf.Parse(source)
		require.NoError(t, err, source)
		require.Equal(t, want, printed(t, term), source)
	}
}

func TestTermsThatHaveNoTextInErlangAreShownAsTheBEAMPrintsThem(t *testing.T) {
	pid := etf.Pid{Node: "a@vm", ID: 12, Creation: 3}
	ref := etf.Ref{Node: "a@vm", Creation: 3, Len: 1, Words: [etf.MaxRefWords]uint32{7}}
	for _, term := range []etf.Term{pid, ref, etf.Port{Node: "a@vm", ID: 5, Creation: 3},
		&etf.Fun{Module: "m", OldIndex: etf.Int(0), OldUniq: etf.Int(1), Pid: pid},
		&etf.Record{Module: "m", Name: "r", Fields: []etf.Atom{"f"}, Values: []etf.Term{etf.Int(1)}}} {
		var text string
		require.NoError(t, json.Unmarshal([]byte(printed(t, term)), &text))
		require.Equal(t, etf.Format(term), text)
	}
}

func TestKeysWithTheSameTextAreToldApart(t *testing.T) {
	for source, want := range map[string]string{
		`#{'' => 1, <<>> => 2}`:                      `{"''":1,"<<>>":2}`,
		`#{a => 1, <<"a">> => 2}`:                    `{"<<\"a\">>":2,"a":1}`,
		`#{1 => x, <<"1">> => y, b => z}`:            `{"1":"x","<<\"1\">>":"y","b":"z"}`,
		`#{'{x}' => 1, {x} => 2}`:                    `{"'{x}'":1,"{x}":2}`,
		`[#{a => #{b => 1, <<"b">> => 2}}]`:          `[{"a":{"<<\"b\">>":2,"b":1}}]`,
		`#{a => 1, <<"a">> => 2, '<<"a">>' => <<>>}`: `{"'<<\"a\">>'":"","<<\"a\">>":2,"a":1}`,
	} {
		term, err := etf.Parse(source)
		require.NoError(t, err, source)
		require.Equal(t, want, printed(t, term), source)
	}
}

func TestAMapThatWouldLoseAValueIsRefused(t *testing.T) {
	one, two := etf.Pid{Node: "a@vm", ID: 1, Creation: 1}, etf.Pid{Node: "a@vm", ID: 1, Creation: 2}
	require.Equal(t, etf.Format(one), etf.Format(two), "the test needs two pids that look alike")
	inner := etf.Map{{Key: one, Value: etf.Int(1)}, {Key: two, Value: etf.Int(2)}}
	for _, term := range []etf.Term{inner, etf.List{inner}, etf.Tuple{inner},
		etf.Map{{Key: etf.Atom("k"), Value: inner}}} {
		_, err := toJSON(term)
		require.ErrorContains(t, err, "two keys "+etf.Format(one))
		require.ErrorContains(t, err, "-o term")
	}
}

// Clashes on every level must not make the work grow exponentially with the depth.
func TestClashesAllTheWayDownTakeNoTime(t *testing.T) {
	var term etf.Term = etf.Int(1)
	for range 500 {
		term = etf.Map{{Key: etf.Atom("a"), Value: term}, {Key: etf.Binary("a"), Value: etf.Int(2)}}
	}
	require.Equal(t, 500, strings.Count(printed(t, term), `"a":`))
}

func TestANumberOfAnySizeKeepsAllItsDigits(t *testing.T) {
	huge := new(big.Int).Exp(big.NewInt(7), big.NewInt(5000), nil)
	require.Equal(t, huge.String(), printed(t, etf.NewBigInt(huge)))
	for _, f := range []float64{math.MaxFloat64, math.SmallestNonzeroFloat64, math.Pi, 1e21, 1e22, 1e-7, 123456789,
		-1.5e-300} {
		var back float64
		require.NoError(t, json.Unmarshal([]byte(printed(t, etf.Float(f))), &back))
		require.Equal(t, f, back)
	}
}

func TestDeepTermsAreShownAndDeeperOnesThanJSONIsReadRefused(t *testing.T) {
	var term etf.Term = etf.List{}
	for range maxJSONDepth - 1 {
		term = etf.List{term}
	}
	require.Len(t, printed(t, term), 2*maxJSONDepth)
	_, err := toJSON(etf.List{etf.List{term}})
	require.ErrorContains(t, err, "use -o term")
}

func TestAnyTermIsJSON(t *testing.T) {
	for seed := range uint64(2000) {
		g := termgen.New(seed)
		g.Records = true
		v, err := toJSON(g.Term())
		if err != nil {
			require.ErrorContains(t, err, "two keys", "seed %d", seed)
			continue
		}
		b, err := json.Marshal(v)
		require.NoError(t, err, "seed %d", seed)
		require.True(t, json.Valid(b), "seed %d: %s", seed, b)
	}
}
