// Package typed is for gen_servers and callers that speak Go values instead of terms. It stands on genserv and
// etf.Marshal, and a server that does not use it does not pay for it.
//
// A [Mux] hands each request to the handler that is registered for its name:
//
//	m := typed.NewMux[int]("counter")
//	typed.OnCall(m, "add", func(_ *genserv.Process, sum, n int) (int, int, error) { return sum + n, sum + n, nil })
//	n.Spawn(ctx, genserv.Child{Name: "counter", Module: genserv.Of(m)})
//
// and gen_server:call(counter, {add, 5}) answers the sum.
//
// # Requests
//
// A handler gets the process, the state and one argument, whose type says what the requests look like. Names may have
// several handlers if their requests differ in shape.
//
//	the request in Erlang              in Elixir                  the argument in Go
//	---------------------              ---------                  ------------------
//	get                                :get                       struct{}
//	{add, 5}                           {:add, 5}                  int
//	{put, #{key => 1}}                 {:put, %{key: 1}}          a struct, or map[etf.Atom]int
//	{transfer, From, To, 5}            {:transfer, from, to, 5}   struct{ _ struct{} `etf:"tuple"`; From string; .. }
//	#{'__struct__' := 'Elixir.A', ..}  %A{}, for the name         struct{ _ struct{} `etf:"struct=Elixir.A"`; ... }
//	                                   "Elixir.A"
//	{move, X, Y}, of a -record(move)   {:move, x, y}              struct{ _ struct{} `etf:"record=move"`; X, Y int }
//	{'DOWN', _, process, _, _}         {:DOWN, ...}               genserv.Down
//	any term behind the name           {:name, term}              etf.Term, any
//
// docs/mapping.md says which terms go into which Go values.
//
// # Answers
//
//	the handler                               the caller gets
//	-----------                               ---------------
//	returns a reply                           its term, as it is
//	returns struct{} as a reply               ok
//	returns OK[T]{Value: v}                   {ok, V}
//	returns &Error{Reason: r}                 {error, R}
//	returns any other error                   {error, Reason} by genserv.ExitReason
//	the argument does not fit                 {error, {bad_argument, Text}}
//	the reply has no term                     {error, {bad_reply, Text}}
//	there is no handler                       {error, unknown_request}, or what OnOtherCall answers
//	panics                                    the exit of the server, as everywhere in genserv
//
// After an error the server goes on with the state that the handler got. For casts and other messages nobody waits: an
// error, an argument that does not fit and a name without a handler become a warning in the log of the process.
//
// OnCall, OnCast, OnInfo and OnInit are for handlers that only have a next state. HandleCall, HandleCast, HandleInfo
// and HandleInit register handlers that return what the callback of genserv returns: they answer later, stop the
// server, set time-outs, hibernate or continue.
//
// # Further callbacks
//
// A server with Terminate, CodeChange, HandleContinue or FormatStatus is a type that embeds the Mux and has these
// methods; a method HandleInfo of it may hand on to that of the Mux what it does not want.
//
//	type Server struct{ *typed.Mux[State] }
//
// # Callers
//
// [Call] and [MultiCall] make calls from a node or a process, [Cast] casts from a node and [CastFrom] from a process;
// the servers may be written in any language.
//
// # Reflection
//
// Types are looked at when handlers are registered, which panics if they cannot work. For a message, arguments and
// replies that are integers, text, booleans or terms are converted without reflection, others by what etf keeps of
// their type.
package typed
