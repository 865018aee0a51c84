%% Asks two nodes the same by rpc and compares the forms of what they answer: types, not values. Both have the server echo.
-module(operator_shapes).
-export([rows/3, groups/0, differences/3]).

%% The rows that differ without a note.
differences(Calls, Beam, Go) -> [R || R <- rows(Calls, Beam, Go), element(4, R) =:= differs].

%% [{M, F, Args, Verdict, Beam, Go}], texts. Verdict is same, absent (the BEAM has no such function), or differs.
rows(Calls, Beam, Go) -> [row(C, Beam, Go) || C <- calls(Calls)].

row({M, F, A}, Beam, Go) -> row({M, F, A, shape}, Beam, Go);
row({M, F, A, How}, Beam, Go) ->
    B = answer(Beam, M, F, A), G = answer(Go, M, F, A),
    Sb = shape(B), Sg = shape(G),
    {M, F, lists:flatten(lists:join(",", [arg(X) || X <- A])), verdict(How, B, Sb, G, Sg), text(Sb), text(Sg)}.

verdict(_, {error, {undef, {M, F, _}}}, _, _, _) when M =/= nosuch, F =/= nosuch, F =/= module_info -> absent;
verdict(value, B, _, B, _) -> same;
verdict(value, _, _, _, _) -> differs;
verdict(shape, _, Sb, _, Sg) -> case fits(Sb, Sg) of true -> same; false -> differs end;
verdict(newer, {error, {badarg, _}}, _, _, _) -> absent; % an item of a later release
verdict(newer, undefined, _, _, _) -> absent;
verdict(newer, B, Sb, G, Sg) -> verdict(shape, B, Sb, G, Sg);
verdict(names, _, Sb, _, Sg) -> case fits(names(Sb), names(Sg)) of true -> same; false -> differs end;
verdict({note, Why}, _, Sb, _, Sg) -> case fits(Sb, Sg) of true -> {stale, Why}; false -> {differs, Why} end.

answer(Node, M, F, A) ->
    Server = rpc:call(Node, erlang, whereis, [echo]),
    Args = [case X of '$pid' -> Server; '$node' -> Node; '$self' -> self(); '$here' -> node();
        '$dead' -> dead(Node); '$absent' -> absent(Node); '$ctl' -> rpc:call(Node, erlang, whereis, [application_controller]); _ -> X end || X <- A],
    error_of(rpc:call(Node, module(M, Node, Server), F, Args, 20000)).

module('$module', Node, Server) -> {M, _, _} = rpc:call(Node, proc_lib, translate_initial_call, [Server]), M;
module(M, _, _) -> M.

absent(Node) -> [_, Host] = string:split(atom_to_list(Node), "@"), list_to_atom("nosuch@" ++ Host).

dead(Node) -> {P, R} = spawn_monitor(Node, erlang, is_alive, []), receive {'DOWN', R, _, _, _} -> P end.

error_of({badrpc, {'EXIT', {Why, [{M, F, A, _} | _]}}}) when is_atom(M), is_atom(F) -> {error, {Why, {M, F, arity(A)}}};
error_of({badrpc, {'EXIT', Why}}) -> {exit, Why};
error_of(X) -> X.
arity(A) when is_list(A) -> length(A);
arity(A) -> A.

%% shape/1: what kind of term it is. The atoms that tell results and errors apart stay.
shape(T) when is_boolean(T) -> bool;
shape(T) when is_integer(T) -> int;
shape(T) when is_float(T) -> float;
shape(T) when T =:= undefined; T =:= ok; T =:= error; T =:= true; T =:= non_existing -> T;
shape(T) when is_atom(T) -> atom;
shape(T) when is_pid(T) -> pid;
shape(T) when is_port(T) -> port;
shape(T) when is_reference(T) -> ref;
shape(T) when is_binary(T) -> bin;
shape(T) when is_function(T) -> function;
shape({dictionary, L}) when is_list(L) -> {dictionary, shape(lists:sort(L))}; % in no order
shape([]) -> [];
shape(T) when is_map(T) -> {map, [{K, shape(V)} || {K, V} <- lists:sort(maps:to_list(T))]};
shape({error, {Why, {M, F, A}}}) -> {error, Why, {M, F, A}};
shape({exit, Why}) -> {exit, shape(Why)};
shape(T) when is_tuple(T), tuple_size(T) > 0 -> list_to_tuple([tag(element(1, T)) | [shape(E) || E <- tl(tuple_to_list(T))]]);
shape(T) when is_tuple(T) -> {};
shape(T) when is_list(T) -> case catch length(T) of
    {'EXIT', _} -> improper;
    _ -> case is_text(T) of true -> str; false -> list(T) end end.
