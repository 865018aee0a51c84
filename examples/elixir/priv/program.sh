#!/bin/sh
# Runs a program and ends it when standard input closes, as it does when the BEAM that opened the port has died. A program
# that does not read its standard input would outlive it.
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
trap 'kill "$program" 2>/dev/null' TERM INT
# It must not hold the output of the port: the BEAM waits for the end of that before it tells the exit status.
(
	while read -r _; do :; done <&3
	kill "$program"
) >/dev/null 2>&1 &
watcher=$!
wait "$program"
status=$?
# A signal ends the wait, not the program, which may take a moment and has its name until then.
while kill -0 "$program" 2>/dev/null; do
	wait "$program"
	status=$?
done
kill "$watcher" 2>/dev/null
exit "$status"
