# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memory of every kind is on the node, all at once: evacuated, restored, and recovered, with everybody's data.
#
# timeout: 400

. /guest/evacuate.sh

port=0000:0c:00.0
echo online >$MEMORY/auto_online_blocks
echo true >$DEMOTION
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
check "the memory is online" region_online "$region" movable
node=$(node_of "$region")
pool=/sys/devices/system/node/node$node/hugepages/hugepages-2048kB/nr_hugepages
echo 3 >$pool
mkdir -p /mnt/tmpfs /mnt/disk
mount -t tmpfs tmpfs /mnt/tmpfs
dd if=/dev/zero of=/tmp/disk bs=1M count=8 2>/dev/null
modprobe -a loop ext4
loop=$(losetup -f)
losetup "$loop" /tmp/disk
mke2fs "$loop" >/dev/null
check "a file system is mounted" mount -t ext4 "$loop" /mnt/disk

kinds="anon mlock shmem sysv thp huge tmpfs cache"
hold_kind() { # KIND
	hold_switch "$1"
	case $1 in
	anon) set -- "$1" ;;
	tmpfs) set -- "$1" --file /mnt/tmpfs/file ;;
	cache) set -- "$1" --file /mnt/disk/file ;;
	*) set -- "$1" "--$1" ;;
	esac
	shift
	hold_start "$node" 2 "$@"
}
hold_all() {
	local kind
	for kind in $kinds; do
		check "a process holds $kind memory there" hold_kind "$kind"
		hold_sha >"/run/sha-$kind"
	done
	hold_switch thp
	check "a transparent huge page is one" grep -qE '^AnonHugePages: +2048 kB' "/proc/$hold/smaps"
	hold_switch huge
	check "a huge page is one" grep -qE '^Private_Hugetlb: +2048 kB' "/proc/$hold/smaps"
}
data_is_whole() { # WHEN
	local kind
	for kind in $kinds; do
		hold_switch "$kind"
		is "$kind data $1" "$(hold_sha)" "$(cat "/run/sha-$kind")"
	done
}

hold_all
before=$(machine)
knobs=$(knobs)
status 0 daxctl-ext evacuate $port
check "the memory is down" is_down "$region"
is "the knobs are what they were" "$(knobs)" "$knobs"
for kind in $kinds; do
	hold_switch "$kind"
	check "no $kind page is left behind" [ "$(hold_nodes)" = "node0=512 absent=0" ]
done
data_is_whole "after evacuate"
hold_switch cache
status 0 sync
check "the file on the disk is that" \
	[ "$(dd if=/mnt/disk/file iflag=direct bs=1M 2>/dev/null | sha256sum | cut -d ' ' -f 1)" = "$(cat /run/sha-cache)" ]

status 0 daxctl-ext restore --all
is "everything is as it was before" "$(machine)" "$before"
data_is_whole "after restore"
hold_stop
rm /mnt/disk/file /mnt/tmpfs/file

hold_all
status 0 cxl-iso recover $port --yes
is "everything is as it was before" "$(machine)" "$before"
check "the device's registers decode it" hdmcheck --online-check
data_is_whole "after recover"
hold_stop

umount /mnt/disk /mnt/tmpfs
losetup -d "$loop"
rm /tmp/disk
echo false >$DEMOTION
