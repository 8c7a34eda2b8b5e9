# SPDX-License-Identifier: GPL-2.0-or-later
#
# What assess predicts, recover does: pages that are held in pipes, in anonymous and in shared memory.
#
# timeout: 240

. /guest/assess.sh
port=0000:0c:00.0

echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
check "the memory is online" region_online "$region" movable
node=$(node_of "$region")
dax=$(dax_of "$region")
assessed $port recoverable
finds_no pages-held

for kind in anon shmem; do
	splice "$node" 64 $kind >/run/splice 3>&- 4>&- &
	splice=$!
	wait_for 20 test -s /run/splice
	cat /run/splice
	assessed $port fix-first
	finds pages-held blocks "$dax" "64 KiB of $dax .first in memory[0-9]*. is held"
	status 3 cxl-iso recover $port --yes --timeout 5
	check "  refused" grep -q '^cxl-iso: pages-held: ' /run/err
	status 1 cxl-iso recover $port --yes --timeout 5 --force=pages-held
	check "  and not without a reason" grep -q 'can not be offlined' /run/err
	is "  all is as it was" "$(block_state "$region")" online
	kill $splice
	wait $splice 2>/dev/null
	assessed $port recoverable
	finds_no pages-held
done
outcome $port recoverable
