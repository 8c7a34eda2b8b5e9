# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso clear-isolation while memory below is in use: only the timeout bits, whatever is forced.

. /guest/isolation.sh
port=0000:0c:00.0

isolation_start $port --control 0x00010016 || not_ok "an emulator"

# Whoever still uses the memory would go on with lost writes.
echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
isolation_send status 0x00000101
refused 3 'decoder-committed: ' clear-isolation $port
check "a region is online" region_online "$region" movable
refused 3 'decoder-committed: ' clear-isolation $port
status 3 cxl-iso clear-isolation $port --json
check "JSON: online memory" grep -q '"memory-online"' /run/out
status 2 cxl-iso clear-isolation $port --force=memory-online
clears 0x00000001 0x00000100 $port --timeout-only
isolation_send status 0x00000001
clears 0x00000001 0x00000000 $port
isolation_send status 0x00001010
refused 3 'decoder-committed: ' clear-isolation $port
check "the region can be undone" region_teardown "$region"
clears 0x00001010 0x00000000 $port
is "no violation" "$(isolation_violations)" ""
