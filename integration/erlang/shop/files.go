package shop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// WriteFiles writes the .app, .appup and .rel files of both versions below root. It makes the relup from them.
func WriteFiles(root string) error {
	for vsn := 1; vsn <= 2; vsn++ {
		libs := "{kernel,\"8.5.3\"},{stdlib,\"4.2\"},{sasl,\"4.2\"}"
		for _, app := range Apps {
			libs += fmt.Sprintf(",{%s,\"%d\"}", app, vsn)
			ebin := filepath.Join(root, "lib", fmt.Sprintf("%s-%d", app, vsn), "ebin")
			if err := write(filepath.Join(ebin, string(app)+".app"), resource(app, vsn)); err != nil {
				return err
			}
			if vsn == 2 {
				if err := write(filepath.Join(ebin, string(app)+".appup"), Appups[app]); err != nil {
					return err
				}
			}
		}
		rel := fmt.Sprintf("{release,{\"shop\",\"%d\"},{erts,\"13.1.5\"},[%s]}.\n", vsn, libs)
		if err := write(filepath.Join(root, "releases", fmt.Sprint(vsn), "shop.rel"), rel); err != nil {
			return err
		}
	}
	for _, lib := range []string{"kernel-8.5.3", "stdlib-4.2", "sasl-4.2"} {
		name, vsn, _ := strings.Cut(lib, "-")
		text := fmt.Sprintf("{application,%s,[{description,\"\"},{vsn,%q},{modules,[]},{registered,[]},"+
			"{applications,[]}]}.\n", name, vsn)
		if err := write(filepath.Join(root, "lib", lib, "ebin", name+".app"), text); err != nil {
			return err
		}
	}
	return nil
}

func write(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

func resource(app etf.Atom, vsn int) string {
	var names etf.List
	for _, name := range ModuleNames(app, vsn) {
		names = append(names, name)
	}
	return fmt.Sprintf("{application,%s,[{description,\"part of a shop\"},{vsn,\"%d\"},{modules,%s},{registered,[]},"+
		"{applications,[kernel,stdlib]}]}.\n", app, vsn, etf.Format(names))
}

// Appups are the upgrade files of the applications. A server and the servers that it calls are in one group, or the
// caller's group comes first. Functions between the groups let the servers resume before the script has ended.
var Appups = map[etf.Atom]string{
	"catalog": `{"2",
 [{"1", [{add_module,offers}, {update,catalog_sup,supervisor},
         {apply,{supervisor,restart_child,[catalog_sup,offers]}},
         {update,price,{advanced,[]}}, {update,tax,{advanced,[]},[price]},
         {update,stock,{advanced,[]}}, {update,shelf,{advanced,[]}}, {load_module,search},
         {update,rates,{advanced,[]}}, {update,images,{advanced,[]}},
         {apply,{shop,checkpoint,[catalog]}}, {update,gate,{advanced,[]}}]}],
 [{"1", [{update,gate,{advanced,[]}}, {apply,{shop,checkpoint,[catalog]}},
         {update,images,{advanced,[]}}, {update,rates,{advanced,[]}}, {load_module,search},
         {update,shelf,{advanced,[]}}, {update,stock,{advanced,[]}},
         {update,tax,{advanced,[]},[price]}, {update,price,{advanced,[]}},
         {apply,{supervisor,terminate_child,[catalog_sup,offers]}},
         {apply,{supervisor,delete_child,[catalog_sup,offers]}},
         {update,catalog_sup,supervisor}, {delete_module,offers}]}]}.
`,
	"orders": `{"2",
 [{"1", [{update,orders_sup,supervisor}, {update,cart_sup,supervisor}, {update,cart,{advanced,[]}},
         {update,returns,{advanced,[]},[desk]}, {update,desk,{advanced,[]},[ledger]}, {update,ledger,{advanced,[]}},
         {update,audit,{advanced,[]}}, {apply,{shop,checkpoint,[orders]}}, {load_module,numbers},
         {update,bell,{advanced,[]}}]}],
 [{"1", [{update,bell,{advanced,[]}}, {load_module,numbers}, {update,audit,{advanced,[]}},
         {update,ledger,{advanced,[]}}, {update,desk,{advanced,[]},[ledger]}, {update,returns,{advanced,[]},[desk]},
         {update,cart,{advanced,[]}}, {update,cart_sup,supervisor}, {apply,{shop,checkpoint,[orders]}},
         {update,orders_sup,supervisor}]}]}.
`,
	"shipping": `{"2",
 [{"1", [{update,shipping_sup,supervisor}, {update,parcel_sup,supervisor}, {update,parcel,{advanced,[]}},
         {update,clerk,{advanced,[]}}, {update,depot,{advanced,[]}}, {update,dispatch,{advanced,[]}},
         {update,yard,{advanced,[]}}, {update,tracker,{advanced,[]}}, {update,archive,{advanced,[]}},
         {apply,{shop,checkpoint,[shipping]}}]}],
 [{"1", [{update,archive,{advanced,[]}}, {update,tracker,{advanced,[]}}, {update,yard,{advanced,[]}},
         {update,dispatch,{advanced,[]}}, {update,depot,{advanced,[]}}, {update,clerk,{advanced,[]}},
         {update,parcel,{advanced,[]}}, {update,parcel_sup,supervisor}, {update,shipping_sup,supervisor},
         {apply,{shop,checkpoint,[shipping]}}]}]}.
`,
}
