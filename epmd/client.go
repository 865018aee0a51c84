package epmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

const (
	// answerTime is how long an EPMD may take for all of an answer. erl_epmd, wait_for_reg_reply and others.
	answerTime = 10 * time.Second

	maxPort2 = 2 + 12 + maxNameBytes + maxExtra
	maxList  = 4 << 20 // of NAMES and DUMP: some thousands of names of full length
)

// DialFunc opens a connection as net.Dialer.DialContext does.
type DialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// Client asks EPMDs. Its zero value is ready to use, and may be used by several goroutines.
type Client struct {
	// Dial opens the connections; nil means the dialer of package net.
	Dial DialFunc
	// Timeout limits each call, beside its context; 0 means ten seconds.
	Timeout time.Duration
}

// NodeInfo is what an EPMD knows of a node.
type NodeInfo struct {
	Name      string // the part before the @ of the node name
	Port      uint16 // where the node listens for other nodes
	Type      NodeType
	Protocol  uint8  // 0 = TCP, also over IPv6 and under TLS
	High, Low uint16 // range of distribution versions
	Extra     []byte // what the node put there; OTP nodes leave it empty
}

// Lookup asks the EPMD at addr ("host:port", see [Addr]) for a name. A name it does not know is [ErrNotFound]; an EPMD
// that does not answer is [ErrUnavailable]. erl_epmd:port_please/3.
func Lookup(ctx context.Context, addr, name string) (NodeInfo, error) {
	return Client{}.Lookup(ctx, addr, name)
}

// Names asks the EPMD at addr ("host:port", see [Addr]) for all names registered there; order carries no meaning. An
// EPMD that does not answer is [ErrUnavailable]. erl_epmd:names/1.
func Names(ctx context.Context, addr string) ([]Entry, error) { return Client{}.Names(ctx, addr) }

// Dump is [Names] with the names that are no longer in use. An EPMD answers it on its own host only.
func Dump(ctx context.Context, addr string) ([]DumpEntry, error) { return Client{}.Dump(ctx, addr) }

// Lookup is the function [Lookup] with the settings of c.
func (c Client) Lookup(ctx context.Context, addr, name string) (NodeInfo, error) {
	if err := checkOwnName(name); err != nil {
		return NodeInfo{}, err
	}
	b, err := c.askAll(ctx, addr, portPlease2Req{name}.append(nil), maxPort2)
	if err != nil {
		return NodeInfo{}, err
	}
	m, err := parsePort2Resp(b)
	if err != nil {
		return NodeInfo{}, fmt.Errorf("answer of %s: %w", addr, err)
	}
	if m.result != resultOK {
		return NodeInfo{}, fmt.Errorf("%w: %q at %s", ErrNotFound, name, addr)
	}
	n := m.node
	if n.name != name {
		return NodeInfo{}, fmt.Errorf("answer of %s: %w", addr,
			&ProtocolError{Message: "PORT2_RESP", Offset: 12, Reason: fmt.Sprintf("is about %q instead of %q", shorten(n.name),
				name)})
	}
	return NodeInfo{Name: n.name, Port: n.port, Type: n.nodeType, Protocol: n.protocol, High: n.high, Low: n.low,
		Extra: n.extra}, nil
}

// Names is the function [Names] with the settings of c.
func (c Client) Names(ctx context.Context, addr string) ([]Entry, error) {
	b, err := c.askAll(ctx, addr, namesReq{}.append(nil), maxList)
	if err != nil {
		return nil, err
	}
	m, err := parseNamesResp(b)
	if err != nil {
		return nil, fmt.Errorf("answer of %s: %w", addr, err)
	}
	return m.entries, nil
}

// Dump is the function [Dump] with the settings of c.
func (c Client) Dump(ctx context.Context, addr string) ([]DumpEntry, error) {
	b, err := c.askAll(ctx, addr, dumpReq{}.append(nil), maxList)
	if err != nil {
		return nil, err
	}
	m, err := parseDumpResp(b)
	if err != nil {
		return nil, fmt.Errorf("answer of %s: %w", addr, err)
	}
	return m.entries, nil
}

// askAll sends a request and returns everything that the EPMD sends until it closes the connection. That ends every
// answer except the one to a registration. An answer longer than limit is an error.
func (c Client) askAll(ctx context.Context, addr string, req []byte, limit int64) ([]byte, error) {
	var answer []byte
	conn, err := c.connectAndSend(ctx, addr, req, func(conn net.Conn) (err error) {
		answer, err = io.ReadAll(io.LimitReader(conn, limit+1))
		return err
	})
	if err != nil {
		return nil, err
	}
	_ = conn.Close() // the answer is there
	if len(answer) == 0 {
		return nil, fmt.Errorf("answer of %s: %w", addr, &ProtocolError{Message: "answer", Reason: "closed without one"})
	}
	if int64(len(answer)) > limit {
		return nil, fmt.Errorf("answer of %s: %w", addr, &ProtocolError{Message: "answer", Offset: int(limit),
			Reason: "too long"})
	}
	return answer, nil
}

// connectAndSend connects, sends req and calls read for the answer. It returns the open connection, without a deadline.
func (c Client) connectAndSend(
	ctx context.Context, addr string, req []byte, read func(net.Conn) error,
) (net.Conn, error) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = answerTime
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	dial := c.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, conversationError(ctx, addr, err)
	}
	// The context alone limits the conversation, so that the error is always that of the context. Should SetDeadline
	// fail, the connection is broken and the conversation ends anyway.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	if _, err = conn.Write(req); err == nil {
		err = read(conn)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close() // err is the better error
		if pe := (*ProtocolError)(nil); errors.As(err, &pe) {
			return nil, fmt.Errorf("answer of %s: %w", addr, err)
		}
		return nil, conversationError(ctx, addr, err)
	}
	return conn, nil
}

// conversationError makes the error of a conversation that failed. If the caller has cancelled it, that says nothing
// about the EPMD.
func conversationError(ctx context.Context, addr string, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("epmd: asking %s: %w", addr, err)
	}
	return &UnavailableError{Addr: addr, Err: err}
}

// checkOwnName checks a name the caller gave.
func checkOwnName(name string) error {
	if fault := nameFault(name); fault != "" {
		return &NameError{name, fault}
	}
	if strings.Contains(name, "@") {
		return &NameError{name, "holds an @; EPMD wants the part before it"}
	}
	return nil
}
