// Package pg is OTP's process groups on a Go node: groups of processes under any term as a name, the same on all nodes
// that have a scope of that name, without a leader and without locks. It speaks the messages of pg.erl of OTP 23 to 29,
// so members on BEAM nodes are seen in Go and the reverse.
//
//	Erlang                                   Go
//	------                                   --
//	pg:start(Scope)                          Start(ctx, node, scope)
//	pg:start_link(Scope)                     New(node, scope).Child(), below a supervisor
//	pg:join(Scope, Group, PidOrPids)         Scope.Join
//	pg:leave(Scope, Group, PidOrPids)        Scope.Leave, ErrNotJoined for not_joined
//	pg:get_members(Scope, Group)             Scope.Members
//	pg:get_local_members(Scope, Group)       Scope.LocalMembers
//	pg:which_groups(Scope)                   Scope.WhichGroups
//	pg:monitor(Scope, Group)                 Scope.Monitor for a process, Scope.Subscribe for a goroutine
//	pg:monitor_scope(Scope)                  Scope.MonitorScope, Scope.SubscribeScope
//	pg:demonitor(Scope, Ref)                 Scope.Demonitor, Events.Close
//
// Other nodes may ask for pg:get_members/1,2, get_local_members, which_groups, which_local_groups, join and leave by
// rpc, and make the gen_server calls of pg.erl to the process of the scope.
//
// # Hidden nodes
//
// A scope of OTP looks for other scopes on visible nodes alone. One of this package asks every node that it is
// connected with, hidden or not, when the connection comes up, and again with growing pauses of up to half a minute
// until a scope has answered, since one that starts later does not ask a hidden node. It connects to nobody: connect
// first, by node.Connect, or be called.
//
// # What is not believed
//
// A scope of OTP ends with badarg at a message that it does not know. This one ignores it with a warning in the log,
// and so it does with members of another node than that of the scope that names them, and with a scope whose node is
// not connected.
//
// See pg in the reference manual of kernel, https://www.erlang.org/doc/apps/kernel/pg.html.
package pg
