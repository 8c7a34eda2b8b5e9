# SPDX-License-Identifier: GPL-2.0-or-later
#
# assess: a switch, two regions on a device, an interleave over two host bridges, persistent memory; and swap.
#
# topology: many
# timeout: 240

. /guest/assess.sh
big=0000:0c:00.0
switch=0000:0c:01.0
other=0000:de:00.0
persistent=0000:de:01.0

echo offline >$MEMORY/auto_online_blocks
assessed $switch reboot
finds switch-below reboot 0000:0e:00.0 'is a switch'
finds several-memdevs reboot $switch '2 memory devices'
assessed $big recoverable
finds_no switch-below several-memdevs several-regions interleaved

region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
assessed $big recoverable
finds unused-memory note 'mem[0-9]' '256 MiB of mem.* is in no region'
both=$(region_create_ram decoder0.2 "$(memdev_by_serial 0x1234),$(memdev_by_serial 0x5678)" 0x20000000)
assessed $big fix-first
finds several-regions blocks $big '2 regions'
finds interleaved blocks "$both" "$both interleaves over 2 devices"
finds interleave-spans-ports warns "$both" "with $big, all of its 512 MiB is lost, also what is behind $other"
finds_no unused-memory
assessed $other fix-first
finds interleave-spans-ports warns "$both" "with $other, .* behind $big"
finds_no several-regions
check "  the radius has the other port" grep -A 4 '"other_ports"' /run/out
assessed $persistent recoverable
finds_no interleaved not-volatile pmem-active pmem-contents
status 3 cxl-iso assess $big $other $persistent
status 5 cxl-iso assess
check "the interleaved region can be undone" region_teardown "$both"
assessed $other recoverable
finds_no interleaved interleave-spans-ports

uuid=$(cat /proc/sys/kernel/random/uuid)
pmem=$(region_create_pmem decoder0.1 "$(memdev_by_serial 0x9999)" 0x10000000 "$(cat /proc/sys/kernel/random/uuid)")
assessed $persistent recoverable
finds pmem-contents note "$pmem" '256 MiB. survives a reset'
finds_no not-volatile pmem-place pmem-active devdax-contents
check "it gets a namespace" namespace_create "$pmem" "$uuid" 0x8000000 raw
namespace=$(namespace_by_uuid "$uuid")
disk=$(namespace_device "$uuid")
assessed $persistent recoverable
finds_no pmem-active
assessed $persistent fix-first --situation isolated
finds pmem-active blocks "$namespace" "$namespace is active as $disk:"
finds pmem-contents loses-data "$pmem" 'since the port was isolated'

# A disk at last: swap, on memory of another port.
check "the memory is online" region_online "$region" movable
assessed $big recoverable
finds_no swap-on zswap-on
mkswap "/dev/$disk" >/dev/null
swapon "/dev/$disk"
assessed $big recoverable
finds swap-on note kernel 'of swap is free'
finds_no zswap-on
assessed $persistent fix-first
finds pmem-active blocks "$namespace" "$namespace is active as $disk, and in use"
echo Y >/sys/module/zswap/parameters/enabled
assessed $big recoverable
finds zswap-on note kernel 'zswap'
echo N >/sys/module/zswap/parameters/enabled
swapoff "/dev/$disk"
assessed $big recoverable
finds_no swap-on zswap-on
assessed $persistent recoverable
finds_no pmem-active
check "the persistent region can be undone" region_destroy_pmem "$pmem"
