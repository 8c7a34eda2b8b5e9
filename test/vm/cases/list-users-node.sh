# SPDX-License-Identifier: GPL-2.0-or-later
#
# list-users: who has System RAM of a node, by group and by process, as many bytes as he has.

echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
dax=$(dax_of "$region")
check "the memory is online" region_online "$region" movable
node=node$(node_of "$region")
number=${node#node}
pool=/sys/devices/system/node/$node/hugepages/hugepages-2048kB/nr_hugepages

# shows REGEX: a line of the table that was printed last
shows() { check "  $1" grep -Eq "^$node +$1" /run/out; }
# value FIELD: of the node in the document that was printed last
value() { sed -n "/\"nodes\"/,\$s/^ *\"$1\": *\([0-9a-z]*\),*\$/\1/p" /run/out | head -n 1; }

status 0 daxctl-ext list-users "$node"
is "nobody has memory on it" "$(grep -Ec "^$node +[0-9]" /run/out)" 0

echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/db
echo +memory >/sys/fs/cgroup/db/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/db/store /sys/fs/cgroup/db/cache
# within GROUP COMMAND...: becomes it
within() {
	local group=$1
	shift
	exec sh -c 'echo $$ >/sys/fs/cgroup/$0/cgroup.procs; exec "$@"' "$group" "$@"
}
hold_start "$number" 4 --mlock
mkfifo /run/hold2
within db/store hold "$number" 2 /run/hold2 >/run/db 3>&- 4>&- &
db=$!
wait_for 20 grep -q held /run/db
(within db/cache bound "$number" dd if=/dev/zero of=/tmp/file bs=1M count=3 2>/dev/null)
echo 4 >"$pool"
huge "$number" 2 >/run/huge 3>&- 4>&- &
huge=$!
wait_for 10 grep -q uses /run/huge

status 0 daxctl-ext list-users "$node"
shows "$hold .* hold .*4 MiB anon"
shows "$db .* hold +/db/store +2 MiB anon"
shows "$huge .* huge .*4 MiB hugetlb"
shows '\[group\] +/db +5 MiB'
shows '\[group\] +/db/cache +3 MiB file'
shows '\[mlocked\] .*4 MiB'
for object in "$dax" "$region" serial:0x1234 0000:0c:00.0; do
	status 0 daxctl-ext list-users "$object"
	shows "$db .* hold +/db/store +2 MiB anon"
done
status 0 daxctl-ext list-users "$node" --json
is "  online" "$(value online_bytes)" 268435456
is "  of that in a kernel zone" "$(value normal_bytes)" 0
is "  mlocked" "$(value mlocked)" 4194304
is "  shared" "$(value shmem)" 3145728
check "  anonymous: what was held, and a little" [ "$(value anon)" -ge 6291456 -a "$(value anon)" -le 8388608 ]
rm -f /run/*.json
status 0 cxl-iso capture --full /run/full.json
status 0 daxctl-ext list-users "$node" --from /run/full.json
shows "$db .* hold +/db/store +2 MiB anon"
shows '\[group\] +/db/cache +3 MiB file'
status 0 cxl-iso assess 0000:0c:00.0 --json
grep -v '"free"' /run/out >/run/live
status 0 cxl-iso capture --full --pages /run/pages.json
status 0 cxl-iso assess 0000:0c:00.0 --json --from /run/pages.json
grep -v '"free"' /run/out >/run/from
check "an assessment of a capture says the same" cmp /run/live /run/from

kill "$db" "$huge"
wait "$db" "$huge" 2>/dev/null
hold_stop
rm /tmp/file
echo 0 >"$pool"
status 0 daxctl-ext list-users "$node"
is "nobody has memory on it any more" "$(grep -Ec "^$node +[0-9]" /run/out)" 0

check "the memory is online in zone Normal" region_online "$region" kernel
status 0 daxctl-ext list-users "$node" --json
is "  of that in a kernel zone" "$(value normal_bytes)" 268435456
unmovable "$number" >/run/unmovable 3>&- 4>&- &
unmovable=$!
wait_for 10 grep -q '^16 unmovable' /run/unmovable
status 0 daxctl-ext list-users "$node" --json
check "  with pages that never move" [ "$(value unmovable)" -gt 0 ]
kill $unmovable
wait $unmovable 2>/dev/null
