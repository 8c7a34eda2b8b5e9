# SPDX-License-Identifier: GPL-2.0-or-later
#
# assess: extents of dynamic capacity that a device has accepted, and offers that wait for an answer
#
# boot: own
# timeout: 180

. /guest/assess.sh
. /guest/extents.sh
port=$(port_of "$(memdev_by_serial 0x9abc)")

assessed "$port" recoverable
finds_no extents-accepted batches-pending

check "no driver" dcd_unbind
check "one extent is offered" offer 0:2
check "and another" offer 8:4
status 0 cxl-iso respond-extents "$DCD" --batch 1 --accept all --yes
assessed "$port" fix-first
finds no-memdev blocks "$DCD" "that Linux does not drive"
finds extents-accepted warns "$DCD" "has accepted 1 extent of dynamic capacity .4 MiB., by tag: untagged"
finds batches-pending warns "$DCD" "1 batch of extents waits for an answer on $DCD, the oldest is 2"
check "the radius has what is accepted" grep -q '"dynamic": 4194304' /run/out
status 0 cxl-iso capture /run/extents.json
status 3 cxl-iso assess "$port" --json --from /run/extents.json
finds extents-accepted warns "$DCD" "4 MiB"

status 0 cxl-iso respond-extents "$DCD" --batch 2 --accept none --yes
status 0 cxl-iso release-extents "$DCD" --extent 0:4M --yes
assessed "$port" fix-first
finds_no extents-accepted batches-pending
echo "$DCD" >$PCI/drivers/cxl_pci/bind
check "the memory device is back" wait_for 10 memdev_is_ready 0x9abc
assessed "$port" recoverable
