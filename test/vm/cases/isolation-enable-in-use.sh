# SPDX-License-Identifier: GPL-2.0-or-later
#
# Isolation is neither armed nor disarmed while a decoder below is committed, and there is no override.

. /guest/isolation.sh
port=0000:0c:00.0
mem_only=0000:de:00.0

isolation_start $mem_only || not_ok "an emulator"
isolation_start $port --control 0x00010000 || not_ok "an emulator"
echo offline >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
dax=$(dax_of "$region")
decoder=$(basename "$CXL/$(endpoint_of "$memdev")"/decoder*.0)
refused 3 "decoder-committed: .*$decoder" disable-isolation $port --force firmware-armed
check "dax is bound" dax_use "$region" device_dax
refused 3 "decoder-committed: .*$decoder" disable-isolation $port --force firmware-armed
status 3 cxl-iso disable-isolation $port --force firmware-armed --json
check "JSON: the dax device" grep -q "$dax is bound as devdax" /run/out
check "JSON: the region" grep -q "$region is enabled" /run/out
sleep 1000 <>"/dev/$dax" 3>&- 4>&- &
user=$!
wait_for 5 grep -q sleep "/proc/$user/comm"
status 3 cxl-iso disable-isolation $port --force firmware-armed --json
check "JSON: its user" grep -q "sleep\[$user\]" /run/out
kill $user
wait $user
sets 0x02010000 enable-isolation $port --err-cor
sets 0x00010000 enable-isolation $port --no-err-cor
isolation_send $port control 0
refused 3 "decoder-committed: .*$decoder" enable-isolation $port
echo "$dax" >"$DAX/devices/$dax/driver/unbind"
refused 3 "decoder-committed: .*$decoder" enable-isolation $port
check "System RAM" dax_use "$region" kmem
check "is online" region_online "$region" movable
status 3 cxl-iso enable-isolation $port --json
check "JSON: that it is online" grep -q '"memory-online"' /run/out
sets 0x00010000 enable-isolation $mem_only
sets 0x00000000 disable-isolation $mem_only
check "the region can be undone" region_teardown "$region"
sets 0x00010000 enable-isolation $port
sets 0x00000000 disable-isolation $port
is "the interrupt was never enabled" "$(isolation_log | grep -c 'written 0x0[4567]')" 0
is "no violation" "$(isolation_violations)" ""
