%% Code change, server by server.
-module(upgrade_SUITE).
-include("compat.hrl").

init_per_suite(Config) -> compat:init(Config).
end_per_suite(Config) -> compat:done(Config).

?PROMISE(code_change, "gen_server, Module:code_change/3", "the suspended server gets the old version and the extra term, and goes on with what it returns").
code_change(Config) ->
    each([{title(Vsn, Extra), {Vsn, Extra}} || {Vsn, Extra} <- [{undefined, []}, {"1", extra}, {{down, "2"}, #{a => [1]}}, {17, <<"x">>}]],
         fun({Vsn, Extra}) ->
             Probe = compat:probe(?NODE),
             Probe ! before,
             ok = sys:suspend(Probe),
             ok = sys:change_code(Probe, probe, Vsn, Extra),
             ok = sys:resume(Probe),
             ?assertEqual(#{seen => [{info, before}], watcher => undefined, changed => {Vsn, Extra}}, sys:get_state(Probe))
         end).

title(Vsn, Extra) -> lists:flatten(io_lib:format("~0p ~0p", [Vsn, Extra])).

?PROMISE(a_code_change_that_fails, "sys:change_code/4", "{error, Reason}, and the state is what it was").
a_code_change_that_fails(Config) ->
    each([{error, {{fail, too_old}, fun({error, too_old}) -> ok; ({error, {error, too_old}}) -> ok end}},
          {raise, {{raise, error, boom}, fun({error, {'EXIT', {boom, [_ | _]}}}) -> ok end}},
          {exit, {{raise, exit, gone}, fun({error, {'EXIT', gone}}) -> ok end}}],
         fun({Extra, Check}) ->
             Probe = compat:probe(?NODE),
             Probe ! before,
             ok = sys:suspend(Probe),
             ok = Check(sys:change_code(Probe, probe, "1", Extra)),
             ok = sys:resume(Probe),
             ?assertEqual(#{seen => [{info, before}], watcher => undefined, changed => undefined}, sys:get_state(Probe)),
             alive = gen_server:call(Probe, {reply, alive})
         end).

?PROMISE(messages_wait_for_the_new_code, "sys:suspend/1", "what comes during a change is handled by the new code, in order").
messages_wait_for_the_new_code(Config) ->
    Probe = compat:probe(?NODE),
    ok = sys:suspend(Probe),
    [gen_server:cast(Probe, I) || I <- lists:seq(1, 50)],
    ok = sys:change_code(Probe, probe, "1", during),
    [gen_server:cast(Probe, I) || I <- lists:seq(51, 100)],
    ok = sys:resume(Probe),
    ?assertEqual([{cast, I} || I <- lists:seq(1, 100)], gen_server:call(Probe, seen)),
    #{changed := {"1", during}} = sys:get_state(Probe).
