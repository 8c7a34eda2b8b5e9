# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso set-timeout while memory below is in use: what would reset the host has to be forced.

. /guest/isolation.sh
full=0000:0c:00.0
other=0000:de:00.0

isolation_start $full || not_ok "an emulator"
isolation_start $other --control 0x00000010 || not_ok "an emulator"

# Memory in use below.
echo offline >"$MEMORY/auto_online_blocks"
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
check "a region is online" region_online "$region" movable
isolation_send $full control 0x00010000
refused 3 'timeout-too-short: .*A1' set-timeout $full --range A1 --enable
check "  with a way out" grep -q '^hint: .*--force=timeout-too-short' /run/err
refused 3 'timeout-too-short: .*default' set-timeout $full --enable
sets 0x00010001 set-timeout $full --range A1
refused 3 'timeout-too-short: ' set-timeout $full --enable
sets 0x00010011 set-timeout $full --enable --force=timeout-too-short
sets 0x00010012 set-timeout $full --range A2
refused 3 'timeout-too-short: ' set-timeout $full --range default
sets 0x00010010 set-timeout $full --range default --force timeout-too-short
sets 0x00010000 set-timeout $full --disable
isolation_send $full control 0
refused 3 'timeout-without-isolation: ' set-timeout $full --range B2 --enable
check "  with a way out" grep -q '^hint: .*--force=timeout-without-isolation' /run/err
refused 3 'timeout-without-isolation: ' set-timeout $full --range B2 --enable --force timeout-too-short
sets 0x00000006 set-timeout $full --range B2
sets 0x00000016 set-timeout $full --enable --force=timeout-without-isolation
sets 0x0000001a set-timeout $full --range C2
sets 0x0000000a set-timeout $full --disable
refused 3 '' set-timeout $full --range A1 --enable
refused 3 '' set-timeout $full --range A1 --enable --force timeout-without-isolation
sets 0x00000011 set-timeout $full --range A1 --enable --force timeout-without-isolation --force timeout-too-short
isolation_send $full control 0x00010000
sets 0x0001001a set-timeout $full --range C2 --enable
status 0 cxl-iso set-timeout $other --enable
check "below another port nothing is in use" grep -q 'was so already' /run/out
is "the memory is still online" "$(block_state "$region")" online
check "the region can be undone" region_teardown "$region"
sets 0x00010011 set-timeout $full --range A1
is "the log has the exact values" "$(isolation_log $full | grep ' written ' | tail -n 1 | sed 's/.*control: //')" \
	"old 0x0001001a written 0x00010011 new 0x00010011"
is "no violation" "$(isolation_violations)" ""
