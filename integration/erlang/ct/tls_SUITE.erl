%% Distribution over TLS: erl -proto_dist inet_tls.
-module(tls_SUITE).
-include("compat.hrl").

init_per_suite(Config0) ->
    Authority = certs:authority(),
    Hosts = [compat:host(compat:control()), compat:host(node())],
    Config1 = [{authority, Authority}, {hosts, Hosts} | Config0],
    Config = compat:init(Config1, #{proto => inet_tls, tls => own(Config1)}),
    [{beams, maps:from_list([{V, start(Config, V)} || V <- ['tlsv1.2', 'tlsv1.3', both]])} | Config].

end_per_suite(Config) ->
    [gen_server:stop(B) || B <- maps:values(?config(beams, Config))],
    compat:done(Config).

?PROMISE(both_dial, "ssl, Using TLS for Erlang Distribution", "nodes that verify each other talk, whoever dials, in TLS 1.2, 1.3 and either").
both_dial(Config) ->
    each([{io_lib:format("~s ~s", [Version, Direction]), {Version, Direction}} || Version <- ['tlsv1.2', 'tlsv1.3', both], Direction <- [to_it, from_it]],
         fun({Version, Direction}) ->
             Beam = good(Config, Version),
             apart(Config, Beam),
             dial(Config, Direction, Beam),
             {ok, Info} = beam:call(Beam, net_kernel, node_info, [?NODE]),
             {net_address, _, _, tls, _} = proplists:get_value(address, Info),
             hi = beam:call(Beam, gen_server, call, [{echo, ?NODE}, hi, 30000])
         end).

?PROMISE(everything_goes_over_it, "distributed Erlang over TLS", "calls, casts, messages, monitors, links, sys and multi_call are what they are without TLS").
everything_goes_over_it(Config) ->
    Node = ?NODE,
    Beam = good(Config, both),
    each([{ping, fun() -> pong = net_adm:ping(Node) end},
          {hidden, fun() -> [Node] = nodes(hidden) end},
          {call, fun() -> {some, [<<"term">>]} = gen_server:call({echo, Node}, {some, [<<"term">>]}, 30000) end},
          {cast, fun() -> ok = gen_server:cast({probe, Node}, {do, {send, self(), casted}}), casted = next() end},
          {order, fun() -> P = compat:probe(Node), [P ! N || N <- lists:seq(1, 500)], 500 = length(Seen = gen_server:call(P, seen)), Seen = [{info, N} || N <- lists:seq(1, 500)] end},
          {multi_call, fun() -> {[{Node, hi}], []} = gen_server:multi_call([Node], echo, hi) end},
          {monitor, fun() -> P = compat:probe(Node), R = monitor(process, P), gen_server:cast(P, {stop, enough}), {'DOWN', R, process, P, enough} = next() end},
          {noproc, fun() -> R = monitor(process, {nosuch, Node}), {'DOWN', R, process, {nosuch, Node}, noproc} = next() end},
          {link, fun() -> process_flag(trap_exit, true), P = compat:probe(Node), link(P), exit(P, {why, [1]}), {'EXIT', P, {why, [1]}} = next(), process_flag(trap_exit, false) end},
          {monitor_of_ours, fun() -> Pid = spawn(fun() -> receive stop -> exit(bye) end end), P = compat:probe(Node), R = gen_server:call(P, {monitor, Pid}), Pid ! stop,
                                     until(fun() -> [{info, {'DOWN', R, process, Pid, bye}}] =:= gen_server:call(P, seen) end) end},
          {it_calls, fun() -> register(tls_echo, element(2, gen_server:start(echo, [], []))), {ok, hi} = gen_server:call({probe, Node}, {call, {tls_echo, node()}, hi, 5000}, 30000) end},
          {requests, fun() -> {reply, hi} = gen_server:wait_response(gen_server:send_request({echo, Node}, hi), 30000) end},
          {sys, fun() -> P = compat:probe(Node), ok = sys:suspend(P), ok = sys:resume(P), #{seen := []} = sys:get_state(P) end},
          {supervisor, fun() -> true = is_list(supervisor:which_children({tree, Node})) end},
          {rpc, fun() -> Node = rpc:call(Node, erlang, node, []) end}],
         fun(Check) -> on(Beam, Check) end).

?PROMISE(large_messages, "distributed Erlang over TLS, fragments", "messages of many records of TLS come whole, both ways").
large_messages(Config) ->
    Node = ?NODE,
    each([{lists:concat([Version, " ", Size]), {Version, Size}} || Version <- ['tlsv1.2', 'tlsv1.3'], Size <- [16383, 16384, 70000, 5000000]],
         fun({Version, Size}) ->
             Beam = good(Config, Version),
             on(Beam, fun() ->
                 B = binary:copy(<<"x">>, Size),
                 {B, B} = gen_server:call({echo, Node}, {B, B}, 60000),
                 B = gen_server:call({probe, Node}, {make, binary, Size}, 60000)
             end)
         end).

?PROMISE(its_end_is_seen, "monitors, links and erlang:monitor_node/2 over TLS", "the end of the node ends all with noconnection, calls with nodedown").
its_end_is_seen(Config) ->
    each([{stop, fun compat:stop_node/1}, {kill, fun compat:kill_node/1}],
         fun(End) ->
             Node = compat:start_node(mortal, #{proto => inet_tls, tls => own(Config)}),
             Beam = good(Config, both),
             {Pid, Ref} = on(Beam, fun() ->
                 process_flag(trap_exit, true),
                 P = compat:probe(Node),
                 link(P),
                 erlang:monitor_node(Node, true),
                 {P, monitor(process, P)}
             end),
             End(Node),
             [{nodedown, Node}, {'EXIT', Pid, Linked}, {'DOWN', Ref, process, Pid, Down}] =
                 lists:sort(on(Beam, fun() -> Came = [next(), next(), next()], process_flag(trap_exit, false), Came end)),
             %% One that stops in order ends its servers first.
             true = lists:all(fun(R) -> R =:= noconnection orelse R =:= shutdown orelse R =:= killed end, [Linked, Down]),
             {'EXIT', {{nodedown, Node}, _}} = on(Beam, fun() -> catch gen_server:call({echo, Node}, hi) end)
         end).

?PROMISE(an_end_here_is_seen, "links and monitors over TLS, from there", "a node here that is killed is noconnection there").
an_end_here_is_seen(Config) ->
    Beam = with(certs:write(dir(Config), own(Config)), #{}),
    Node = ?NODE,
    {Probe, Ref} = on(Beam, fun() -> P = compat:probe(Node), {P, gen_server:call(P, {monitor, self()})} end),
    beam:signal(Beam, "KILL"),
    on(good(Config, both), fun() ->
        until(fun() -> case gen_server:call(Probe, seen) of [{info, {'DOWN', Ref, process, _, noconnection}}] -> true; S -> S end end)
    end).

?PROMISE(it_comes_back, "erlang:disconnect_node/1 over TLS", "after the connection was cut the next use makes another").
it_comes_back(Config) ->
    Beam = good(Config, both),
    [begin hi = beam:call(Beam, gen_server, call, [{echo, ?NODE}, hi, 30000]), apart(Config, Beam) end || _ <- [1, 2, 3]].

?PROMISE(it_trusts_nobody_else, "ssl, verify_peer, fail_if_no_peer_cert and server_name_indication", "who has no certificate of the authority for its host is not let in, nor connected to").
it_trusts_nobody_else(Config) ->
    Issue = fun(Authority, Hosts, More) -> fun() -> with(certs:write(dir(Config), certs:issue(Authority, Hosts, More)), #{}) end end,
    Options = fun(More) -> fun() -> with(certs:optfile(dir(Config), [{verify, verify_none}], More), #{}) end end,
    Mine = ?config(authority, Config),
    Hosts = ?config(hosts, Config),
    Cases = [{other_authority, Issue(certs:authority(), Hosts, []), [to_it, from_it]},
             {expired, Issue(Mine, Hosts, [{validity, past()}]), [to_it, from_it]},
             {other_host, Issue(Mine, ["somebody.else"], []), [from_it]},
             {no_certificate, Options([]), [to_it]},
             {plain, fun() -> compat:beam(#{}) end, [to_it, from_it]}],
    each([{lists:concat([Title, " ", D]), {Start, D}} || {Title, Start, Ds} <- Cases, D <- Ds],
         fun({Start, Direction}) ->
             Beam = Start(),
             {'EXIT', _} = (catch dial(Config, Direction, Beam)),
             [] = beam:call(Beam, erlang, nodes, [connected]),
             gen_server:stop(Beam)
         end),
    Good = good(Config, both),
    apart(Config, Good),
    dial(Config, to_it, Good).

past() ->
    {Today, _} = calendar:universal_time(),
    Day = fun(N) -> calendar:gregorian_days_to_date(calendar:date_to_gregorian_days(Today) + N) end,
    {Day(-9), Day(-2)}.

?PROMISE(the_cookie_counts_too, "erl -setcookie, over TLS", "a certificate does not replace the cookie").
the_cookie_counts_too(Config) ->
    Beam = with(certs:write(dir(Config), own(Config)), #{cookie => another}),
    pang = beam:call(Beam, net_adm, ping, [?NODE]).

%% ---- nodes ----

own(Config) -> certs:issue(?config(authority, Config), ?config(hosts, Config)).

dir(Config) -> filename:join(?config(priv_dir, Config), integer_to_list(erlang:unique_integer([positive]))).

%% BEAM nodes with good certificates that stay for all of the suite.
good(Config, Version) -> maps:get(Version, ?config(beams, Config)).

start(Config, Version) ->
    Dir = dir(Config),
    Both = certs:write(Dir, own(Config)),
    {ok, [[{server, S}, {client, C}]]} = file:consult(Both),
    Version =:= both orelse
        begin
            Set = fun(Options) -> lists:keystore(versions, 1, Options, {versions, [Version]}) end,
            ok = file:write_file(Both, io_lib:format("~p.~n", [[{server, Set(S)}, {client, Set(C)}]]))
        end,
    {ok, Beam} = beam:start(opts(Both, #{alive => compat:alive(tls)})),
    Beam.

%% One that ends with the test.
with(File, Opts) -> compat:beam(opts(File, Opts)).

opts(File, Opts) -> Opts#{args => ["-proto_dist", "inet_tls", "-ssl_dist_optfile", File]}.

on(Beam, Fun) -> beam:call(Beam, erlang, apply, [Fun, []], 120000).

%% Connects them, one or the other dialling.
dial(Config, to_it, Beam) -> pong = beam:call(Beam, net_adm, ping, [?NODE]);
dial(Config, from_it, Beam) ->
    Judge = case good(Config, both) of Beam -> good(Config, 'tlsv1.2'); Other -> Other end,
    %% Until it has noticed that they are apart, a call would go to the connection that is gone.
    until(fun() -> not lists:member(beam:name(Beam), beam:call(Judge, rpc, call, [?NODE, erlang, nodes, [connected]])) end),
    {exit, noproc} = beam:call(Judge, gen_server, call, [{probe, ?NODE}, {call, {nosuch, beam:name(Beam)}, x, 30000}, 60000]).

%% Sees to it that they are not connected.
apart(Config, Beam) ->
    _ = beam:call(Beam, erlang, disconnect_node, [?NODE]),
    until(fun() -> [] =:= beam:call(Beam, erlang, nodes, [connected]) end).
