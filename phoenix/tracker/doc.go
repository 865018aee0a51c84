// Package tracker is Phoenix.Tracker on a Go node: which processes are in which topic, on all nodes of an Elixir
// cluster. A process that is tracked here is listed by the tracker of the same name on the other nodes, by
// Phoenix.Presence too, and the reverse. It speaks the messages of phoenix_pubsub 2.x.
//
//	Elixir                                                     Go
//	------                                                     --
//	{MyApp.Presence, pubsub_server: MyApp.PubSub}              Start(ctx, n, "Elixir.MyApp.Presence", ps, opts)
//	Phoenix.Tracker.track(MyApp.Presence, pid, topic, key, m)  Tracker.Track
//	Phoenix.Tracker.update(...)                                Tracker.Update
//	Phoenix.Tracker.untrack(MyApp.Presence, pid, topic, key)   Tracker.Untrack
//	Phoenix.Tracker.untrack(MyApp.Presence, pid)               Tracker.UntrackAll
//	Phoenix.Tracker.list(MyApp.Presence, topic)                Tracker.List
//	Phoenix.Tracker.get_by_key(MyApp.Presence, topic, key)     Tracker.GetByKey
//	Phoenix.Tracker.graceful_permdown(MyApp.Presence)          Tracker.GracefulPermdown
//	handle_diff(diff, state)                                   Options.HandleDiff
//
// # How it works
//
// A tracker is a pool of shards; a topic belongs to one of them by its hash. A shard of a node has a copy of all that
// the shards of its name on other nodes know, changes what is its own, and tells the others every BroadcastPeriod what
// it has changed. Their clocks show what has been lost or has happened during a netsplit, and a shard asks one of
// those who know more. So all agree as soon as they hear each other. A node that is silent for DownPeriod is down: its
// presences are not shown until it is heard of again.
//
// A process is linked to the shard that tracks it. It may run on any node that is connected. A shard that crashes
// takes its processes along, as on a BEAM.
//
// # From another node
//
// A BEAM may make the calls that the functions of Phoenix.Tracker make to a shard, registered as ShardOfTopic says:
// {track, Pid, Topic, Key, Meta}, {update, Pid, Topic, Key, Meta}, {untrack, Pid, Topic, Key}, {untrack, Pid},
// graceful_permdown, values, replicas. A function in place of a meta is refused, for it could not run here. What
// Phoenix.Tracker reads in the table of the shard, another node has to ask for: {list_presences, Topic} is answered
// with [{Key, Meta}], {get_by_key, Topic, Key} with [{Pid, Meta}], and {list, Topic} with the State of the shard, its
// values a map.
//
// # Upgrades
//
// Code has the code of the shards in versions, which a release may name. A code change keeps all that a shard knows,
// its links and its place among the others, so that nobody sees a leave.
package tracker
