package appup

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// useTopApps makes applications that use an included one wait for that which includes it: add_top_apps_to_uses/3.
func (r *Release) useTopApps() {
	owner := map[etf.Atom]etf.Atom{}
	for _, a := range r.Apps {
		for _, i := range a.Included {
			owner[i] = a.Name
		}
	}
	top := func(name etf.Atom) etf.Atom {
		for range len(owner) + 1 { // a circle of inclusions keeps OTP busy for ever; it is refused later
			next, included := owner[name]
			if !included {
				break
			}
			name = next
		}
		return name
	}
	tops := make([]etf.Atom, len(r.Apps))
	for i, a := range r.Apps {
		tops[i] = top(a.Name)
	}
	for i, a := range r.Apps {
		uses := slices.Clone(a.Applications)
		for _, used := range a.Applications {
			by, included := owner[used]
			switch {
			case used == tops[i]:
				uses = minus(uses, []etf.Atom{tops[i]})
			case !included:
			case slices.Contains(uses, top(by)):
				uses = minus(uses, []etf.Atom{used})
			case top(by) == tops[i]:
			default:
				uses = append(minus(uses, []etf.Atom{used}), top(by))
			}
		}
		a.Applications = uses
	}
}

// startOrder puts applications behind those that they need, and otherwise leaves them as they are: sort_appls/1.
func startOrder(apps []*App) (sorted []*App, reason etf.Term) {
	var missing, visited []etf.Atom
	var circular []*App
	waiting := slices.Clone(apps)
	for len(waiting) > 0 {
		a := waiting[0]
		f := appFinder{of: a.Name, rest: waiting[1:], visited: visited}
		needs := f.takeApps(a.Applications)
		absent := minus(f.missing, a.Optional)
		f.missing = nil
		needs = append(needs, f.takeApps(a.Included)...)
		missing = slices.Concat(absent, f.missing, missing)
		visited = append(visited, a.Name)
		if len(needs) == 0 {
			sorted, waiting = append(sorted, a), waiting[1:]
			continue
		}
		var again []*App
		for _, n := range needs {
			if slices.Contains(visited[:len(visited)-1], n.Name) {
				again = append(again, n)
			}
		}
		if again != nil {
			circular = slices.Concat([]*App{a}, again, circular)
		}
		waiting = minus(slices.Concat(needs, []*App{a}, f.rest), again)
	}
	return sorted, orderReason(missing, circular)
}

func orderReason(missing []etf.Atom, circular []*App) etf.Term {
	absent, circle := etf.List{}, etf.List{}
	for _, m := range missing {
		if !slices.Contains(absent, etf.Term(m)) {
			absent = append(absent, m)
		}
	}
	seen := map[*App]bool{}
	for _, a := range circular {
		if !seen[a] {
			circle = append(circle, etf.Tuple{a.Name, etf.Charlist(a.Vsn)})
		}
		seen[a] = true
	}
	undefined, circles := etf.Tagged("undefined_applications", absent), etf.Tagged("circular_dependencies", circle)
	switch {
	case len(absent) > 0 && len(circle) > 0:
		return etf.Tagged("apps", etf.List{circles, undefined})
	case len(absent) > 0:
		return undefined
	case len(circle) > 0:
		return circles
	}
	return nil
}

// appFinder takes applications from those that are still waiting: find_all/6.
type appFinder struct {
	of      etf.Atom
	rest    []*App
	visited []etf.Atom
	missing []etf.Atom
}

func (f *appFinder) takeApps(names []etf.Atom) []*App {
	var found []*App
	for _, name := range slices.Backward(names) {
		app := findApp(f.rest, name)
		switch {
		case app != nil && !slices.Contains(app.Included, f.of): // X includes Y and Y uses X: that is fine
			f.rest = minus(f.rest, []*App{app})
			found = append([]*App{app}, found...)
		case !slices.Contains(f.visited, name):
			f.missing = append([]etf.Atom{name}, f.missing...)
		}
	}
	return found
}
