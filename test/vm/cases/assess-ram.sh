# SPDX-License-Identifier: GPL-2.0-or-later
#
# assess: System RAM, by what lies on it and by what the host does with memory; each finding comes and goes.
#
# timeout: 240

. /guest/assess.sh
port=0000:0c:00.0

# A finding that leaves the verdict as it is, as `finds` has it; and when it is gone.
warned() {
	assessed $port recoverable
	finds "$@"
}
gone() {
	assessed $port recoverable
	finds_no "$@"
}

echo offline >$MEMORY/auto_online_blocks
assessed $port recoverable
finds unused-memory note 'mem[0-9]' '256 MiB of mem.* is in no region'
finds isolation-absent note $port 'can not isolate'
finds_no ram-online auto-online devdax-contents not-privileged nothing-below
assessed 0000:de:01.0 fix-first
finds nothing-below blocks 0000:de:01.0 'no device below'

region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
dax=$(dax_of "$region")
node=$(node_of "$region")
gone ram-online unused-memory devdax-contents
check "the memory is online" region_online "$region" movable
warned ram-online note "$dax" "256 MiB of $dax is online as System RAM"
finds_no zone-normal pages-mlocked hugetlb-pages demotion-on no-room room-by-swap pages-pinned swap-on zswap-on udev-rule \
	memmap-on-memory # Linux was not told to, whatever the device's attribute says
assessed $port reboot --situation isolated
finds ram-online reboot "$dax" 'machine check'
assessed $port recoverable --situation planned

hold_start "$node" 4 --mlock
warned pages-mlocked note "node$node" '4 MiB of .* is mlocked'
hold_stop
sleep 0.2
gone pages-mlocked

pool=/sys/devices/system/node/node$node/hugepages/hugepages-2048kB/nr_hugepages
echo 3 >$pool
huge "$node" 1 >/run/huge 3>&- 4>&- &
wait_for 10 grep -q uses /run/huge
warned hugetlb-pages warns "node$node" '3 huge pages of 2 MiB are in the pool of .*, 1 of them in use'
kill $!
wait $! 2>/dev/null
echo 0 >$pool
gone hugetlb-pages

echo true >/sys/kernel/mm/numa/demotion_enabled
warned demotion-on note kernel 'demotes pages'
echo false >/sys/kernel/mm/numa/demotion_enabled
gone demotion-on

echo online >$MEMORY/auto_online_blocks
warned auto-online note kernel 'auto_online_blocks is online'
echo offline >$MEMORY/auto_online_blocks
gone auto-online

mkdir -p /etc/udev/rules.d
echo 'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online"' >/etc/udev/rules.d/80-memory.rules
warned udev-rule warns 80-memory.rules '/etc/udev/rules.d/80-memory.rules changes memory blocks by itself'
rm -r /etc/udev
gone udev-rule

# No room, without filling any: the kernel has to keep more free than there is. What it can not reclaim is no room.
hold_start "$node" 4
dd if=/dev/zero of=/tmp/file bs=1M count=48 2>/dev/null
gone no-room
cp /proc/sys/vm/min_free_kbytes /proc/sys/vm/watermark_scale_factor /run
high() { awk '/^Node 0/ { mine = 1 } /^Node [1-9]/ { mine = 0 } mine && $1 == "high" { sum += $2 } END { print sum * 4 }' /proc/zoneinfo; }
free_kib() { awk '/MemFree/ { print $4 }' /sys/devices/system/node/node0/meminfo; }
echo 3000 >/proc/sys/vm/watermark_scale_factor
echo $(($(cat /run/min_free_kbytes) + $(free_kib) + 24576 - $(high))) >/proc/sys/vm/min_free_kbytes
echo "free $(free_kib) KiB, high watermark $(high) KiB"
assessed $port fix-first
finds no-room blocks $port 'has to move, and other nodes have room for'
cat /run/min_free_kbytes >/proc/sys/vm/min_free_kbytes
cat /run/watermark_scale_factor >/proc/sys/vm/watermark_scale_factor
rm /tmp/file
gone no-room
hold_stop

check "the memory is online in zone Normal" region_online "$region" kernel
assessed $port fix-first
finds zone-normal blocks "$dax" "memory[0-9]*-[0-9]* of $dax is online in a kernel zone"
finds_no pages-pinned
pin "$node" 1 >/run/pin 2>&1 3>&- 4>&- &
pin=$!
wait_for 20 grep -q . /run/pin
cat /run/pin
seen() { cxl-iso assess $port --json | grep -q '1 MiB of .* is pinned'; }
wait_for 5 seen # each processor counts by itself, and adds to the node's count within some seconds
assessed $port fix-first
finds pages-pinned warns "node$node" '1 MiB of .* is pinned'
kill $pin
wait $pin 2>/dev/null
unseen() { ! cxl-iso assess $port --json | grep -q '"pages-pinned"'; }
wait_for 10 unseen # likewise
assessed $port fix-first
finds_no pages-pinned
assessed $port reboot --situation isolated
finds_no zone-normal

status 5 cxl-iso assess --situation isolated
status 3 cxl-iso assess
status 0 cxl-iso assess 0000:de:00.0 0000:0c:01.0
status 2 cxl-iso assess 0000:aa:00.0
status 2 cxl-iso assess $port --situation sunny
