%% Distribution over IPv6: erl -proto_dist inet6_tcp and inet6_tls.
-module(ipv6_SUITE).
-include("compat.hrl").

%% Left out where the names of both sides have no address of IPv6; on one host its loopback will do.
init_per_suite(Config) ->
    There = compat:host(compat:control()),
    Here = compat:host(node()),
    case {[H || H <- [There, Here], element(1, inet:getaddr(H, inet6)) =:= error], loopback()} of
        {[], _} -> init([There, Here], #{}, Config);
        {_, true} when There =:= Here -> init(["::1"], #{names => long, host => "::1"}, Config);
        {Without, _} -> {skip, lists:flatten(io_lib:format("the network has no IPv6: ~0p", [Without]))}
    end.

init(Hosts, Opts, Config) ->
    compat:init([{hosts, Hosts}, {opts, Opts} | Config], there(Opts#{proto => inet6_tcp})).

%% As it goes over the wire.
there(Opts) -> maps:map(fun(host, H) -> list_to_binary(H); (_, V) -> V end, Opts).

loopback() ->
    case gen_tcp:listen(0, [inet6, {ip, {0, 0, 0, 0, 0, 0, 0, 1}}]) of
        {ok, Socket} -> gen_tcp:close(Socket), true;
        {error, _} -> false
    end.

end_per_suite(Config) -> compat:done(Config).

?PROMISE(both_dial, "erl -proto_dist inet6_tcp", "nodes connect over IPv6, whoever dials").
both_dial(Config) ->
    each([{to_it, fun(Beam) -> pong = beam:call(Beam, net_adm, ping, [?NODE]) end},
          {from_it, fun(Beam) -> from_it(?NODE, Beam, beam(Config, inet6_tcp, [])) end}],
         fun(Dial) ->
             Beam = beam(Config, inet6_tcp, []),
             Dial(Beam),
             {tcp, inet6} = carrier(?NODE, Beam)
         end).

?PROMISE(everything_goes_over_it, "distributed Erlang over IPv6", "calls, casts, monitors, links and large messages are what they are over IPv4").
everything_goes_over_it(Config) ->
    Node = ?NODE,
    Beam = beam(Config, inet6_tcp, []),
    each([{call, fun() -> hi = gen_server:call({echo, Node}, hi, 30000) end},
          {cast, fun() -> ok = gen_server:cast({probe, Node}, {do, {send, self(), casted}}), casted = next() end},
          {monitor, fun() -> P = compat:probe(Node), R = monitor(process, P), gen_server:cast(P, {stop, enough}), {'DOWN', R, process, P, enough} = next() end},
          {link, fun() -> process_flag(trap_exit, true), P = compat:probe(Node), link(P), exit(P, why), {'EXIT', P, why} = next(), process_flag(trap_exit, false) end},
          {it_calls, fun() -> register(echo_here, element(2, gen_server:start(echo, [], []))), {ok, hi} = gen_server:call({probe, Node}, {call, {echo_here, node()}, hi, 5000}, 30000) end},
          {large, fun() -> B = binary:copy(<<"x">>, 2000000), B = gen_server:call({echo, Node}, B, 60000) end},
          {multi_call, fun() -> {[{Node, hi}], []} = gen_server:multi_call([Node], echo, hi) end},
          {again, fun() -> true = erlang:disconnect_node(Node), until(fun() -> [] =:= nodes(connected) end), hi = gen_server:call({echo, Node}, hi, 30000) end}],
         fun(Check) -> beam:call(Beam, erlang, apply, [Check, []], 120000) end).

?PROMISE(its_end_is_seen, "erlang:monitor/2 over IPv6", "noconnection when the node is killed").
its_end_is_seen(Config) ->
    Node = compat:start_node(mortal, there((?config(opts, Config))#{proto => inet6_tcp})),
    Beam = beam(Config, inet6_tcp, []),
    Ref = beam:call(Beam, erlang, apply, [fun() -> monitor(process, {echo, Node}) end, []]),
    hi = beam:call(Beam, gen_server, call, [{echo, Node}, hi, 30000]),
    compat:kill_node(Node),
    {'DOWN', Ref, process, {echo, Node}, noconnection} = beam:call(Beam, erlang, apply, [fun() -> next() end, []], 120000).

?PROMISE(with_tls, "erl -proto_dist inet6_tls", "TLS over IPv6, whoever dials").
with_tls(Config) ->
    Authority = certs:authority(),
    Tls = fun() -> certs:issue(Authority, ?config(hosts, Config)) end,
    Node = compat:start_node(six, there((?config(opts, Config))#{proto => inet6_tls, tls => Tls()})),
    Start = fun() ->
        Dir = filename:join(?config(priv_dir, Config), integer_to_list(erlang:unique_integer([positive]))),
        beam(Config, inet6_tls, ["-ssl_dist_optfile", certs:write(Dir, Tls())])
    end,
    each([{to_it, fun(Beam) -> pong = beam:call(Beam, net_adm, ping, [Node]) end}, {from_it, fun(Beam) -> from_it(Node, Beam, Start()) end}],
         fun(Dial) ->
             Beam = Start(),
             Dial(Beam),
             %% OTP 25 says inet of every TLS; the address tells.
             {tls, _} = carrier(Node, Beam),
             hi = beam:call(Beam, gen_server, call, [{echo, Node}, hi, 30000])
         end),
    compat:kill_node(Node).

beam(Config, Proto, More) -> compat:beam((?config(opts, Config))#{args => ["-proto_dist", atom_to_list(Proto) | More]}).

%% A third tells it to dial.
from_it(Node, Beam, Judge) ->
    {exit, noproc} = beam:call(Judge, gen_server, call, [{probe, Node}, {call, {nosuch, beam:name(Beam)}, x, 30000}, 60000]).

%% The protocol and the family of the connection, whose address is one of IPv6.
carrier(Node, Beam) ->
    {ok, Info} = beam:call(Beam, net_kernel, node_info, [Node]),
    {net_address, {{_, _, _, _, _, _, _, _}, _}, _, Protocol, Family} = proplists:get_value(address, Info),
    {Protocol, Family}.
