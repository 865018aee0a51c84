package tlsdist

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gonode-otp/gonode/etf"
)

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`[{server,[{certfile,"a"},{verify,verify_peer},{fail_if_no_peer_cert,true}]},{client,[{cacertfile,<<"b">>},{password,"p"}]}].`,
		`[{client,[{ciphers,["ECDHE-RSA-AES256-GCM-SHA384",#{cipher=>aes_256_gcm,key_exchange=>ecdhe_rsa,mac=>aead,prf=>sha384},{rsa,aes_128_cbc,sha}]}]}].`,
		`[{client,[{versions,['tlsv1.3','tlsv1.2']},{depth,0},{eccs,[secp521r1]},{server_name_indication,disable}]}].`,
		`[{client,[{certs_keys,[#{certfile=>"a",keyfile=>"b"}]},{verify_fun,{fun inet_tls_dist:verify_client/3,[]}}]}].`,
		`[|].`, `"server".`, `[{server,"a"}].`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := Parse("f", text)
		var option *OptionError
		var syntax *etf.ParseError
		switch {
		case err == nil:
			for _, s := range []*Side{&o.Server, &o.Client} {
				if low, high := s.versions(); low > high {
					t.Fatalf("versions %x to %x", low, high)
				}
			}
		case errors.As(err, &option):
			if option.File != "f" {
				t.Fatalf("no file in %#v", option)
			}
		case !errors.As(err, &syntax):
			t.Fatalf("untyped error %v", err)
		}
	})
}

func FuzzWords(f *testing.F) {
	f.Add("server_certfile", "a", "client_verify", "verify_none")
	f.Add("server_verify_fun", "{inet_tls_dist,verify_client,[]}", "client_ciphers", "AES128-SHA")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		if _, err := Read("", a, b, c, d); err != nil && !errors.As(err, new(*OptionError)) {
			t.Fatalf("untyped error %v", err)
		}
	})
}

func FuzzKey(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.pem")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "key.pem")
		write(t, file, string(text))
		_, _ = readKey(file, "secret")
		_, _ = readCertificates(file)
	})
}
