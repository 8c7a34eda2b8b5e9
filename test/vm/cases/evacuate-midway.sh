# SPDX-License-Identifier: GPL-2.0-or-later
#
# Evacuating while others use the node, and cut short by a signal anywhere: it can be gone on with, and be undone.
#
# The kernel tells, with a trace, of processes that want huge pages of a node that has gone.
#
# qemu: fast
# expect-log: Call Trace:
# timeout: 600

. /guest/evacuate.sh

echo online >$MEMORY/auto_online_blocks
echo true >$DEMOTION
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
dax=$(dax_of "$region")
node=$(node_of "$region")
evacuate="daxctl-ext evacuate $dax"
check "the memory is online" region_online "$region" movable
check "a process holds data there" hold_start "$node" 8
sha=$(hold_sha)
before=$(machine)
knobs=$(knobs)
journal=evacuate-$dax.json

# --- users that come in the middle ---

come() { # many processes that prefer the node
	busy "$node" >/run/busy 2>&1 3>&- 4>&- &
	busy=$!
}
check "others come to the node as it is emptied" meanwhile '*"begin"*"offline-memory"*' come $evacuate
is "it is emptied all the same: exit status" $got 0
check "the memory is down" is_down "$region"
is "the knobs are what they were" "$(knobs)" "$knobs"
is "the data is what it was" "$(hold_sha)" "$sha"
check "the others go on" [ ! -s /run/busy ]
status 0 daxctl-ext restore "$dax"
is "everything is as it was" "$(machine)" "$before"
sleep 2 # and they come back to the node
status 0 daxctl-ext evacuate "$dax"
check "the memory is down" is_down "$region"
status 0 daxctl-ext restore "$dax"
check "the others go on" [ ! -s /run/busy ]
kill $busy
wait $busy 2>/dev/null
is "everything is as it was" "$(machine)" "$before"
hold_stop

# --- SIGINT, while a page that never moves keeps it at its last block ---

# The lowest block is the last one: splice_low puts such pages there, and data.
splice_low() {
	block_alone "$region" && hold_start "$node" 4 && splice_start "$node" 256 &&
		echo online_movable >"$MEMORY/$(mem_blocks_of "$region" | tail -n 1)/state"
}
check "data and pages that do not move are in the lowest block" splice_low
sha=$(hold_sha)
is "both blocks are online" "$(blocks_state "$region")" "online online"
before=$(machine)
check "interrupted between blocks" meanwhile '*"part"*"offline-memory"*"blocks_done":1,*' 'kill -INT $pid' $evacuate
is "exit status" $got 4
check "it says why" grep -q '^daxctl-ext: stopped by a signal' /run/err
check "and how to go on or back" \
	grep -q "^$dax is left half-way; go on: the same command again; back: daxctl-ext restore --all" /run/err
is "what was offlined is offline" "$(blocks_state "$region")" "online offline"
is "the knobs are what they were" "$(knobs)" "$knobs"
is "the data is what it was" "$(hold_sha)" "$sha"
status 3 cxl-iso recover 0000:0c:00.0 --yes
check "nothing new is begun" grep -q "an evacuation of $dax was cut short" /run/err
status 0 $evacuate --dry-run
check "a dry run shows the steps" grep -q "offline 2 memory blocks (256 MiB) of $dax" /run/out
is "and does nothing" "$(blocks_state "$region")" "online offline"
check "the same command, interrupted again" meanwhile '*"begin"*"offline-memory"*' 'sleep 1; kill -TERM $pid' $evacuate
is "exit status" $got 4
splice_stop
status 0 $evacuate
check "the same command finishes once they are let go" is_down "$region"
status 0 daxctl-ext restore --all
is "everything is as it was" "$(machine)" "$before"

check "data and pages that do not move are in the lowest block again" splice_low
check "interrupted, with JSON" meanwhile '*"part"*"offline-memory"*"blocks_done":1,*' 'kill -HUP $pid' $evacuate --json
is "exit status" $got 4
check "the result is JSON" is_json /run/out
check "and says so" grep -q '"outcome": "partial"' /run/out
splice_stop
status 0 daxctl-ext restore "$dax"
is "undone: everything is as it was" "$(machine)" "$before"
hold_stop

# --- SIGKILL, everywhere ---

check "a process holds data there" hold_start "$node" 4
sha=$(hold_sha)

# killed WHERE COMMAND...: it is, or it was over before the kill came; then whatever it does is done
killed() {
	local where=$1
	shift
	meanwhile "$where" 'kill -KILL $pid' "$@"
	case $got in
	137) ok "killed at $where: $*" ;;
	0) ok "over before the kill came: $*" ;;
	*) not_ok "killed at $where: $* (status $got)" ;;
	esac
}
finished() {
	status 0 $evacuate
	check "  it is down" is_down "$region"
	is "  the knobs are what they were" "$(knobs)" "$knobs"
}
put_back() {
	status 0 daxctl-ext restore "$dax"
	is "  everything is as it was" "$(machine)" "$before"
}

down=$(count_steps $evacuate)
step=1
while [ "$step" -le "$down" ]; do
	killed "*\"begin\"*\"number\":$step,*" $evacuate
	[ "$step" != 1 ] || check "the journal is there before the first step" [ "$(journals)" = "$journal" ]
	finished
	put_back
	killed "*\"begin\"*\"number\":$step,*" $evacuate
	put_back
	step=$((step + 1))
done
killed '*"part"*"offline-memory"*"blocks_done":1,*' $evacuate
finished
put_back
killed '*"part"*"offline-memory"*"blocks_done":1,*' $evacuate
killed '*"begin"*"offline-memory"*' $evacuate
killed '*"begin"*"number":1,*' $evacuate
put_back

status 0 $evacuate
up=$(count_steps daxctl-ext restore "$dax")
status 0 daxctl-ext restore "$dax"
step=1
while [ "$step" -le "$up" ]; do
	status 0 $evacuate
	killed "*\"begin\"*\"number\":$step,*" daxctl-ext restore "$dax"
	if [ $got != 0 ]; then
		[ $((step % 2)) != 0 ] || finished # changed our mind: down again
		status 0 daxctl-ext restore --all
	fi
	is "  everything is as it was" "$(machine)" "$before"
	step=$((step + 1))
done

# --- restore is stopped between its steps, too; a boot in between ---

status 0 $evacuate
check "restore is interrupted" meanwhile '*"begin"*"bind-dax"*' 'kill -INT $pid' daxctl-ext restore "$dax"
is "exit status" $got 4
check "it says how to go on" grep -q "^$dax is left half-way; go on: the same command again" /run/err
is "nothing is online" "$(blocks_state "$region")" "offline offline"
is "the knobs are what they were" "$(knobs)" "$knobs"
put_back
killed '*"begin"*"offline-memory"*' $evacuate
sed -i 's/"boot": "[^"]*"/"boot": "of another kernel"/' "$JOURNALS/$journal"
echo online >$MEMORY/auto_online_blocks # as a boot would have it
echo true >$DEMOTION
status 3 $evacuate
check "after a boot it is not gone on with" grep -q "booted since the evacuation of $dax began" /run/err
check "it says what can be done" grep -q "^hint: daxctl-ext restore $dax, or with --forget" /run/err
put_back

is "the data is what it was" "$(hold_sha)" "$sha"
hold_stop
echo false >$DEMOTION
