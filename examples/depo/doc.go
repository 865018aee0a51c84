// Package depo is Depo.DB, a gen_server that owns a SQLite database, with the requests of the Elixir package Depo: SQL
// statements are taught under names, written and read, rows are streamed, and transactions belong to the process that
// calls. The folder lib has the module Depo, in plain Elixir, that makes the requests.
//
// # Requests
//
//	call {teach, #{Name => SQL} | [{Name, SQL}]}          ok; all of them or none
//	cast {write, Command[, Values[, self()]]}             an error is logged
//	call {write, Command[, Values]}                       {ok, Changed}
//	call {read, Command[, Values]}                        [#{Column => Value}]
//	     Command = {values, Command}                      [{Value, ...}]
//	     Command = {single, Command}                      the first value of the first row, or nil
//	call {stream, Pid, Command[, Values]}                 Stream, a process that sends {Stream, Row} to Pid
//	call {stream, Pid, Command, Values, Demand}           the same with a demand, see below
//	call 'begin' | {'begin', Milliseconds}                ok, when no other process has a transaction
//	call commit, call rollback                            ok
//	call stats                                            #{requests => N}, since version 2
//
// A command is a taught atom or SQL text. Values are a list for ?1, ?2, ..., or the only one: integers, floats,
// binaries (TEXT), {blob, Binary}, atoms (their text, but true and false are 1 and 0, nil and undefined are NULL).
// Rows have integers, floats, binaries and nil.
//
// Any of these answers {error, Reason} instead, and nothing that SQL can be wrong in ends the server:
//
//	{Kind, Text}                 what SQLite says: {constraint, <<"...">>}, {sqlite_error, <<"...">>}
//	{Name, {Kind, Text}}         a statement that teach could not prepare
//	{unknown_statement, Name}    a name that was not taught
//	{bad_value, Text}            a term that is no value
//	{aborted, Reason}            something has failed before in this transaction
//	no_transaction, timeout, unknown_request
//
// # Opening
//
// The argument of Init is memory, a path, which has to exist, [{create, Path}], which must not, or [{or_create,
// Path}]. The reasons to stop are no_such_file, file_already_exists, {bad_open, What} and what SQLite says. A path is
// one on the machine of the node: whoever has the cookie can open its files, as on any node.
//
// # Transactions
//
// A transaction belongs to the process that has called begin. A further begin of it is a SAVEPOINT. What other
// processes ask for waits and is done in order afterwards; so is a cast that does not say whose it is. If the process
// ends, or its node is lost, the transaction is rolled back. An error in a level, also of a cast, makes all further
// work in it fail, and commit roll it back and answer the error. SQL text cannot begin and end transactions, nor
// attach files.
//
// # Streams
//
// A stream takes 100 rows at a time from the database, and the next ones when it has sent these; sending waits while
// the connection to the receiver is busy. It ends with its last row, with its receiver, or with the database. A demand
// bounds what is on its way to a slow receiver: no more rows than that are sent, {more, N} to the stream adds to it,
// and the end is {Stream, done} or {Stream, {error, Reason}}. A stream reads while others write: whether it sees rows
// that came after its start is undefined, as for any query in SQLite. Rows of a transaction of another process are
// never seen.
//
// # Names of columns
//
// The keys of rows are atoms, of which a BEAM has a million at most and which it never forgets. So the first names
// that occur become atoms, up to the number in Names, and all further ones are binaries.
package depo
