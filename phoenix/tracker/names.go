package tracker

import (
	"strconv"

	"github.com/gonode-otp/gonode/etf"
)

// ShardName returns the registered name of a shard, counted from 0: Phoenix.Tracker.Shard.name_for_number/2.
func ShardName(tracker etf.Atom, number int) etf.Atom {
	return tracker + "_shard" + etf.Atom(strconv.Itoa(number))
}

// ShardOfTopic returns the name of the shard that has a topic: Phoenix.Tracker.Shard.name_for_topic/3.
func ShardOfTopic(tracker etf.Atom, topic string, poolSize int) etf.Atom {
	return ShardName(tracker, int(etf.PHash2Range(etf.Binary(topic), uint32(poolSize))))
}

// shardTopic is the topic on which the shards of a name speak with each other.
func shardTopic(shard etf.Atom) string { return "phx_presence:" + string(shard) }
