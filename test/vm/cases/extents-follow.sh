# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source-path=SCRIPTDIR/../guest source=lib.sh
# list-extents --follow: batches as they come and go, from the log of a function without driver and from the trace.
# boot: own
# timeout: 180

TRACING=/sys/kernel/tracing
memdev=$(memdev_by_serial 0x9abc)
address=$(basename "$(readlink -f "$CXL/$memdev/..")")
driver=/sys/bus/pci/drivers/cxl_pci

# capacity add|release KEY:VALUE [OFFSET-MIB,LENGTH-MIB...]: of region 0
capacity() {
	local command=$1 policy=$2 extents='' pair
	shift 2
	for pair in "$@"; do
		extents="$extents,{\"offset\":$((${pair%,*} << 20)),\"len\":$((${pair#*,} << 20))}"
	done
	qmp "{\"execute\":\"cxl-$command-dynamic-capacity\",\"arguments\":{\"path\":\"/machine/peripheral/dcd0\",
\"host-id\":0,\"$policy-policy\":\"prescriptive\",\"region\":0,\"extents\":[${extents#,}]}}" | tail -n 1
}
offer() { capacity add selection "$@" >/run/qmp.out || cat /run/qmp.out; }

# follow [OPTION...]: in the background, process $follower, its output in /run/followed
follow() {
	cxl-iso list-extents --follow "$@" >/run/followed 2>/run/follow-err 3>&- 4>&- &
	follower=$!
}
told() { grep -q "$1" /run/followed; }
# follow_end SIGNAL STATUS
follow_end() {
	local got=0
	kill "-$1" $follower
	wait $follower 2>/dev/null || got=$?
	is "status after SIG$1" $got "$2"
}
lock_is_free() { ! grep -q ":$(stat -c %i /run/cxl-iso/lock) " /proc/locks; }
show() { cat /run/followed /run/follow-err; }

# --- refused ---

status 3 cxl-iso list-extents --follow --source=trace
check "a kernel without the trace event is told" grep -q 'no trace event cxl:cxl_dynamic_capacity' /run/err
status 3 cxl-iso list-extents --follow "$memdev"
check "a device with a driver is told" grep -q 'it has a driver, cxl_pci' /run/err
status 2 cxl-iso list-extents --follow --unbind
status 2 cxl-iso list-extents --follow --tree
status 2 cxl-iso list-extents --follow --interval=0

# --- borrowed from its driver ---

follow --unbind serial:0x9abc
wait_for 15 [ ! -e "$PCI/devices/$address/driver" ]
sleep 1
offer 0,2
check "a batch of a borrowed device" wait_for 15 told ': batch 1: offered .* 2 MiB in 1 extent'
check "it keeps the lock" grep -q ":$(stat -c %i /run/cxl-iso/lock) " /proc/locks
follow_end TERM 0
is "it is given back" "$(basename "$(readlink -f "$PCI/devices/$address/driver")")" cxl_pci
show
wait_for 15 memdev_is_ready 0x9abc

# --- the log of a function without driver ---

echo "$address" >$driver/unbind
follow serial:0x9abc
check "what was there" wait_for 15 told 'pending: batch 1: offered .* 2 MiB in 1 extent, for host 0'
offer 4,2 8,4 16,2
check "a batch arrives" wait_for 15 told 'arrived: batch 2: offered .* 8 MiB in 3 extents'
check "and is judged" told 'arrived: batch 2.*a host could accept'
is "a batch is told once" "$(grep -c 'batch 1' /run/followed)" 1
check "the lock is free in between" wait_for 5 lock_is_free
offer 32,2 36,2 40,2 44,2 48,2 52,2
check "the log is full: a batch that stays open" wait_for 15 told 'batch 5: .*open.*chain-open'
check "what it had no room for" wait_for 15 told 'lost: [0-9]* record'
follow_end TERM 0
show

follow --unbind "$address"
check "--unbind of what has no driver reads it, too" wait_for 15 told 'pending: batch 1: offered'
check "and keeps the lock" grep -q ":$(stat -c %i /run/cxl-iso/lock) " /proc/locks
follow_end TERM 0
check "it has no driver still" [ ! -e "$PCI/devices/$address/driver" ]

follow -j "$address"
check "JSON lines" wait_for 15 told '"event": "pending", .*"address": "'"$address"'", "serial": "0x9abc", "source": "mailbox"'
is "one for each batch" "$(grep -c '^{ "schema": "cxl-iso/extent-event", "version": 1, .*"pending".* }$' /run/followed)" 3

# --- it goes away, and comes back ---

