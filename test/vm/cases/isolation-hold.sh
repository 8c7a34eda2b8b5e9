# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso set-timeout --hold -- COMMAND: the timeout is what it was, whatever becomes of the command or of us.

. /guest/isolation.sh
port=0000:0c:00.0
other=0000:de:00.0
journal=/var/lib/cxl-iso/hold-$port.json

isolation_start $other --control 0x00010012 || not_ok "an emulator"
isolation_start $port --control 0x0203191a || not_ok "an emulator"
look="isolation-emulator --peek $PCI/devices/$port/resource0 $(($(isolation_register $port at) + 8))"
# back TEXT: as it was, with nothing left to restore
back() { is "$1: as it was" "$(control) $([ ! -e $journal ] || echo journal)" "0x0203191a "; }

# hold OPTION...: a sleep of 1000 s in the background; $us is cxl-iso, $command the sleep
hold_sleep() {
	cxl-iso set-timeout "$@" --hold -- sleep 1000 >/run/hold.out 2>/run/hold.err 3>&- 4>&- &
	us=$!
	wait_for 10 sleeps
}
sleeps() {
	for command in $(pidof sleep); do
		! grep -q "^PPid:.$us\$" "/proc/$command/status" || return 0
	done
	return 1
}
ended() { wait "$us"; }

# shellcheck disable=SC2086
status 0 cxl-iso set-timeout $port --disable --hold -- $look
is "the command sees it" "$(cat /run/out)" 0x0203190a
back "done"
# shellcheck disable=SC2086
status 0 cxl-iso set-timeout $port --range D2 --protocol cache --disable --hold -- $look
is "the command sees all of it" "$(cat /run/out)" 0x02030e1a
back "done"
status 7 cxl-iso set-timeout $port --disable --hold -- sh -c 'exit 7'
back "failed"
status 0 cxl-iso set-timeout $port --disable --hold -- echo --json 'a  b'
is "its arguments are its own" "$(cat /run/out)" "--json a  b"
status 139 cxl-iso set-timeout $port --disable --hold -- sh -c 'kill -SEGV $$'
back "crashed"
status 127 cxl-iso set-timeout $port --disable --hold -- /there/is/none
check "not found: said so" grep -q '^cxl-iso: cannot run /there/is/none: No such file' /run/err
back "not found"
status 127 cxl-iso set-timeout $port --disable --hold -- /etc
back "not to be run"
was=$(writes $port)
status 0 isolation_run cxl-iso set-timeout $port --enable --hold -- true
is "nothing to change, nothing written" "$(writes $port)" "$was"
back "nothing to change"

for wrong in '--hold' '--hold --' '--hold --dry-run -- true' '--hold --json -- true' '-- true'; do
	# shellcheck disable=SC2086
	status 2 cxl-iso set-timeout $port --disable $wrong
done
status 2 cxl-iso set-timeout $port --hold -- true
status 2 cxl-iso set-timeout --disable --hold -- true
status 3 cxl-iso set-timeout $port --restore
check "nothing to restore" grep -q "^cxl-iso: no hold of $port was cut short" /run/err
status 2 cxl-iso set-timeout --restore
back "all that"

# Signals to us are for the command; then the timeout comes back.
for signal in INT TERM HUP; do
	check "a hold" hold_sleep $port --disable
	is "  is held" "$(control)" 0x0203190a
	kill -$signal $us
	ended
	is "  SIG$signal: its exit status" $? $((128 + $(kill -l $signal)))
	back "  SIG$signal"
done
cxl-iso set-timeout $port --disable --hold -- sh -c 'trap "exit 5" TERM; sleep 1000 & echo ready; wait' \
	>/run/hold.out 3>&- 4>&- &
us=$!
wait_for 10 grep -q ready /run/hold.out
kill -TERM $us
ended
is "a command that minds the signal" $? 5
killall sleep
back "minded"
for signal in TERM KILL; do
	check "a hold" hold_sleep $port --disable
	kill -$signal "$command"
	ended
	is "  the command's SIG$signal" $? $((128 + $(kill -l $signal)))
	back "  the command's SIG$signal"
