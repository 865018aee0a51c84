%% What the suites share. A promise is a test function with the text and the place of the documentation it comes from:
%%
%%   ?PROMISE(noproc, "gen_server:call/3", "a call to a name that nobody has exits with noproc at once").
%%   noproc(Config) -> ...
-include_lib("stdlib/include/assert.hrl").

%% That of ct.hrl, which not every installation has.
-define(config(Key, Config), proplists:get_value(Key, Config)).

-define(PROMISE(Name, Place, Text), Name() -> [{userdata, [{place, Place}, {promise, Text}]}]).

%% The node that is tested.
-define(NODE, ?config(node, Config)).

-compile([export_all, nowarn_export_all]).
-import(compat, [next/0, nothing/0, flush/0, until/1, each/2]).

suite() -> [{timetrap, {minutes, 3}}].

%% The test functions, unless the suite says otherwise.
-ifndef(GROUPS).
all() -> compat:promises(?MODULE).
-endif.
