# SPDX-License-Identifier: GPL-2.0-or-later
#
# assess: the device is unplugged while its memory is online. Linux forgets what it was of; the memory stays.
#
# boot: own
# expect-log: cannot be hotremoved

. /guest/assess.sh
port=0000:0c:00.0
echo offline >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
device=$(basename "$(readlink -f "$CXL/$memdev/..")")
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
check "the memory is online" region_online "$region" movable
assessed 0000:0c:01.0 recoverable

echo 1 >"$PCI/devices/$device/remove"
check "no dax device is left" [ -z "$(ls $DAX/devices)" ]
assessed $port reboot
finds memory-left reboot 'memory[0-9]+' 'its device is gone'
assessed $port reboot --situation isolated
finds memory-left reboot 'memory[0-9]+' 'its device is gone'
status 5 cxl-iso assess --json
check "it is not left out" grep -q '"port": "'$port'"' /run/out
assessed 0000:de:00.0 recoverable # behind the other bridge

# Nothing is on it here, so it can be offlined after all; elsewhere that reads what is gone.
for block in $MEMORY/memory*; do
	case $(cat "$block/valid_zones") in Movable) echo offline >"$block/state" ;; esac
done
assessed $port fix-first
finds nothing-below blocks $port 'no device below'
finds_no memory-left
