# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two dax devices on one region, one as System RAM, one as a character device: one goes, the other is undisturbed.
#
# topology: divided
# qemu: fast

echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x20000000)
blocks() { mem_picture "$region"; }
picture() { dax_layout && blocks; }

echo dax0.0 >$DAX/drivers/kmem/unbind
check "one has the first half" dax_set "$region" dax0.0 0-256
dax_create "$region"
check "the other has the second" dax_set "$region" dax0.1 256-512
echo dax0.0 >$DAX/drivers/kmem/bind
modprobe device_dax
echo dax0.1 >$DAX/drivers/device_dax/new_id
echo dax0.1 >$DAX/drivers/device_dax/remove_id
for block in $(mem_blocks_of "$region"); do echo online_movable >"$MEMORY/$block/state"; done
before=$(picture)
echo "$before"
check "a process holds data on one" hold_start "$(cat $DAX/devices/dax0.0/target_node)" 64
sha=$(hold_sha)
dax-user /dev/dax0.1 >/run/users 3>&- 4>&- &
user=$!
check "another maps the other" wait_for 10 grep -q mapped /run/users

status 0 daxctl-ext evacuate dax0.0
is "its blocks are gone" "$(blocks)" ""
is "it alone is unbound" "$(dax_driver dax0.0) $(dax_driver dax0.1)" " device_dax"
check "who maps the other still does" grep -q /dev/dax0.1 "/proc/$user/maps"
status 0 daxctl-ext restore dax0.0
is "all is as it was" "$(picture)" "$before"
is "the data, too" "$(hold_sha)" "$sha"

status 3 daxctl-ext evacuate "$region" --discard-contents --yes
check "both can not go while one is in use" grep -q 'devdax-in-use: dax-user' /run/err
is "nothing was touched" "$(picture)" "$before"
kill $user
wait $user 2>/dev/null

status 0 daxctl-ext evacuate dax0.1 --discard-contents --yes
is "the character device goes alone" "$(dax_driver dax0.0) $(dax_driver dax0.1)" "kmem "
is "no block is touched" "$(blocks)" "0 online Movable
1 online Movable"
status 0 daxctl-ext restore dax0.1
is "and comes back" "$(picture)" "$before"

status 0 daxctl-ext evacuate "$region" --discard-contents --yes
is "both go" "$(dax_driver dax0.0)$(dax_driver dax0.1)$(blocks)" ""
status 0 daxctl-ext restore "$region"
is "both come back" "$(picture)" "$before"
is "with the data" "$(hold_sha)" "$sha"
hold_stop
check "the region can be undone" region_teardown "$region"