tag(M) when M =:= echo; M =:= 'echo.Server' -> module; % the servers that are looked at
tag(A) when is_atom(A), not is_boolean(A) -> case lists:member($@, atom_to_list(A)) of true -> node; false -> A end;
tag(X) -> shape(X).
is_text(T) -> lists:all(fun(C) -> is_integer(C) andalso (C >= 32 andalso C < 16#110000 orelse C =:= $\n orelse C =:= $\t) end, T).

%% A property list keeps its keys; any other list has the set of its elements' shapes.
list(T) -> case lists:all(fun(E) -> is_tuple(E) andalso tuple_size(E) =:= 2 andalso is_atom(element(1, E)) end, T)
        andalso length(lists:usort([element(1, E) || E <- T])) =:= length(T)
        andalso not lists:any(fun({K, _}) -> lists:member($@, atom_to_list(K)) end, T) of
    true -> {props, [{K, shape(case K of dictionary -> lists:sort(V); _ -> V end)} || {K, V} <- T]};
    false -> {list, lists:usort([shape(E) || E <- T])} end.

%% names/1: a list whose elements begin with names, whatever these are.
names({props, L}) -> {list, lists:usort([{atom, S} || {_, S} <- L])};
names({list, L}) -> {list, lists:usort([case is_tuple(T) of true -> setelement(1, T, atom); false -> T end || T <- L])};
names(S) -> S.

%% fits(Beam, Go): whoever expects the first finds his way in the second.
fits(S, S) -> true;
fits([], {list, _}) -> true;
fits([], {props, _}) -> true;
fits([], str) -> true;
fits({list, _}, []) -> true;
fits({props, _}, []) -> true;
fits(str, []) -> true;
fits(true, bool) -> true;
fits(bool, true) -> true;
fits(atom, bool) -> true;
fits(atom, A) when A =:= undefined; A =:= ok; A =:= true; A =:= non_existing -> true;
%% More keys do no harm.
fits({props, B}, {props, G}) -> [K || {K, _} <- B] =:= [K || {K, _} <- G, lists:keymember(K, 1, B)]
    andalso lists:all(fun({K, S}) -> {_, Sg} = lists:keyfind(K, 1, G), fits(S, Sg) end, B);
fits({map, B}, {map, G}) -> fits({props, B}, {props, G});
fits({list, B}, {list, G}) -> lists:all(fun(Sg) -> lists:any(fun(Sb) -> fits(Sb, Sg) end, B) end, G);
fits({list, B}, {props, G}) -> fits({list, B}, {list, [{K, S} || {K, S} <- G]});
fits({tuple, B}, {tuple, G}) -> fits(B, G);
fits(B, G) when is_tuple(B), is_tuple(G), tuple_size(B) =:= tuple_size(G), tuple_size(B) > 0 ->
    lists:all(fun({X, Y}) -> fits(X, Y) end, lists:zip(tuple_to_list(B), tuple_to_list(G)));
fits(_, _) -> false.

arg(X) when is_list(X), X =/= [], is_integer(hd(X)), hd(X) > 255 -> lists:flatten(io_lib:format("~w", [X])); % no text
arg(X) -> text(X).
text(T) -> lists:flatten(io_lib:format("~0tp", [T])).

groups() -> [erlang, process_info, code, node, servers, others, errors].
calls(otp) -> lists:append([calls(G) || G <- groups()]);
calls(erlang) -> erlang();
calls(process_info) -> process_info();
calls(code) -> code();
calls(node) -> node_calls();
calls(servers) -> servers();
calls(others) -> others();
calls(errors) -> errors();
calls(elixir) -> elixir().

erlang() -> [
    {erlang, node, []}, {erlang, nodes, []}, {erlang, nodes, [hidden]}, {erlang, nodes, [known]}, {erlang, nodes, [nosuch]},
    {erlang, nodes, [connected, #{node_type => true, connection_id => true}]}, {erlang, nodes, [this, #{node_type => true}]},
    {erlang, nodes, [visible, #{}]}, {erlang, nodes, [visible, #{nosuch => true}]}, {erlang, nodes, [visible, x]},
    {erlang, whereis, [echo]}, {erlang, whereis, [nobody]}, {erlang, registered, []}, {erlang, processes, []},
    {erlang, is_process_alive, ['$pid']}, {erlang, is_process_alive, ['$dead'], value},
    {erlang, is_alive, [], value}, {erlang, get_cookie, []},
    {erlang, system_time, []}, {erlang, system_time, [millisecond]}, {erlang, system_time, [1000]}, {erlang, system_time, [bogus]},
    {erlang, monotonic_time, []}, {erlang, monotonic_time, [second]}, {erlang, time_offset, []}, {erlang, timestamp, []},
    {erlang, localtime, []}, {erlang, universaltime, []}, {erlang, date, []}, {erlang, time, []},
    {erlang, memory, []}, {erlang, memory, [total]}, {erlang, memory, [[total, ets]]}, {erlang, memory, [bogus]},
    {erlang, garbage_collect, []}, {erlang, garbage_collect, ['$pid']}, {erlang, garbage_collect, [x]},
    {erlang, ports, []}, {erlang, apply, [erlang, node, []]}, {erlang, apply, [erlang, nosuch, []]}, {erlang, apply, [1, x, []]},
    {erlang, apply, [x, x, y]},
    {erlang, function_exported, [erlang, node, 0]},
    {erlang, function_exported, [nosuch, f, 0], value}, {erlang, function_exported, [1, f, 0]},
    {erlang, send, ['$pid', x], value}, {erlang, send, [echo, x], value}, {erlang, send, [nobody, x]}, {erlang, send, [1, x]},
    {erlang, pid_to_list, ['$pid']}, {erlang, pid_to_list, [x]}, {erlang, list_to_pid, ["<0.1.0>"]}, {erlang, list_to_pid, ["x"]},
    {erlang, exit, ['$dead', x]}, {erlang, exit, [1, x]}, {erlang, disconnect_node, ['$absent']},
    {erlang, system_flag, [scheduler_wall_time, true]}, {erlang, module_loaded, [nosuch], value}, {erlang, port_info, [x]}]
    ++ [{erlang, system_info, [I]} || I <- [alloc_util_allocators, atom_count, atom_limit, build_type,
        creation, debug_compiled, dirty_cpu_schedulers, dirty_cpu_schedulers_online, dirty_io_schedulers, dist_buf_busy_limit,
        dynamic_trace, dynamic_trace_probes, ets_count, ets_limit, fullsweep_after, heap_type, kernel_poll,
        logical_processors, logical_processors_available, logical_processors_online, machine, max_heap_size, message_queue_data,
        min_bin_vheap_size, min_heap_size, modified_timing_level, multi_scheduling, multi_scheduling_blockers, otp_release,
        port_count, port_limit, port_parallelism, process_count, process_limit, procs, scheduler_bind_type, scheduler_bindings,
        scheduler_id, schedulers, schedulers_online, schedulers_state, smp_support, start_time, system_architecture, system_version,
        threads, thread_pool_size, time_correction, time_offset, time_warp_mode, tolerant_timeofday, trace_control_word, version,
        wordsize, {wordsize, internal}, {wordsize, external}, {wordsize, x}, bogus, 1, {allocator_sizes, ll_alloc}]]
    ++ [{erlang, statistics, [I]} || I <- [active_tasks, active_tasks_all, context_switches, exact_reductions, garbage_collection, io,
        reductions, run_queue, run_queue_lengths, run_queue_lengths_all, runtime, total_active_tasks, total_active_tasks_all,
        total_run_queue_lengths, total_run_queue_lengths_all, wall_clock, bogus]]
    ++ [{erlang, system_info, [emu_flavor], newer}, {erlang, system_info, [emu_type], newer},
        {erlang, system_info, [allocator], {note, "the Go runtime has no allocators of such kinds"}},
        {erlang, statistics, [scheduler_wall_time], {note, "always on; on a BEAM by system_flag(scheduler_wall_time, true)"}}].

process_info() -> [{erlang, process_info, ['$pid']}, {erlang, process_info, ['$dead']}, {erlang, process_info, ['$dead', status]},
    {erlang, process_info, ['$pid', [binary, catchlevel, current_function, error_handler, garbage_collection, group_leader,
        heap_size, initial_call, last_calls, links, memory, message_queue_len, monitored_by, monitors, priority, reductions,
        registered_name, sequential_trace_token, stack_size, status, suspending, total_heap_size, trace, trap_exit]]},
    {erlang, process_info, ['$self', status]}, {erlang, process_info, [x]}, {erlang, process_info, ['$pid', x]},
    {erlang, process_info, ['$pid', [status, x]]}, {erlang, process_info, ['$pid', {dictionary, nosuch}], newer}, {erlang, process_info, ['$pid', async_dist], newer},
    {erlang, process_info, ['$pid', label], newer},
    {erlang, process_info, ['$pid', parent], {note, "undefined for what the program has started itself"}},
    {proc_lib, initial_call, ['$pid']}, {proc_lib, translate_initial_call, ['$pid']}, {proc_lib, get_label, ['$pid']}]
    ++ [{erlang, process_info, ['$pid', I]} || I <- [backtrace, binary, catchlevel, current_function, current_location,
        current_stacktrace, dictionary, error_handler, fullsweep_after, garbage_collection, garbage_collection_info, group_leader,
        heap_size, initial_call, last_calls, links, memory, message_queue_data, message_queue_len, messages,
        min_bin_vheap_size, min_heap_size, monitored_by, monitors, priority, reductions, registered_name,
        sequential_trace_token, stack_size, status, suspending, total_heap_size, trace, trap_exit]].

code() -> [{code, ensure_loaded, [gen_server]}, {code, ensure_loaded, [nosuch]}, {code, ensure_loaded, ["x"]},
    {code, ensure_loaded, [shell], {note, "a Go node has no shell; erl -remsh says so and ends"}},
    {code, ensure_loaded, ['Elixir.IEx']}, {code, ensure_modules_loaded, [[nosuch]]}, {code, ensure_modules_loaded, [[gen_server]]},
    {code, is_loaded, [nosuch]}, {code, is_loaded, [gen_server], {note, "the module is compiled into the program: preloaded"}},
    {code, which, [nosuch]}, {code, which, [gen_server], {note, "the module is compiled into the program: preloaded"}},
    {code, which, [erlang], value},
    {code, module_status, [nosuch]}, {code, module_status, [gen_server]},
    {code, all_loaded, [], {note, "a list of pairs; every file is preloaded"}}, {code, get_path, []}, {code, get_mode, []},
    {code, root_dir, []}, {code, lib_dir, []}, {code, lib_dir, [nosuch]}, {code, priv_dir, [nosuch]},
    {code, objfile_extension, [], value}, {code, get_object_code, [nosuch]}, {code, is_sticky, [nosuch]}, {code, modified_modules, []},
    {code, load_binary, [nosuch, "x", <<1, 2, 3>>], value}, {code, load_binary, [1, "x", <<>>]},
    {code, load_file, [nosuch], value}, {code, load_abs, ["/nosuch"], value}, {code, where_is_file, ["nosuch.beam"]},
    {code, purge, [nosuch], value}, {code, soft_purge, [nosuch], value}, {code, delete, [nosuch], value},
    {code, add_patha, ["/nosuch/dir"], value},
    {'$module', module_info, [module]}, {'$module', module_info, [exports], names},
    {'$module', module_info, [functions], names},
    {'$module', module_info, [attributes], {note, "without a version, unless the program has one for upgrades"}},
    {'$module', module_info, [compile]}, {'$module', module_info, [md5]}, {'$module', module_info, [nifs]},
    {'$module', module_info, [bogus]}, {nosuch, module_info, []},
    {'$module', module_info, [], {note, "without a version, unless the program has one for upgrades"}}].

node_calls() -> [{net_kernel, get_net_ticktime, []}, {net_kernel, longnames, []}, {net_kernel, nodes_info, []},
    {net_kernel, node_info, ['$here']}, {net_kernel, node_info, ['$here', type]}, {net_kernel, node_info, ['$absent']},
    {net_kernel, get_state, []}, {net_kernel, epmd_module, [], value}, {net_kernel, connect_node, ['$here']},
    {net_kernel, nodename, []}, {net_adm, ping, ['$here'], value}, {net_adm, ping, ['$absent'], value},
    {net_adm, names, []}, {net_adm, localhost, []}, {init, get_status, []}, {init, get_arguments, [],
        {note, "the flags that a BEAM with the same configuration would have"}},
    {init, get_argument, [home]}, {init, get_argument, [nosuch]}, {init, get_plain_arguments, []}, {init, script_id, []},
    {os, type, []}, {os, version, []}, {os, getpid, []}, {os, timestamp, []}, {os, system_time, []}, {os, system_time, [second]},
    {os, perf_counter, []}, {os, getenv, []}, {os, getenv, ["nosuch"]}, {os, getenv, ["PATH"]}, {os, getenv, ["nosuch", "x"]},
    {inet, gethostname, []}, {inet, getifaddrs, []}].

servers() -> [{gen_server, call, [echo, x], value}, {gen_server, call, ['$pid', x], value}, {gen_server, call, [nobody, x]},
    {gen_server, call, [nobody, x, 100]}, {gen_server, call, [echo, x, infinity], value}, {gen_server, cast, [echo, x], value},
    {gen_server, cast, [nobody, x], value}, {gen_server, stop, [nobody]},
    {sys, get_status, [echo]}, {sys, get_state, [nobody]},
    {sys, statistics, [echo, get]}, {sys, statistics, [echo, true], value}, {sys, statistics, [echo, get]},
    {sys, statistics, [echo, false], value}, {sys, log, [echo, true], value}, {sys, log, [echo, get]}, {sys, log, [echo, false]},
    {sys, trace, [echo, false], value}, {sys, log_to_file, [echo, false], value}, {sys, no_debug, [echo], value},
    {sys, suspend, [echo], value}, {sys, resume, [echo], value},
    {supervisor, which_children, [kernel_sup], names}, {supervisor, count_children, [kernel_sup]}, {supervisor, get_childspec, [kernel_sup, nosuch]},
    {application, which_applications, [], names}, {application, loaded_applications, [], names}, {application, info, [], {note, "sasl is among the applications"}},
    {application, get_env, [kernel, net_ticktime], newer}, {application, get_env, [kernel, nosuch]}, {application, get_key, [kernel, vsn]},
    {application, get_key, [nosuch, vsn]}, {application, get_all_key, [kernel], {note, "without modules and most parameters"}}, {application, start, [nosuch]},
    {application, get_application, ['$pid']}, {application_controller, get_master, [nosuch]},
    {application_controller, get_master, [kernel], {note, "applications without processes of their own have no master"}}].

others() -> [{logger, get_primary_config, []}, {logger, set_primary_config, [level, notice], value},
    {logger, set_primary_config, [level, bogus]}, {logger, get_handler_ids, []}, {logger, get_module_level, []},
    {logger, get_handler_config, [nosuch]}, {logger, get_config, [], {note, "one handler, slog"}},
    {logger, get_handler_config, [default], {note, "one handler, slog"}},
    {global, registered_names, []}, {global, whereis_name, [nosuch]}, {ets, all, []}, {ets, info, [nosuch]},
    {persistent_term, info, []}, {mnesia, system_info, [is_running]}, {cpu_sup, avg1, []}, {cpu_sup, avg5, []}, {cpu_sup, avg15, []},
    {cpu_sup, nprocs, []}, {memsup, get_system_memory_data, []}, {disksup, get_disk_data, []},
    {alarm_handler, get_alarms, [], {note, "no alarms; the BEAM of this test runs no sasl"}}].

elixir() -> [{'Elixir.Process', 'alive?', ['$pid']}, {'Elixir.Process', info, ['$pid']}, {'Elixir.Process', info, ['$pid', status]},
    {'Elixir.Process', info, ['$dead']}, {'Elixir.Process', whereis, [nobody], value}, {'Elixir.Process', whereis, [echo]},
    {'Elixir.Process', list, []}, {'Elixir.Process', registered, []}, {'Elixir.Node', self, []}, {'Elixir.Node', 'alive?', []},
    {'Elixir.Node', list, []}, {'Elixir.Node', list, [connected]}, {'Elixir.Node', get_cookie, []}, {'Elixir.Node', ping, ['$here'], value},
    {'Elixir.Node', connect, ['$here']}, {'Elixir.System', otp_release, []}, {'Elixir.System', schedulers, []},
    {'Elixir.System', schedulers_online, []}, {'Elixir.System', system_time, [second]}, {'Elixir.System', monotonic_time, []},
    {'Elixir.System', get_env, [<<"nosuch">>], value}, {'Elixir.System', get_env, [<<"PATH">>]}, {'Elixir.System', build_info, []}].

errors() -> [{nosuch, nosuch, []}, {erlang, nosuch, [1, 2]}, {nosuch, f, lists:seq(1, 20)}, {lists, nosuch, [a]},
    {erlang, whereis, [1]}, {erlang, whereis, []}, {erlang, is_process_alive, [x]}].