done

# Somebody else meanwhile.
check "a hold" hold_sleep $port --disable
status 3 cxl-iso set-timeout $other --disable
check "one at a time" grep -q "^cxl-iso: another operation is running: set-timeout --hold, process $us" /run/err
status 3 cxl-iso set-timeout $port --restore
check "nor restored under it" grep -q 'another operation is running' /run/err
is "still held" "$(control)" 0x0203190a
status 0 cxl-iso list-recoveries
check "it is listed" grep -q "^$port hold *running " /run/out
isolation_send $port control 0x0201190a
kill "$command"
ended
is "only what was changed comes back" "$(control)" 0x0201191a
isolation_send $port control 0x0203191a

# kill -9.
check "a hold" hold_sleep $port --disable --range D1
kill -9 $us
ended
is "killed" $? 137
is "it stays changed" "$(control)" 0x0203190d
for next in "set-timeout $other --disable" "set-timeout $port --disable --hold -- true" "enable-isolation $other" \
	"clear-isolation $other" "recover $other --yes"; do
	# shellcheck disable=SC2086
	status 3 cxl-iso $next
	check "  nothing new is begun" grep -q "^cxl-iso: a hold of $port was cut short" /run/err
	check "  and how to end it" grep -q "^hint: .*cxl-iso set-timeout $port --restore" /run/err
done
status 0 cxl-iso set-timeout $other --disable --dry-run
status 0 cxl-iso list-recoveries
check "it is listed" grep -q "^$port hold *cut-short " /run/out
status 0 cxl-iso list-recoveries --json
check "JSON: it is listed" grep -q '"operation": *"hold"' /run/out
is "its journal is nobody else's to read" "$(stat -c %a $journal)" 600
kill "$command"
status 3 cxl-iso set-timeout $other --restore
status 2 cxl-iso recover $port --resume
is "that is no recovery" "$(control)" 0x0203190d
status 0 cxl-iso set-timeout $port --restore
back "restored"
status 0 cxl-iso list-recoveries
is "nothing is listed" "$(grep -c hold /run/out)" 0
status 3 cxl-iso set-timeout $port --restore

# After a crash of the host the register is 0.
check "a hold" hold_sleep $port --disable
kill -9 $us
ended
kill "$command"
isolation_send $port reset
status 0 cxl-iso set-timeout $port --restore
is "what was held comes back" "$(control)" 0x00000010
isolation_send $port control 0x0203191a

# Two ports.
# shellcheck disable=SC2086
status 0 cxl-iso set-timeout $port $other --disable --hold -- $look
is "one is held" "$(cat /run/out)" 0x0203190a
is "both come back" "$(control) $(control $other)" "0x0203191a 0x00010012"
check "the other was held" sh -c "grep -q 'written 0x00010002' $ISOLATION/$other/log"
check "a hold of two" hold_sleep $other $port --range default
is "both are held" "$(control) $(control $other)" "0x02031910 0x00010010"
kill -9 $us
ended
kill "$command"
status 0 cxl-iso set-timeout $other --restore
is "both come back" "$(control) $(control $other)" "0x0203191a 0x00010012"
status 3 cxl-iso set-timeout $port 0000:0c:01.0 --disable --hold -- touch /run/was-run
check "one can not: none is held" [ ! -e /run/was-run ]
back "refused"

# It can not be put back.
isolation-emulator --run $ISOLATION cxl-iso set-timeout $port --disable --hold -- sleep 1000 \
	>/run/hold.out 2>/run/hold.err 3>&- 4>&- &
us=$!
wait_for 10 sleeps
isolation_send $port lock on
kill "$command"
ended
is "not put back" $? 4
check "said so" grep -q '^cxl-iso: the timeout could not be put back$' /run/hold.err
check "and what to do" grep -q "^hint: cxl-iso set-timeout $port --restore" /run/hold.err
status 4 isolation_run cxl-iso set-timeout $port --restore
isolation_send $port lock off
status 0 cxl-iso set-timeout $port --restore
back "in the end"
is "no violation" "$(isolation_violations)" ""
