# SPDX-License-Identifier: GPL-2.0-or-later
#
# evacuate with pages that somebody holds: it gives up in time, puts everything back, and names who has them.
#
# qemu: fast
# timeout: 240

echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000) && region_online "$region" movable ||
	not_ok "a region of movable System RAM"
node=$(node_of "$region")
dax=$(dax_of "$region")

# Never 0 is "all processes" of kill.
stop() { kill -KILL "$1" && wait "$1"; }
states() { grep -H . $(mem_blocks_of "$region" | sed "s|.*|$MEMORY/&/state $MEMORY/&/valid_zones|"); }
said() { tr '\n' ' ' </run/err | sed 's/  */ /g' | grep -E -q "$1"; }
in_pipe() {
	splice "$node" 64 "$1" >/run/splice 2>&1 3>&- 4>&- &
	splice=$!
	wait_for 20 grep -q pipes /run/splice
}

hold_start "$node" 8 || not_ok "a process with data on the node"
sha=$(hold_sha)
before=$(states)

check "a process puts pages of the node into a pipe" in_pipe anon
status 1 daxctl-ext evacuate "$dax" --timeout 12 --progress=none
cat /run/err
check "the block and its zone are named" said 'memory[0-9]+ \(0x[0-9a-f]+, zone Movable\) can not be offlined'
check "what is in it is named" said '[0-9]+ KiB anonymous'
check "that they are held is said" said 'held by more than mappings: 64 KiB'
check "who has them is named" said "mapped by splice\[$splice\] \([0-9]+ KiB\)"
check "what to do is said" said "end splice\[$splice\] first"
is "all blocks are online in their zone again" "$(states)" "$before"
is "the data is what it was" "$(hold_sha)" "$sha"
check "no journal is left" [ -z "$(ls /var/lib/cxl-iso 2>/dev/null)" ]

status 4 daxctl-ext evacuate "$dax" --timeout 12 --keep-partial --progress=none
is "with --keep-partial the other block stays offline" \
	"$(cat $(mem_blocks_of "$region" | sed "s|.*|$MEMORY/&/state|") | sort | tr '\n' ' ')" "offline online "
stop "$splice"
status 0 daxctl-ext evacuate "$dax" --progress=none
is "when the pipe is gone the same command finishes" "$(mem_blocks_of "$region")" ""
status 0 daxctl-ext restore "$dax" --progress=none
is "and it can be restored" "$(states)" "$before"

check "pages in a pipe that nobody has mapped" in_pipe unmapped
status 1 daxctl-ext evacuate "$dax" --timeout 12 --progress=none
cat /run/err
check "that they are held is said, too" said 'held by more than mappings: 64 KiB'
stop "$splice"

# The first tries fail, then the pages are let go.
check "pages in a pipe for a while" in_pipe anon
(sleep 6 && kill -KILL "$splice") &
status 0 daxctl-ext evacuate "$dax" --progress=none
is "evacuated as soon as they were let go" "$(mem_blocks_of "$region")" ""
is "the data is what it was after all" "$(hold_sha)" "$sha"
hold_stop
status 0 daxctl-ext restore --all --progress=none
region_teardown "$region" || not_ok "tear down"
