# SPDX-License-Identifier: GPL-2.0-or-later
#
# A region used as a character device: refused while somebody uses it or its contents may matter.
#
# expect-log: SBR happened

echo offline >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
dax=$(dax_of "$region")
check "the region is devdax" dax_use "$region" device_dax
address=$(cat "$CXL/$region/resource")

status 3 cxl-iso recover 0000:0c:00.0 --yes
check "its contents would be lost: that has to be said" grep -q '^cxl-iso: devdax-contents:' /run/err
check "and the hint says how" grep -q -- --discard-contents /run/err

sleep 1000 <>"/dev/$dax" 3>&- 4>&- &
user=$!
wait_for 5 grep -q sleep "/proc/$user/comm"
status 0 daxctl-ext list-users "$dax"
check "its user is shown" grep -Eq "^$dax +$user .* sleep .* open" /run/out
status 3 cxl-iso recover 0000:0c:00.0 --yes --discard-contents
check "nothing is pulled from under a user" grep -q "^cxl-iso: devdax-in-use: sleep\[$user\]" /run/err
kill "$user"
wait "$user" 2>/dev/null

status 0 cxl-iso recover 0000:0c:00.0 --yes --discard-contents
region=$(regions)
is "the region is back at its address" "$(cat "$CXL/$region/resource")" "$address"
is "as devdax" "$(dax_driver "$(dax_of "$region")")" device_dax
check "with its character device" [ -c "/dev/$(dax_of "$region")" ]
is "no memory went online" "$(mem_blocks_of "$region")" ""

check "somebody resets the port without us" port_reset 0000:0c:00.0
is "Linux does not notice" "$(cat "$CXL/$region/commit")" 1
status 0 cxl-iso recover 0000:0c:00.0 --yes --discard-contents
region=$(regions)
is "the region is back once more" "$(cat "$CXL/$region/resource")" "$address"
check "and the device decodes it" sh -c 'hdmcheck | grep -q "^0000:0d:00.0: decoder 0 .* committed 1"'
check "the region can be undone" region_teardown "$region"
