# SPDX-License-Identifier: GPL-2.0-or-later
#
# Evacuating twice, several objects at once, half of it, to a character device, and recovering the port in between.
#
# qemu: fast
# timeout: 400

. /guest/evacuate.sh

port=0000:0c:00.0
other=0000:de:00.0
echo online >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
region2=$(region_create_ram decoder0.1 "$(memdev_by_serial 0x5678)" 0x10000000)
check "the memory of one port is online" region_online "$region" movable
check "and of another" region_online "$region2" movable
dax=$(dax_of "$region")
dax2=$(dax_of "$region2")
node=$(node_of "$region")
check "a process holds data there" hold_start "$node" 4
sha=$(hold_sha)
before=$(machine)

# --- words ---

for word in dax9.9 "${dax}x" node77 node0 0000:0c:01.0 mem0x ''; do
	status 2 daxctl-ext evacuate "$word"
	status 2 daxctl-ext evacuate "$dax" "$word"
done
status 2 daxctl-ext evacuate
check "it says what was expected" grep -q 'expected OBJECT' /run/err
status 2 daxctl-ext restore
check "it says what was expected" grep -q 'expected OBJECT' /run/err
status 2 daxctl-ext restore "$dax" --all
status 2 daxctl-ext restore "$dax"
check "nothing was evacuated" grep -q "nothing of $dax was evacuated" /run/err
status 2 daxctl-ext restore dax9.9 --json
check "as JSON" is_json /run/out
status 0 daxctl-ext restore --all
check "all of nothing is said to be that" grep -qE 'nothing (is|was) evacuated' /run/out /run/err
is "nothing was touched" "$(machine)" "$before"

# --- dry run, JSON ---

status 0 daxctl-ext evacuate "$dax" --dry-run
check "it shows the way down" grep -q "offline 2 memory blocks (256 MiB) of $dax" /run/out
check "and the way back" grep -q "online 2 memory blocks (256 MiB) of $dax in the zone of before" /run/out
status 0 daxctl-ext evacuate "$dax" --dry-run --json
check "as JSON" is_json /run/out
is "a dry run changes nothing" "$(machine)" "$before"
is "all of it is where it was" "$(hold_nodes)" "node$node=1024 absent=0"
status 0 daxctl-ext evacuate "$dax" --json --progress=json
check "the result is JSON" is_json /run/out
check "and says so" grep -q '"outcome": "done"' /run/out
check "so is the progress" [ -z "$(grep -v -e '^{' -e '^warning: ' /run/err)" ]
down=$(machine)
check "the memory is down" is_down "$region"
is "the other is not" "$(blocks_state "$region2")" "online online"

# --- once more ---

for object in "$dax" "$region" $port "$memdev" "node$node"; do
	status 0 daxctl-ext evacuate "$object"
	check "  it says that it was" grep -q "^$object is evacuated already" /run/out
done
status 0 daxctl-ext evacuate "$dax" --json
check "as JSON" is_json /run/out
status 3 daxctl-ext evacuate "$dax" --to-devdax
check "something else was asked for" grep -q "hint: daxctl-ext restore $dax first" /run/err
is "nothing was touched" "$(machine)" "$down"
status 0 cxl-iso list-recoveries
check "it is listed as what it is" grep -qE "^$dax +evacuate +evacuated " /run/out
status 0 cxl-iso list-recoveries --json
check "as JSON" is_json /run/out
status 0 cxl-iso assess $other
status 0 daxctl-ext restore "$dax" --dry-run
check "it shows the steps" grep -q "online 2 memory blocks" /run/out
status 0 daxctl-ext restore --all --dry-run --json
check "as JSON" is_json /run/out
is "a dry run changes nothing" "$(machine)" "$down"
status 0 daxctl-ext restore $port --json
check "the result is JSON" is_json /run/out
is "everything is as it was" "$(machine)" "$before"
is "the data is what it was" "$(hold_sha)" "$sha"

# --- several ---

status 0 daxctl-ext evacuate $port $other
check "both are down" is_down "$region"
check "both are down" is_down "$region2"
down=$(machine)
status 0 daxctl-ext evacuate "$dax2" "$dax"
status 0 daxctl-ext evacuate "$dax"
for object in "$dax" $other; do
	status 3 daxctl-ext restore "$object"
	check "refused: they belong together" grep -q "was evacuated together with others: $dax,$dax2" /run/err
	check "it says what to do" grep -q '^hint: name all of them' /run/err
done
status 3 daxctl-ext restore "$dax" --json
check "as JSON" is_json /run/out
status 3 daxctl-ext restore "$dax" --forget
is "nothing was touched" "$(machine)" "$down"
status 0 daxctl-ext restore --all
is "everything is as it was" "$(machine)" "$before"

status 0 daxctl-ext evacuate $port
status 0 daxctl-ext evacuate $other $port
check "the first is left out" is_down "$region2"
is "there are two to restore" "$(journals | wc -l)" 2
status 0 daxctl-ext restore "$dax"
is "one alone" "$(blocks_state "$region")" "online online"
check "the other stays" is_down "$region2"
status 2 daxctl-ext restore "$dax" "$dax2"
check "who names one that is not evacuated is told" grep -q "nothing of $dax was evacuated" /run/err
status 0 daxctl-ext evacuate "$dax"
status 0 daxctl-ext restore "$dax2" "$dax"
is "everything is as it was" "$(machine)" "$before"

# --- half of it ---

