# SPDX-License-Identifier: GPL-2.0-or-later
#
# What assess predicts, recover does: two regions behind one host bridge, the lower one below the higher.
#
# topology: two-on-port-window

. /guest/assess.sh
echo offline >$MEMORY/auto_online_blocks
low=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
outcome 0000:0c:00.0 recoverable
low=$(regions)
high=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x5678)" 0x10000000)
check "the lower memory is online" region_online "$low" movable
check "the higher memory is online" region_online "$high" movable
outcome 0000:0c:00.0 fix-first
assessed 0000:0c:00.0 fix-first
finds address-order blocks "$high" "$high lies above $low"
assessed 0000:0c:01.0 recoverable
finds_no address-order
outcome 0000:0c:01.0 recoverable
check "the lower region is undone: a hole" region_teardown "$low"
outcome 0000:0c:01.0 recoverable
