# SPDX-License-Identifier: GPL-2.0-or-later
#
# Pages that something holds: assess and recover foresee that memory would not go offline, and it does not.
#
# qemu: fast
# timeout: 300

port=0000:0c:00.0
echo offline >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
check "the memory is online in zone Movable" region_online "$region" movable
node=$(node_of "$region")

# found: what the finding says, or nothing
found() { cxl-iso assess $port -j | sed -n '/"id": "pages-held"/,/}/ s/.*"evidence": "\(.*\)",*$/\1/p'; }

# splice_start KIB KIND: process $splice has put pages of the node into pipes
splice_start() {
	splice "$node" "$1" "$2" >/run/splice 2>&1 3>&- 4>&- &
	splice=$!
	wait_for 30 grep -q "^$1 KiB" /run/splice || { cat /run/splice && return 1; }
}
splice_stop() {
	kill "$splice"
	wait "$splice" 2>/dev/null
}

is "nothing is held on memory that nobody uses" "$(found)" ''
check "a process has data on it" hold_start "$node" 4
is "what is only used is not held" "$(found)" ''
busy "$node" >/run/busy 2>&1 3>&- 4>&- &
busy=$!
for _ in 1 2 3; do
	sleep 1
	is "nor what many processes use in many ways" "$(found)" ''
done
check "they all did so till now" [ ! -s /run/busy ]
check "pages are put into pipes meanwhile" splice_start 256 anon
check "these are found, and no others" [ "$(found | cut -d ' ' -f 1-2)" = "256 KiB" ]
splice_stop
kill $busy
wait $busy 2>/dev/null
sha=$(hold_sha)

for kind in anon unmapped shmem huge; do
	size=4096
	check "$kind pages are put into pipes" splice_start $size $kind
	check "all of them are found" [ "$(found | cut -d ' ' -f 1-2)" = "4 MiB" ]
	check "and where" [ "$(found | grep -c "first in $(mem_blocks_of "$region" | head -n 1))")" = 1 ]
	status 3 cxl-iso recover $port --yes
	check "refused by name" grep -q '^cxl-iso: pages-held: 4 MiB of dax' /run/err
	status 1 cxl-iso recover $port --yes --force=pages-held --timeout 2
	check "it was right" grep -q 'its pages did not move away in time' /run/err
	is "everything is as it was" "$(block_state "$region")" online
	splice_stop
done

is "once they are let go, nothing is held" "$(found)" ''
status 0 cxl-iso recover $port --yes
is "the process has its data" "$(hold_sha)" "$sha"
hold_stop
region=$(regions)
check "the region can be undone" region_teardown "$region"