# pinned_in head|tail: pages that do not move are in the first or the last block, nothing in the other
pinned_in() {
	local block
	region_offline "$region"
	block=$(mem_blocks_of "$region" | "$1" -n 1)
	echo online_movable >"$MEMORY/$block/state" && splice_start "$node" 256 || return
	for block in $(mem_blocks_of "$region"); do
		[ "$(cat "$MEMORY/$block/state")" = online ] || echo online_movable >"$MEMORY/$block/state"
	done
}
for end in head tail; do
	check "pages that do not move, $end" pinned_in $end
	status 1 daxctl-ext evacuate "$dax" --timeout 3
	is "everything is as it was" "$(machine)" "$before"
	status 4 daxctl-ext evacuate "$dax" --timeout 3 --keep-partial
	check "it says how to go on" grep -q 'go on: the same command again; back: daxctl-ext restore --all' /run/err
	half="online offline"
	[ $end = head ] || half="offline online"
	is "what could be taken is offline" "$(blocks_state "$region")" "$half"
	is "the knobs are what they were" "$(knobs)" "$(echo "$before" | tail -n 2)"
	status 4 daxctl-ext evacuate "$dax" --timeout 2 --keep-partial --json
	check "as JSON" is_json /run/out
	check "the time limit is that of the last time" grep -q '"offline_ms": 2000' "$JOURNALS/evacuate-$dax.json"
	status 0 daxctl-ext restore "$dax"
	is "everything is as it was" "$(machine)" "$before"
	status 4 daxctl-ext evacuate "$dax" --timeout 3 --keep-partial
	splice_stop
	status 0 daxctl-ext evacuate "$dax"
	check "and now all of it" is_down "$region"
	status 0 daxctl-ext restore "$dax"
	is "everything is as it was" "$(machine)" "$before"
done

# --- recovered in between ---

hold_stop
check "a process holds data there" hold_start "$node" 4
sha=$(hold_sha)
status 0 daxctl-ext evacuate $port
status 0 cxl-iso recover $port --yes
check "the region came back, and nothing on it" is_down "$(regions | tail -n 1)"
is "the evacuation is still there to be restored" "$(journals)" "evacuate-$dax.json"
status 0 daxctl-ext evacuate $port
check "evacuated it is" grep -q 'is evacuated already' /run/out
status 0 daxctl-ext restore $port
is "everything is as it was" "$(machine)" "$before"
check "the device's registers decode it" hdmcheck --online-check
is "the data is what it was" "$(hold_sha)" "$sha"

# --- to a character device ---

status 0 daxctl-ext evacuate "$dax" --to-devdax
is "it is one" "$(dax_driver "$dax")" device_dax
check "which can be used" [ -c "/dev/$dax" ]
status 0 daxctl-ext evacuate "$dax" --to-devdax
check "it is already" grep -q "^$dax is evacuated already" /run/out
status 3 daxctl-ext evacuate "$dax" --discard-contents --yes
check "something else was asked for" grep -q "hint: daxctl-ext restore $dax first" /run/err
status 3 cxl-iso recover $port --yes
check "what was written since may matter" grep -q '^cxl-iso: devdax-contents' /run/err
status 0 daxctl-ext restore "$dax"
is "everything is as it was" "$(machine)" "$before"

# --- others change something meanwhile ---

status 0 daxctl-ext evacuate "$dax"
echo "$dax" >"$DAX/drivers/kmem/bind"
is "somebody onlines it, in another zone" "$(cat "$MEMORY/$(mem_blocks_of "$region" | head -n 1)/valid_zones")" Normal
status 3 daxctl-ext evacuate "$dax"
check "it has to be restored first" grep -q "^hint: daxctl-ext restore $dax first" /run/err
status 4 daxctl-ext restore "$dax"
check "which says what is wrong" grep -q 'memory[0-9]* is online in zone Normal, it was in Movable' /run/err
check "and what to do" grep -q 'take it offline, and go on' /run/err
region_offline "$region"
status 0 daxctl-ext restore "$dax"
is "everything is as it was" "$(machine)" "$before"

status 0 daxctl-ext evacuate "$dax"
check "somebody deletes the region" region_teardown "$region"
status 4 daxctl-ext restore "$dax"
check "which says what is wrong" grep -qE 'no dax device (came up|on the region) at 0x' /run/err
check "and what to do" grep -qE '^hint: build (it|both) again as (it was|they were), and go on' /run/err
is "the knobs are what they were" "$(knobs)" "$(echo "$before" | tail -n 2)"
check "and makes it anew" [ "$(region_create_ram decoder0.0 "$memdev" 0x10000000)" = "$region" ]
status 0 daxctl-ext restore --all
is "everything is as it was" "$(machine)" "$before"

# The journal does not fit: nothing is begun without.
mount -t tmpfs -o size=4k tmpfs $JOURNALS
status 1 daxctl-ext evacuate "$dax"
check "which says what is wrong" grep -q "cannot write $JOURNALS/.*: No space left on device" /run/err
is "everything is as it was" "$(machine)" "$before"
umount $JOURNALS

# --- given up ---

status 0 daxctl-ext evacuate "$dax"
status 0 daxctl-ext restore "$dax" --forget
is "it is forgotten" "$(journals)" ""
check "and still down" is_down "$region"
status 2 daxctl-ext restore "$dax"
status 0 daxctl-ext evacuate "$dax"
check "nothing was to be done" grep -q 'is evacuated already' /run/out
is "so nothing is to be restored" "$(journals)" ""
hold_stop
