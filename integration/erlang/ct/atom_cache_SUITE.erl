%% The atom cache of a connection: 2048 atoms that are sent by number.
-module(atom_cache_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

atoms(Prefix, N) -> [list_to_atom(lists:concat([Prefix, I])) || I <- lists:seq(1, N)].

echoes(Config, Term) -> ?assert(Term =:= gen_server:call({echo, ?NODE}, Term, 60000)).

?PROMISE(more_than_fit, "erl_dist_protocol, distribution header, AtomCacheRefs", "more atoms than the cache has places").
more_than_fit(Config) ->
    Atoms = atoms(cached_, 6000),
    each([{one_message, fun() -> echoes(Config, Atoms) end},
          {one_each, fun() -> [echoes(Config, A) || A <- lists:sublist(Atoms, 3000)] end},
          {again, fun() -> [echoes(Config, A) || A <- lists:reverse(lists:sublist(Atoms, 3000))] end},
          {hundreds, fun() -> [echoes(Config, lists:sublist(Atoms, I, 255)) || I <- lists:seq(1, 5000, 250)] end}],
         fun(Check) -> Check() end).

?PROMISE(the_same_again, "erl_dist_protocol, AtomCacheRefs", "an atom that is sent again and again stays the same").
the_same_again(Config) ->
    Term = #{atom => cache, [of_the] => {connection, [that, is, kept]}},
    [echoes(Config, Term) || _ <- lists:seq(1, 300)].

?PROMISE(long_atoms, "erl_dist_protocol, LongAtoms", "atoms of more than 255 bytes are cached, too").
long_atoms(Config) ->
    each([{C, C} || C <- [$a, $\x{e9}, $\x{20ac}, $\x{1f600}]],
         fun(C) ->
             Atoms = [list_to_atom(lists:duplicate(K, C)) || K <- [1, 60, 63, 64, 127, 128, 250, 255]],
             [echoes(Config, [A | Atoms]) || A <- Atoms, _ <- [1, 2]]
         end).

?PROMISE(two_hundred_and_fifty_five, "erl_dist_protocol, NumberOfAtomCacheRefs", "one message refers to at most 255 atoms of the cache, and may have more").
two_hundred_and_fifty_five(Config) ->
    each([{N, N} || N <- [1, 2, 253, 254, 255, 256, 257, 300, 1000]], fun(N) -> echoes(Config, atoms(lists:concat([n, N, '_']), N)) end).

?PROMISE(from_there, "erl_dist_protocol, AtomCacheRefs", "atoms that are made there arrive as they are").
from_there(Config) ->
    each([{N, N} || N <- [1, 255, 256, 2048, 5000]],
         fun(N) ->
             [?assert(probe:make(atoms, N) =:= gen_server:call({probe, ?NODE}, {make, atoms, N}, 60000)) || _ <- [1, 2]]
         end).

?PROMISE(names_of_servers, "erl_dist_protocol, REG_SEND", "names in control messages are cached as well").
names_of_servers(Config) ->
    Names = atoms(named_, 300),
    Pids = [begin {ok, P} = gen_server:call({probe, ?NODE}, {start, N, undefined}), P end || N <- Names],
    [begin {N, I} = gen_server:call({N, ?NODE}, {reply, {N, I}}), ok end || I <- [1, 2, 3], N <- Names],
    [gen_server:stop(P) || P <- Pids].

?PROMISE(many_senders, "erl_dist_protocol, AtomCacheRefs", "many processes with atoms of their own at the same time").
many_senders(Config) ->
    Callers = [spawn_monitor(fun() ->
                   Atoms = atoms(lists:concat([c, C, '_']), 300),
                   [A = gen_server:call({echo, ?NODE}, A, 60000) || A <- Atoms]
               end) || C <- lists:seq(1, 20)],
    [{'DOWN', Ref, process, Pid, normal} = receive {'DOWN', Ref, _, _, _} = Down -> Down end || {Pid, Ref} <- Callers].

?PROMISE(a_new_connection, "erl_dist_protocol, NewEntryFlag", "a new connection begins with an empty cache").
a_new_connection(_) ->
    Node = compat:start_node(cached),
    Atoms = atoms(fresh_, 500),
    [begin
         Atoms = gen_server:call({echo, Node}, Atoms),
         true = erlang:disconnect_node(Node)
     end || _ <- lists:seq(1, 10)],
    compat:kill_node(Node).

?PROMISE(in_fragments, "erl_dist_protocol, fragments", "atoms of a message in fragments are those of its header").
in_fragments(Config) ->
    Atoms = atoms(fragment_, 200),
    Large = binary:copy(<<"x">>, 200000),
    [begin echoes(Config, {Atoms, Large, lists:reverse(Atoms)}), echoes(Config, Atoms) end || _ <- lists:seq(1, 10)].