echo 1 >"$PCI/devices/$address/remove"
check "a device that goes away is told" wait_for 15 told '"event": "away", .*there is no PCI function'
echo 1 >"$PCI/rescan"
wait_for 15 memdev_is_ready 0x9abc
check "one with a driver is told" wait_for 15 told '"event": "away", .*is its driver'
echo "$address" >$driver/unbind
check "a device that comes back is told" wait_for 15 told '"event": "back"'
is "and each reason once" "$(grep -c '"event": "away"' /run/followed)" 2
# Records are cleared one by one: while none looks, as commands need the mailbox alone.
pause() {
	wait_for 5 lock_is_free && kill -STOP $follower || return
	lock_is_free || { kill -CONT $follower && return 1; }
}
clear() {
	wait_for 5 pause
	mailbox-command "$address" 0101 "040001000000${1}00"
	kill -CONT $follower
}
clear 01
check "a batch that disappears is told" wait_for 15 told '"event": "gone", .*"accepted_bytes": 0, .*"number": 1'
clear 02
sleep 2
clear 03
clear 04
clear 05
check "one that is cleared piece by piece, once" wait_for 15 told '"event": "gone", .*"number": 2, .*"size": 8388608'
is "and nothing arrived" "$(grep -c '"event": "arrived"' /run/followed)" 0
follow_end INT 0
show
echo "$address" >$driver/bind
wait_for 15 memdev_is_ready 0x9abc

# Nobody reads any more.
echo "$address" >$driver/unbind
(
	cxl-iso list-extents --follow "$address" 3>&- 4>&-
	echo $? >/run/piped
) | head -n 1
check "it ends with its reader" wait_for 10 [ -s /run/piped ]
is "its status" "$(cat /run/piped)" 0
echo "$address" >$driver/bind
wait_for 15 memdev_is_ready 0x9abc

# --- the trace: a probe on a program stands for the event of kernels that have it ---

cat >$TRACING/uprobe_events <<EOF
p:cxl/cxl_dynamic_capacity $(trace-offer --where) memdev=+0(+0(%di)):string host=+0(+8(%di)):string serial=+16(%di):u64 hdr_timestamp=+24(%di):u64 dpa_start=+32(%di):u64 length=+40(%di):u64 hdr_handle=+48(%di):u16 hostid=+50(%di):u16 sh_extent_seq=+52(%di):u16 event_type=+54(%di):u8 updated_region_index=+55(%di):u8 uuid=+56(%di):u8[16]
EOF
mkdir $TRACING/instances/other
is_tracing() { [ "$(cat "$TRACING/instances/cxl-iso.$follower/events/cxl/cxl_dynamic_capacity/enable" 2>/dev/null)" = 1 ]; }
instances() { find $TRACING/instances -mindepth 1 -maxdepth 1 -exec basename {} \; | sort | tr '\n' ' '; }

follow --source=trace "$memdev"
check "an instance of its own" wait_for 15 is_tracing
trace-offer "$memdev" "$address" 5 0 0x1000000 0x200000 3
trace-offer "$memdev" "$address" 9 1 0x1000000 0x200000 1
check "a traced batch" wait_for 15 told "$memdev arrived: batch 5: offered .* 6 MiB in 3 extents, for host 0, borders inferred, tag 11111111-1111"
check "a traced release" wait_for 15 told "$memdev arrived: batch 9: release requested .* 2 MiB"
trace-offer mem9 0000:ff:00.0 30 0 0 0x200000 1
trace-offer "$memdev" "$address" 20 2 0x1000000 0x200000 1
is "the global buffer is empty" "$(grep -vc '^#' $TRACING/trace)" 0
is "nothing else was enabled" "$(cat $TRACING/events/cxl/cxl_dynamic_capacity/enable)" 0
sleep 0.3
follow_end TERM 0
check "what came last is told" told 'batch 20: released by force'
is "a device that was not asked for" "$(grep -c mem9 /run/followed)" 0
is "the instance is gone" "$(instances)" "other "
show

follow --source=trace -j
wait_for 15 is_tracing
trace-offer "$memdev" "$address" 5 0 0x1000000 0x200000 1
check "JSON lines of the trace" wait_for 15 told '"event": "arrived", "memdev": "'"$memdev"'", .*"source": "trace", .*"inferred": true'
follow_end KILL 137
is "what a killed one leaves" "$(instances)" "cxl-iso.$follower other "
left=$follower
follow --source=trace
wait_for 15 is_tracing
is "goes with the next one" "$(instances)" "cxl-iso.$follower other "
check "and is not that one's" [ "$left" != $follower ]

# More than the buffer holds, while it may not read.
echo 4 >"$TRACING/instances/cxl-iso.$follower/buffer_size_kb"
kill -STOP $follower
trace-offer "$memdev" "$address" 100 0 0x1000000 0x200000 2000
kill -CONT $follower
check "lost events are told" wait_for 15 told 'a device lost: [0-9]* records'
follow_end HUP 0
grep lost /run/followed
is "the last is gone as well" "$(instances)" "other "
rmdir $TRACING/instances/other
: >$TRACING/uprobe_events

