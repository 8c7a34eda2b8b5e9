# SPDX-License-Identifier: GPL-2.0-or-later
#
# The bench itself: emulated Timeout & Isolation registers behave as the specification wants, and tell what does not.

. /guest/isolation.sh
port=0000:0c:00.0
other=0000:de:00.0

peek() { isolation-emulator --peek "$PCI/devices/$port/resource0" "$1"; }
# poke OFFSET VALUE: prints what the register kept, after the emulator had a look
poke() {
	isolation-emulator --poke "$PCI/devices/$port/resource0" "$1" "$2" >/dev/null
	isolation_send $port dump >/dev/null
	peek "$1"
}
# violated TEXT REGEX: that is the only violation since the last time
seen=0
violated() {
	isolation_violations $port | tail -n +$((seen + 1)) >/run/violations
	seen=$((seen + $(wc -l </run/violations)))
	is "a violation: $1" "$(sed 's/.*violation: //' /run/violations | grep -c "$2") $(wc -l </run/violations)" "1 1"
}
innocent() {
	is "$1" "$(isolation_violations $port | tail -n +$((seen + 1)))" ""
}
# status_bits: what a program makes of the status register; the rest is reserved
status_bits() { printf '0x%08x' $(($(peek $status) & 0x7311)); }
# entries: the array of capabilities, as "ID OFFSET"
entries() {
	local at=0x1000 last=$(($(peek 0x1000) >> 24)) value
	while [ $((at += 4)) -le $((0x1000 + last * 4)) ]; do
		value=$(peek $at)
		printf '%04x %04x\n' $((value & 0xffff)) $((0x1000 + (value >> 20)))
	done
}

entries >/run/entries
is "QEMU has no such capability" "$(grep -c ^0009 /run/entries)" 0
check "the emulator starts" isolation_start $port
entries >/run/entries.more
is "it is in the array, once" "$(grep -c ^0009 /run/entries.more)" 1
is "and so is what was there before" "$(grep -v -e ^0009 -e ^0000 /run/entries.more)" "$(grep -v ^0000 /run/entries)"
at=0x$(sed -n 's/^0009 //p' /run/entries.more)
is "where the emulator says" $((at)) $(($(isolation_register at)))
control=$((at + 8))
status=$((at + 12))

is "the capability register" "$(peek "$at")" 0x060f1f1f
is "control is 0" "$(peek $control)" 0x00000000
is "status has nothing set" "$(status_bits)" 0x00000000

# What a correct program does.
is "control keeps what is written" "$(poke $control 0x0003161a)" 0x0003161a
is "the emulator has the same" "$(isolation_register control)" 0x0003161a
is "a timeout" "$(isolation_send timeout mem)" "ok timeout: mem is isolated, the link forced down"
is "is in status" "$(status_bits)" 0x00000101
is "one of cache" "$(isolation_send timeout cache)" "ok timeout: host reset, for cache isolation is off"
is "is there as well" "$(status_bits)" 0x00000111
poke $status 0x00000010 >/dev/null
is "a bit can be cleared alone" "$(status_bits)" 0x00000101
poke $status 0x00000101 >/dev/null
is "and all that is left" "$(status_bits)" 0x00000000
is "link down" "$(isolation_send link-down mem)" "ok link down: mem is isolated, the link forced down"
is "tells its cause" "$(status_bits)" 0x00000300
is "RP Busy" "$(isolation_send busy on) $(status_bits)" "ok 0x00004300"
isolation_send busy off
poke $status 0x00000300 >/dev/null
is "isolation ends" "$(isolation_register status)" 0x00000000
poke $control 0x00000000 >/dev/null
is "without isolation the host would be reset" "$(isolation_send link-down cache)" \
	"ok link down: host reset, for cache isolation is off"
is "and nothing be in status" "$(status_bits)" 0x00000000
innocent "all that is no violation"
isolation_log $port >/run/log
check "every write is in the log" \
	grep -q ' status: old 0x00000101 written 0x00000101 new 0x00000000, leaves mem isolation$' /run/log

# What it does not.
is "the capability is read only" "$(poke "$at" 0x00000000)" 0x060f1f1f
violated "writing it" 'read only'
is "the register after it is reserved" "$(poke $((at + 4)) 1)" 0x00000000
violated "writing it" 'reserved'
is "so is the rest of the block" "$(poke 0x1000 0 >/dev/null && entries)" "$(cat /run/entries.more)"
violated "writing it" 'not of this capability'
is "reserved bits of control" "$(poke $control 0x80000010)" 0x00000010
violated "writing them" 'reserved bits 0x80000000'
is "a reserved timeout value" "$(poke $control 0x00000013)" 0x00000010
violated "writing it" 'mem timeout value 0x3 is reserved'
is "the interrupt" "$(poke $control 0x04000000)" 0x04000000
violated "enabling it" 'interrupt'
poke $control 0x00010000 >/dev/null
isolation_send timeout mem
poke $status 0x00000003 >/dev/null
is "reserved bits of status" "$(status_bits)" 0x00000100
violated "writing them" 'reserved bits 0x00000002'
isolation_send busy on
poke $status 0x00004000 >/dev/null
is "RP Busy is read only" "$(status_bits)" 0x00004100
violated "writing it" 'RP Busy is read only'
poke $status 0x00000100 >/dev/null
violated "leaving isolation while it is set" 'while RP Busy is set: undefined behaviour'
isolation_send status 0x101
poke $status "$(peek $status)" >/dev/null
is "what was read clears nothing when written back" "$(status_bits)" 0x00000101
isolation_send capability 0x00010013
is "a range that is not supported" "$(poke $control 0x00010019)" 0x00010010
violated "choosing it" 'mem timeout value 0x9 is of no supported range'
is "one that is" "$(poke $control 0x00010016)" 0x00010016
is "bits that are not supported" "$(poke $control 0x000f0016)" 0x00010016
violated "writing them" 'bits 0x000e0000 are not supported'
isolation_send capability 0x060f1f1f
isolation_send status 0

