# SPDX-License-Identifier: GPL-2.0-or-later
#
# Persistent memory: namespaces of every mode are flushed, disabled and enabled again, with the same UUIDs and data.
#
# topology: pmem

. /guest/pmem.sh
pmem_make
before=$(pmem_picture)
sha=$(pmem_shas)

# --- in use ---

disk=/dev/$(namespace_device ${n}2)
mke2fs "$disk" >/dev/null
mkdir -p /run/mnt
mount -t ext4 "$disk" /run/mnt
cp /run/data1 /run/mnt/file
status 3 daxctl-ext evacuate "$region"
check "it is mounted" grep -q "pmem-active: $(namespace_by_uuid ${n}2) is active as ${disk#/dev/}, and in use" /run/err
is "nothing was touched" "$(pmem_picture)" "$before"
umount /run/mnt

# Mounted where our mountinfo does not show it: the claim of the disk does.
unshare -m sh -c "mount -t ext4 $disk /run/mnt && touch /run/hidden && exec sleep 1000" 3>&- 4>&- &
hidden=$!
wait_for 10 [ -e /run/hidden ]
status 1 daxctl-ext evacuate "$region"
check "another mount namespace has it" grep -q "${disk#/dev/} is mounted, is swap, or another device is on it" /run/err
is "what was disabled before is enabled again" "$(pmem_picture)" "$before"
kill $hidden
wait $hidden 2>/dev/null

exec 9<"/dev/$(namespace_device ${n}1)"
status 3 daxctl-ext evacuate "$region"
check "a process has it open" grep -q "pmem-active: $(namespace_by_uuid ${n}1) " /run/err
exec 9<&-

dax-user "/dev/$(namespace_device ${n}4)" >/run/user.out 2>&1 &
user=$!
wait_for 10 [ -s /run/user.out ]
status 3 daxctl-ext evacuate "$region"
check "a process has the dax device mapped" grep -q "devdax-in-use: dax-user\[$user\] maps " /run/err
kill $user
wait $user 2>/dev/null
is "nothing was touched by all that" "$(pmem_picture)" "$before"

# --- out and in again ---

sha=$(pmem_shas)
pmem_store /run/data3 ${n}1 # it is in the page cache only
status 0 daxctl-ext evacuate "$region"
cat /run/out /run/err
is "no disk is left, and no dax device" "$(ls /dev | grep -E '^(pmem|dax)')" ""
is "nor a driver" "$(ls -d "$ND/devices/$region"/*/driver 2>/dev/null)" ""
status 0 daxctl-ext evacuate "$region"
check "twice is as good as once" grep -q already /run/out
status 0 daxctl-ext restore "$region"
cat /run/out /run/err
is "all are back as they were" "$(pmem_picture)" "$before"
is "with their data, and what was not written yet" "$(pmem_shas)" \
	"$(sha256sum /run/data3 | cut -d ' ' -f 1; echo "$sha" | tail -n +2)"
mount -t ext4 "/dev/$(namespace_device ${n}2)" /run/mnt
check "and the file system" cmp /run/data1 /run/mnt/file
umount /run/mnt
check "the region can be undone" region_destroy_pmem "$region"
