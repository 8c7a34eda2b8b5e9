# SPDX-License-Identifier: GPL-2.0-or-later
#
# assess: devdax, idle and used by one, by many, by a guest; and reset behind Linux' back.
#
# expect-log: SBR happened

. /guest/assess.sh
port=0000:0c:00.0

echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
dax=$(dax_of "$region")
assessed $port recoverable
finds_no devdax-contents devdax-in-use
check "the region is devdax" dax_use "$region" device_dax
assessed $port recoverable-losing
finds devdax-contents loses-data "$dax" "loses the contents of $dax .256 MiB"
finds_no devdax-in-use ram-online decoder-stale
check "  loses: $dax" grep -A 8 '"loses"' /run/out
assessed $port recoverable-losing --situation isolated

dax-user "/dev/$dax" >/run/users 3>&- 4>&- &
user=$!
wait_for 10 grep -q mapped /run/users
assessed $port fix-first
finds devdax-in-use blocks "$dax" "dax-user\[$user\] maps /dev/$dax and would be killed by SIGBUS"
is "  it alone" "$(findings | grep -c '^devdax-in-use|')" 1
assessed $port fix-first --situation isolated

dax-user --open "/dev/$dax" >>/run/users 3>&- 4>&- &
opens=$!
dax-user "/dev/$dax" "/dev/$dax" >>/run/users 3>&- 4>&- &
more=$!
wait_for 10 sh -c '[ $(wc -l </run/users) = 3 ]'
assessed $port fix-first
finds devdax-in-use blocks "$dax" '; 2 more use it'
kill "$user" "$more"
wait "$user" "$more" 2>/dev/null
assessed $port fix-first
finds devdax-in-use blocks "$dax" "dax-user\[$opens\] holds /dev/$dax"
kill "$opens"
wait "$opens" 2>/dev/null
assessed $port recoverable-losing
finds_no devdax-in-use

mkdir -p /run/bin
cp "$(which dax-user)" /run/bin/qemu-system-x86
/run/bin/qemu-system-x86 -name guest=db1,debug-threads=on \
	-object memory-backend-file,id=m0,mem-path=/dev/"$dax",size=256M,share=on >/run/users 3>&- 4>&- &
guest=$!
wait_for 10 grep -q mapped /run/users
assessed $port fix-first
finds devdax-in-use blocks "$dax" "qemu-system-x86\[$guest\].* maps /dev/$dax"
check "  the guest is in the radius" sh -c "sed '/\"findings\"/,\$d' /run/out | grep -q '\"db1\"'"
kill $guest
wait $guest 2>/dev/null
assessed $port recoverable-losing
finds_no devdax-in-use

check "somebody resets the port without us" port_reset $port
assessed $port recoverable-losing
finds decoder-stale warns "$region" "believes $region committed but 0000:0d:00.0 does not decode"
status 0 cxl-iso recover $port --yes --discard-contents
assessed $port recoverable-losing
finds_no decoder-stale

# However the memory of a region is divided, it can be divided so again.
region=$(regions)
dax=$(dax_of "$region")
dax_region=$(dirname "$(readlink -f "$DAX/devices/$dax")")/dax_region
echo "$dax" >$DAX/drivers/device_dax/unbind
echo $((0x8000000)) >"$DAX/devices/$dax/size"
assessed $port recoverable-losing
echo 1 >"$dax_region/create"
second=$(cat "$dax_region/create")
echo $((0x4000000)) >"$DAX/devices/$second/size"
assessed $port recoverable-losing
finds devdax-contents loses-data "$second" "contents of $second"
echo 0 >"$DAX/devices/$second/size"
echo "$second" >"$dax_region/delete"
echo $((0x10000000)) >"$DAX/devices/$dax/size"
echo "$dax" >$DAX/drivers/device_dax/new_id
assessed $port recoverable-losing

echo "$region" >/sys/bus/cxl/drivers/cxl_region/unbind
assessed $port fix-first
finds region-incomplete blocks "$region" 'is not enabled'
echo "$region" >/sys/bus/cxl/drivers/cxl_region/bind
