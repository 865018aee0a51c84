%% Certificates for distribution over TLS, made by the application public_key.
-module(certs).

-export([authority/0, issue/2, issue/3, optfile/3, write/2]).

%% Of public_key.hrl, which not every installation has.
-define(ALT_NAME, {2, 5, 29, 17}).
-define(EXTENSION(Id, Value), {'Extension', Id, false, Value}).

%% One that signs.
authority() -> public_key:pkix_test_root_cert("compat", options([])).

issue(Authority, Hosts) -> issue(Authority, Hosts, []).

%% A certificate for the hosts, as it goes into the option tls of compat:start_node/2: PEM texts.
issue(#{cert := Root} = Authority, Hosts, Options) ->
    Names = ?EXTENSION(?ALT_NAME, lists:append([names(H) || H <- Hosts])),
    Data = public_key:pkix_test_data(#{root => Authority, intermediates => [], peer => options([{extensions, [Names]} | Options])}),
    {Type, Key} = proplists:get_value(key, Data),
    #{ca => pem('Certificate', Root), cert => pem('Certificate', proplists:get_value(cert, Data)), key => pem(Type, Key)}.

%% Releases look for an address among the names, or among the addresses.
names(Host) ->
    [{dNSName, Host} | case inet:parse_ipv6strict_address(Host) of
        {ok, Address} -> [{iPAddress, << <<N:16>> || N <- tuple_to_list(Address) >>}];
        {error, _} -> []
    end].

options(More) -> [{key, {namedCurve, secp256r1}}, {digest, sha256} | More].

pem(Type, Der) -> public_key:pem_encode([{Type, Der, not_encrypted}]).

%% Writes the texts and a file for -ssl_dist_optfile into a new directory.
write(Dir, Tls) ->
    File = fun(Key) -> filename:join(Dir, [atom_to_list(Key), ".pem"]) end,
    ok = filelib:ensure_dir(File(ca)),
    [ok = file:write_file(File(Key), Text) || {Key, Text} <- maps:to_list(Tls)],
    optfile(Dir, [{certfile, File(cert)}, {keyfile, File(key)}, {cacertfile, File(ca)}, {verify, verify_peer}], [{versions, ['tlsv1.2', 'tlsv1.3']}]).

%% Writes a file for -ssl_dist_optfile and returns its name.
optfile(Dir, Options, More) ->
    Name = filename:join(Dir, "dist.conf"),
    ok = filelib:ensure_dir(Name),
    ok = file:write_file(Name, io_lib:format("~p.~n", [[{server, Options ++ [{fail_if_no_peer_cert, true}] ++ More}, {client, Options ++ More}]])),
    Name.
