// Package genserv is the gen_server contract as a value: the callbacks of a server, what they may answer, and a Loop
// that runs them for one process exactly as gen_server, gen, sys and proc_lib of OTP do. It knows no sockets, sets no
// timers and starts no goroutine, but for Try; a node drives it, by package driver, and gives it the few things that
// it needs.
//
// # Writing a server
//
// A server is any Go value with the two methods of [Server]; S is the type of the state of one process. The other
// callbacks are methods that are found if they are there, as in an Erlang module:
//
//	Erlang callback                      Go                                      without it
//	---------------                      --                                      ----------
//	Module:init/1                        Server.Init                             does not compile
//	Module:handle_call/3                 Server.HandleCall                       does not compile
//	Module:handle_cast/2                 Caster.HandleCast                       a cast ends the server with undef
//	Module:handle_info/2                 Informer.HandleInfo                     dropped with a warning
//	Module:handle_continue/2             Continuer.HandleContinue                a Continue ends the server with undef
//	Module:terminate/2                   Terminator.Terminate                    nothing to clean up
//	Module:code_change/3                 CodeChanger.CodeChange                  {error,{'EXIT',{undef,_}}}
//	Module:format_status/1               StatusFormatter.FormatStatus            the state is shown as it is
//
// Erlang has no counterpart for these:
//
//	Go                                      what it does                         without it
//	--                                      ------------                         ----------
//	Downgrader.Downgrade                    the state of an older module         CodeChange with {down, Vsn}
//	ProcessCodeChanger.CodeChange           CodeChange that gets the process     CodeChanger
//	ProcessDowngrader.Downgrade             Downgrade that gets the process      Downgrader
//	CodeChangeEnder.EndCodeChange           cleans up after a code change        nothing to clean up
//	Reverter.Revert                         the state after a failed upgrade     the state before it
//	StateCopier.CopyState                   a copy for code changes              the state itself
//	StateShower.ShowState                   the state as a term                  StateTerm, or etf.Marshal
//	Namer.ModuleName                        the name of the callback module      the name of the Go type
//	InitialCaller.InitialCall               what $initial_call names             {Module, init, 1}
//	Blocker.MayBlock                        may its callbacks wait?              found out while it runs
//
// and what they answer is a value, so that a forgotten answer does not compile and any term can be a reply. A nil
// where a term is wanted is the atom undefined.
//
//	Erlang                               Go
//	------                               --
//	{ok, State}                          Ok(state)                               Init
//	ignore                               Ignore[S]()                             Init
//	{stop, Reason}                       StopInit[S](reason)                     Init
//	{error, Reason}                      Fail[S](reason)                         Init
//	{reply, Reply, State}                Reply(reply, state)                     HandleCall
//	{noreply, State}                     NoReply(state)                          all but Init
//	{stop, Reason, Reply, State}         StopReply(reason, reply, state)         HandleCall
//	{stop, Reason, State}                Stop(reason, state)                     all but Init
//	..., Timeout}                        .WithTimeout(d)                         Ok, Reply, NoReply
//	..., hibernate}                      .Hibernate()
//	..., {continue, Term}}               .Continue(term)
//	..., {timeout, Time, Message}}       .WithTimeoutMessage(d, msg)             since OTP 28
//	..., {hibernate, Time, Message}}     .WithTimeoutMessage(d, msg).Hibernate()
//	throw(Result)                        panic(Result)
//	error(Term)                          panic(Term)                             exit reason {Term, Stack}
//	exit(Reason)                         panic(Exit{Reason})                     exit reason Reason
//	                                     any other panic                         exit reason {{panic, Text}, Stack}
//	                                     runtime.Goexit, t.FailNow               exit reason {goexit, []}
//
// A Reply from HandleCast, a zero Result and a negative time-out compile, but are bad return values and end the
// server with {bad_return_value, Result}.
//
// A method that is named as a callback and has another signature, or is misspelled, is found by Of, which panics. A
// line such as
//
//	var _ genserv.Caster[int] = counter{}
//
// makes the compiler say so.
//
// # What happens to a message
//
//	a BEAM, or Go                                                  the server
//	-------------                                                  ----------
//	gen_server:call      {'$gen_call', {Pid, Tag}, Request}  --->  HandleCall
//	                     {Tag, Reply} to the alias or pid    <---  Reply, StopReply, Process.Reply
//	gen_server:cast      {'$gen_cast', Request}              --->  HandleCast
//	Pid ! Message        Message, 'DOWN', 'EXIT'             --->  HandleInfo
//	                     the atom timeout                    --->  HandleInfo, after WithTimeout
//	sys:get_state, ...   {system, {Pid, Tag}, Request}       --->  no callback, but for change_code
//	gen_server:stop      {system, {Pid, Tag}, {terminate,R}} --->  Terminate
//	the parent ends      {'EXIT', Parent, Reason}            --->  Terminate, if the process traps exits
//	exit(Pid, Reason)    a signal that is not trapped        --->  none: the process is gone
//
// While sys:suspend has effect only system messages and the exit of the parent are served; all others wait inside the
// loop, in order, until sys:resume.
//
// # Looking into a server
//
// The functions of sys work from any BEAM on the cluster. The state is shown as a term: by the server's ShowState, by
// the state's StateTerm, as it is if it is a term, and else by etf.Marshal. A fun of a BEAM cannot run here, so that
// sys:replace_state answers that it failed, and sys:install answers unknown_debug.
//
// # What cannot be caught
//
// A panic in a callback ends the process of the callback. What Go does not let anybody recover from ends the program: a
// panic in a goroutine that a callback started, concurrent use of a map, exhausted memory or stack.
//
// See https://www.erlang.org/doc/apps/stdlib/gen_server.html and https://www.erlang.org/doc/apps/stdlib/sys.html.
package genserv
