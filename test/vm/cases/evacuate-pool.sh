# SPDX-License-Identifier: GPL-2.0-or-later
#
# Pools of huge pages: whatever becomes of the node's memory, they are what they were afterwards, on all nodes.
#
# timeout: 240

. /guest/evacuate.sh

port=0000:0c:00.0
echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
dax=$(dax_of "$region")
node=$(node_of "$region")
check "the memory is online" region_online "$region" movable

pool_file() { echo "/sys/devices/system/node/node$1/hugepages/hugepages-2048kB/nr_hugepages"; }
# pool NODE: "SIZE, of which FREE free, SURPLUS surplus"
pool() {
	local pool
	pool=$(dirname "$(pool_file "$1")")
	echo "$(cat "$pool/nr_hugepages"), $(cat "$pool/free_hugepages") free, $(cat "$pool/surplus_hugepages") surplus"
}
echo 3 >"$(pool_file "$node")"
check "a process uses a page of the pool" hold_start "$node" 2 --huge
sha=$(hold_sha)
is "the pool" "$(pool "$node")" "3, 2 free, 0 surplus"
is "there is none elsewhere" "$(pool 0)" "0, 0 free, 0 surplus"

status 0 daxctl-ext evacuate "$dax" --dry-run
check "the plan has it" grep -q "fill the pools of huge pages as before (node$node: 3 of 2 MiB)" /run/out
status 0 daxctl-ext evacuate "$dax"
check "it told" grep -q "^warning: hugetlb-pages: 3 huge pages of 2 MiB are in the pool of node$node, 1 of them in use" /run/err
is "the page in use is elsewhere, for as long as it is in use" "$(pool 0)" "1, 0 free, 1 surplus"
is "the data is what it was" "$(hold_sha)" "$sha"
status 0 daxctl-ext restore "$dax"
is "the pool is what it was" "$(pool "$node")" "3, 3 free, 0 surplus"
is "the page in use is where it is" "$(pool 0)" "1, 0 free, 1 surplus"
hold_stop
sleep 0.2
is "it went with its user" "$(pool 0)" "0, 0 free, 0 surplus"

check "a process uses a page of the pool" hold_start "$node" 2 --huge
status 0 cxl-iso recover $port --yes
is "recovered: the pool is what it was" "$(pool "$node")" "3, 3 free, 0 surplus"
is "and there is none elsewhere for good" "$(pool 0)" "1, 0 free, 1 surplus"
hold_stop
sleep 0.2

# There is room in the pool of the other node; its administrator changes it meanwhile.
echo 2 >"$(pool_file 0)"
check "a process uses a page of the pool" hold_start "$node" 2 --huge
sha=$(hold_sha)
status 0 daxctl-ext evacuate "$dax"
is "it moved into that" "$(pool 0)" "2, 1 free, 0 surplus"
echo 5 >"$(pool_file 0)"
status 0 daxctl-ext restore "$dax"
is "the pool is what it was" "$(pool "$node")" "3, 3 free, 0 surplus"
is "what was changed meanwhile stays" "$(pool 0)" "5, 4 free, 0 surplus"
is "the data is what it was" "$(hold_sha)" "$sha"
hold_stop
echo 0 >"$(pool_file 0)"

# Put back: pages that do not move are in the lowest block, and the pool in the other.
echo 0 >"$(pool_file "$node")"
check "only the lowest block is online" block_alone "$region"
check "pages that do not move are there" splice_start "$node" 256
echo online_movable >"$MEMORY/$(mem_blocks_of "$region" | tail -n 1)/state"
echo 60 >"$(pool_file "$node")"
before=$(machine)
status 1 daxctl-ext evacuate "$dax" --timeout 5
is "put back: the pool is what it was" "$(pool "$node")" "60, 60 free, 0 surplus"
is "so is everything" "$(machine)" "$before"
splice_stop
meanwhile '*"begin"*"shrink-pools"*' 'kill -KILL $pid' daxctl-ext evacuate "$dax"
is "killed before the pools were looked at" $got 137
status 0 daxctl-ext restore --all
is "put back: the pool is what it was" "$(pool "$node")" "60, 60 free, 0 surplus"
is "so is everything" "$(machine)" "$before"
