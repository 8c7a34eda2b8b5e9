# SPDX-License-Identifier: GPL-2.0-or-later
#
# evacuate and restore with what works against them: demotion and onlining by itself are off meanwhile only.
#
# qemu: fast

DEMOTION=/sys/kernel/mm/numa/demotion_enabled
echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000) && region_online "$region" movable ||
	not_ok "a region of movable System RAM"
dax=$(dax_of "$region")
hold_start "$(node_of "$region")" 64 || not_ok "a process with data on the node"
sha=$(hold_sha)
echo 1 >$DEMOTION
echo online_movable >$MEMORY/auto_online_blocks

# watch COMMAND...: what the two are while it runs, each state once, in /run/seen
watch() {
	: >/run/seen.all
	while :; do
		echo "$(cat $DEMOTION) $(cat $MEMORY/auto_online_blocks)" >>/run/seen.all
	done 3>&- 4>&- &
	watcher=$!
	"$@"
	kill $watcher
	sort -u /run/seen.all >/run/seen
}

watch status 0 daxctl-ext evacuate "$dax" --progress=none
check "both were off meanwhile" grep -qx 'false offline' /run/seen
is "demotion is on again" "$(cat $DEMOTION)" true
is "memory goes online by itself again" "$(cat $MEMORY/auto_online_blocks)" online_movable
is "the memory is gone" "$(mem_blocks_of "$region")" ""
is "the data is what it was" "$(hold_sha)" "$sha"

watch status 0 daxctl-ext restore "$dax" --progress=none
check "both were off while it was restored" grep -qx 'false offline' /run/seen
is "demotion is on again afterwards" "$(cat $DEMOTION)" true
is "memory goes online by itself again afterwards" "$(cat $MEMORY/auto_online_blocks)" online_movable
is "the memory is online" "$(block_state "$region")" online

echo 0 >$DEMOTION
status 0 daxctl-ext evacuate "$dax" --progress=none
status 0 daxctl-ext restore "$dax" --progress=none
is "demotion that was off stays off" "$(cat $DEMOTION)" false
is "the data is what it was after all" "$(hold_sha)" "$sha"
hold_stop
region_teardown "$region" || not_ok "tear down"