# Hardware that is against the program.
isolation_send control 0x00010010
is "gone: all ones" "$(isolation_send vanish) $(peek 0x0) $(peek 0x1000) $(peek $status) $(peek 0xfffc)" \
	"ok 0xffffffff 0xffffffff 0xffffffff 0xffffffff"
is "and no writes" "$(poke $control 0)" 0xffffffff
is "and there again" "$(isolation_send return) $(entries) $(peek $control)" "ok $(cat /run/entries.more) 0x00010010"
isolation_send slow 300
isolation_send status 0x1
poke $status 1 >/dev/null
is "slow: not cleared yet" "$(status_bits)" 0x00000001
sleep 0.5
is "but then" "$(status_bits)" 0x00000000
isolation_send slow 0
isolation_send lock on
is "locked control keeps what it had" "$(poke $control 0)" 0x00010010
isolation_send lock off
isolation_send garble on
is "garbled control keeps something else" "$(poke $control 0x00010016)" 0x000e1000
isolation_send garble off
isolation_send reset
is "a platform reset clears control" "$(isolation_register control)" 0x00000000
is "what is no command is an error" "$(isolation_send rest)" "error: what is that?"
innocent "nothing of that is a violation"

# A program that runs with its writes trapped reads back at once, and nothing of what it writes goes unseen.
resource=$PCI/devices/$port/resource0
isolation_send lock on
right=0
for i in $(seq 10); do
	[ "$(isolation_run isolation-emulator --poke "$resource" $control 0x10)" != 0x00000000 ] || right=$((right + 1))
done
is "trapped: a lock is seen by who reads back at once" $right 10
isolation_send lock off
isolation_send garble on
is "and garbling" "$(isolation_run isolation-emulator --poke "$resource" $control 0x00010010)" 0x000e1000
isolation_send garble off
innocent "which is no violation"
isolation_send status 0x00000101
is "status written back as read" "$(isolation_run isolation-emulator --write-back "$resource" $status)" 0x80000000
violated "writing it back" 'reserved bits 0x80000000'
isolation_send status 0x00000101
is "and as it should be" "$(isolation_run isolation-emulator --poke "$resource" $status 0x101)" 0x80000000
isolation_send control 0x00000010
isolation_run isolation-emulator --poke "$resource" $control 0x00000010 >/dev/null
check "a write that changes nothing is in the log" \
	grep -q 'control: old 0x00000010 written 0x00000010 new 0x00000010' $ISOLATION/$port/log
status 7 isolation_run sh -c 'exit 7'
isolation-emulator --run $ISOLATION sleep 1000 3>&- 4>&- &
check "a program in the background is itself" wait_for 10 grep -q sleep "/proc/$!/comm"
kill $!
wait $!
is "and can be ended" $? 143
innocent "and no violation in that"

# Several ports, and the end.
status 1 isolation_start $other --capability 0x00010012 --control 0x00020000
check "an impossible start is an error" grep -q 'does not support' /run/out
check "a second port" isolation_start $other --capability 0x00010012 --control 0x00010010 --status 0x00000101
is "has its own registers" "$(isolation_register capability) $(isolation_register status)" "0x00010012 0x00000101"
is "and the first keeps its own" "$(isolation_register $port capability) $(isolation_send $port status 0)" "0x060f1f1f ok"

isolation_send $port control 0x00010010
slowest=0 times=
for i in $(seq 50); do
	isolation_send $port timeout mem >/dev/null
	time=$(isolation-emulator --clear "$resource" $status 0x101) || break
	[ "$time" -le $slowest ] || slowest=$time
	times="$times $time"
done
echo "status is cleared after (us):$times"
is "all were cleared" "$i $(isolation_register $port status)" "50 0x00000000"
echo "the slowest of 50: $slowest us"
check "within 100 ms" [ $slowest -lt 100000 ]

times=
for i in $(seq 5); do
	isolation_send $port timeout mem >/dev/null
	sleep 1.2
	times="$times $(isolation-emulator --clear "$resource" $status 0x101)"
done
echo "and where nothing happened for a second (us):$times"
is "that as well" "$(isolation_register $port status)" 0x00000000

used() { cut -d ' ' -f 1 "/proc/$(cat $ISOLATION/$port/pid)/schedstat"; }
sleep 1.5
before=$(used)
sleep 5
percent=$((($(used) - before) / 50000000))
echo "an idle emulator uses $percent % of a processor"
check "less than a third" [ $percent -lt 33 ]

isolation-emulator --poke "$resource" $control 0x20 >/dev/null
violated "as soon as it is asked for" 'reserved bits 0x00000020'
innocent "and no more violations"
check "it can be stopped" isolation_stop $port
is "the port is what it was" "$(entries)" "$(cat /run/entries)"
check "and the other still there" [ -n "$(isolation_register $other status)" ]
isolation_stop
is "until all are stopped" "$(grep -c resource0 /proc/mounts) $(pidof isolation-emulator)" "0 "
