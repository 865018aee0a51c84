#!/usr/bin/env escript
%% Answers what systools:make_relup answers, for many cases in one node. In has a list of
%% {Dir, [{File, Content}], UpFrom, DownTo, Options}; Out gets a list of answers.
-mode(compile).

main([In, Out]) ->
    {ok, Bin} = file:read_file(In),
    {ok, Home} = file:get_cwd(),
    Answers = [answer(Case, Home) || Case <- binary_to_term(Bin)],
    ok = file:write_file(filename:join(Home, Out), term_to_binary(Answers)).

answer({Dir, Files, UpFrom, DownTo, Options}, Home) ->
    ok = file:set_cwd(Home),
    lists:foreach(fun({Name, Content}) ->
                          File = filename:join(Dir, Name),
                          ok = filelib:ensure_dir(File),
                          ok = file:write_file(File, Content)
                  end, Files),
    ok = file:set_cwd(Dir),
    try systools:make_relup("new", UpFrom, DownTo, [noexec, silent | Options])
    catch Class:Reason -> {crash, Class, Reason}
    end.
