// Package pubsub is Phoenix.PubSub 2.x on a Go node: what a Go program broadcasts reaches the subscribers, channels and
// LiveViews of an Elixir cluster, and what they broadcast reaches Go. It speaks the messages of the adapter
// Phoenix.PubSub.PG2 over process groups (package pg), from a hidden node too.
//
//	Elixir                                                       Go
//	------                                                       --
//	{Phoenix.PubSub, name: MyApp.PubSub, pool_size: 2}           Start(ctx, n, "Elixir.MyApp.PubSub", opts)
//	Phoenix.PubSub.subscribe(MyApp.PubSub, "room:1")             PubSub.Subscribe, PubSub.SubscribePid for a process
//	Phoenix.PubSub.unsubscribe(MyApp.PubSub, "room:1")           Subscription.Close, PubSub.UnsubscribePid
//	Phoenix.PubSub.broadcast(MyApp.PubSub, "room:1", msg)        PubSub.Broadcast
//	Phoenix.PubSub.broadcast_from(MyApp.PubSub, pid, topic, msg) PubSub.BroadcastFrom
//	Phoenix.PubSub.direct_broadcast(node, MyApp.PubSub, ...)     PubSub.DirectBroadcast
//	Phoenix.PubSub.local_broadcast(MyApp.PubSub, ...)            PubSub.LocalBroadcast
//	MyAppWeb.Endpoint.broadcast("room:1", "new_msg", payload)    PubSub.BroadcastEvent
//
// The pool sizes of all nodes have to be the same: a broadcast goes to one of the groups, and a node without that group
// does not get it. A message is any term; nobody acknowledges it, and one that is sent while a node is not connected is
// lost for that node, as on a BEAM.
//
// The node connects to nobody by itself: connect to one node of the cluster, or more, by node.Connect.
package pubsub
