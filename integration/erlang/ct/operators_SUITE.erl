%% What operators and their tools ask of the tested node, and of a BEAM of this release: the forms of the answers are the
%% same, but for what operator_shapes has a note for.
-module(operators_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

init_per_testcase(_, Config) ->
    Beam = compat:beam(#{hidden => true}),
    {ok, _} = beam:call(Beam, gen_server, start, [{local, echo}, echo, [], []]),
    compat:connect(?NODE),
    compat:connect(beam:name(Beam)),
    [{beam, beam:name(Beam)} | Config].
end_per_testcase(_, _) -> ok.

same(Group, Config) ->
    Rows = operator_shapes:rows(Group, ?config(beam, Config), ?NODE),
    each([{lists:concat([M, ":", F, "(", A, ")"]), {V, B, G}} || {M, F, A, V, B, G} <- Rows],
        fun({differs, B, G}) -> error({forms_differ, B, G}); (_) -> ok end).

?PROMISE(erlang, "erlang", "memory, statistics, system_info, nodes, time, pids: the forms of a BEAM").
erlang(Config) -> same(erlang, Config).

?PROMISE(process_info, "erlang:process_info/1,2", "every item has the form that it has on a BEAM").
process_info(Config) -> same(process_info, Config).

?PROMISE(code, "code", "what is loaded, where from, and what cannot be loaded").
code(Config) -> same(code, Config).

?PROMISE(node, "net_kernel, net_adm, init, os, inet", "the node, its host and its peers").
node(Config) -> same(node, Config).

?PROMISE(servers, "gen_server, sys, supervisor, application", "as functions, by rpc").
servers(Config) -> same(servers, Config).

?PROMISE(others, "logger, global, ets, os_mon", "the log and what there is none of").
others(Config) -> same(others, Config).

?PROMISE(errors, "rpc:call/4", "what is not there, or gets wrong arguments, fails as on a BEAM").
errors(Config) -> same(errors, Config).

?PROMISE(spawned, "erlang:spawn_monitor/4", "a function that is not exported ends with undef, one that is ends normal").
spawned(Config) ->
    {_, R} = spawn_monitor(?NODE, erlang, is_alive, []),
    normal = receive {'DOWN', R, _, _, Why} -> Why end,
    {_, R2} = spawn_monitor(?NODE, nosuch, f, [x]),
    {undef, [{nosuch, f, [x], []} | _]} = receive {'DOWN', R2, _, _, Why2} -> Why2 end.
