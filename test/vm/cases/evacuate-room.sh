# SPDX-License-Identifier: GPL-2.0-or-later
#
# Too little room elsewhere: evacuating is refused before anything moves. With room again, it works.

. /guest/evacuate.sh

echo online >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
check "the memory is online" region_online "$region" movable
node=$(node_of "$region")
check "a process holds data there" hold_start "$node" 4
sha=$(hold_sha)
dax=$(dax_of "$region")

# Without filling any: the kernel has to keep more free than there is. What it can not reclaim is no room.
cp /proc/sys/vm/min_free_kbytes /proc/sys/vm/watermark_scale_factor /run
high() { awk '/^Node 0/ { mine = 1 } /^Node [1-9]/ { mine = 0 } mine && $1 == "high" { sum += $2 } END { print sum * 4 }' /proc/zoneinfo; }
free_kib() { awk '/MemFree/ { print $4 }' /sys/devices/system/node/node0/meminfo; }
dd if=/dev/zero of=/tmp/file bs=1M count=48 2>/dev/null
echo 3000 >/proc/sys/vm/watermark_scale_factor
echo $(($(cat /run/min_free_kbytes) + $(free_kib) + 24576 - $(high))) >/proc/sys/vm/min_free_kbytes
echo "free $(free_kib) KiB, high watermark $(high) KiB"
before=$(machine)

for object in 0000:0c:00.0 "$region" "$dax" "node$node"; do
	status 3 daxctl-ext evacuate "$object"
	check "refused by name, with both figures" \
		grep -q "^daxctl-ext: no-room: 4 MiB has to move, and other nodes have room for 0 B" /run/err
	check "and with what to do" grep -q '^hint: stop or shrink what uses memory' /run/err
	is "nothing was touched" "$(machine)" "$before"
done
status 3 daxctl-ext evacuate "$dax" --json
check "the same in JSON" is_json /run/out
check "by name" grep -q '"no-room: ' /run/out
status 3 daxctl-ext evacuate "$dax" --dry-run
status 3 cxl-iso recover 0000:0c:00.0 --yes
is "all of it is where it was" "$(hold_nodes)" "node$node=1024 absent=0"
is "nothing was touched" "$(machine)" "$before"

cat /run/min_free_kbytes >/proc/sys/vm/min_free_kbytes
cat /run/watermark_scale_factor >/proc/sys/vm/watermark_scale_factor
rm /tmp/file
status 0 daxctl-ext evacuate "$dax"
status 0 daxctl-ext restore "$dax"
is "with room again, there and back" "$(machine)" "$before"
is "the data is what it was" "$(hold_sha)" "$sha"
hold_stop
