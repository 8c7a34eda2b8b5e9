# SPDX-License-Identifier: GPL-2.0-or-later
# What the test cases share. Sourced in the guest, by busybox's sh.
# shellcheck shell=dash disable=SC3045 # its read -t is there in busybox

CXL=/sys/bus/cxl/devices
DAX=/sys/bus/dax
ND=/sys/bus/nd
PCI=/sys/bus/pci
MEMORY=/sys/devices/system/memory

# --- results: file descriptor 3 is the host's, the standard output is the case's own record ---

report() {
	echo "$1"
	[ ! -e /run/case ] || echo "$1" | tee -a /run/case/checks >&3
}
ok() { report "ok - $1"; }
not_ok() {
	report "not ok - $1"
	return 1
}
skip() { report "skip - $1 # $2"; }

# check TEXT COMMAND...: ok if the command succeeds
check() {
	local text=$1
	shift
	if "$@"; then ok "$text"; else not_ok "$text"; fi
}

# is TEXT GOT EXPECTED
is() {
	[ "$2" != "$3" ] || { ok "$1" && return; }
	echo "got '$2', expected '$3'"
	not_ok "$1"
}

# status EXPECTED COMMAND...: ok if its exit status is that; what it printed stays in /run/out and /run/err
status() {
	local expected=$1 got=0
	shift
	"$@" >/run/out 2>/run/err || got=$?
	[ "$got" != "$expected" ] || { ok "$* (status $got)" && return; }
	echo "exit status $got, expected $expected; it printed:"
	cat /run/out /run/err
	not_ok "$* (status $got, not $expected)"
}

# What follows should kill this guest: passing is to be gone before the case ends.
announce_death() {
	echo death >&3
	sleep 0.3 # until the serial port has sent it
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	local tries=$(($1 * 10))
	shift
	until "$@"; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.1
	done
}

# qmp COMMAND-AS-JSON: have this guest's own QEMU do something; prints the answer. File descriptor 4 is its monitor,
# which wants to hear qmp_capabilities once, and mixes events into its answers. The byte that is never in JSON makes it
# forget its own greeting, in case the serial port was opened with echo.
qmp() {
	local id answer
	[ -e /run/qmp ] || {
		: >/run/qmp
		printf '\377' >&4
		qmp '{"execute": "qmp_capabilities"}' >/dev/null
	}
	id=$(cat /proc/sys/kernel/random/uuid)
	echo "${1%\}}, \"id\": \"$id\"}" >&4
	while read -r -t 10 answer <&4; do
		case $answer in
		*"$id"*)
			echo "$answer"
			[ "${answer#*\"error\":}" = "$answer" ]
			return
			;;
		esac
	done
	echo 'no answer from QEMU'
	return 1
}

# --- CXL objects: names go in and out as in sysfs (mem1, region0, dax0.0, memory210) ---

# memdev_by_serial 0x1234
memdev_by_serial() {
	local file
	file=$(grep -lx "$1" $CXL/mem*/serial) && basename "${file%/serial}"
}

# port_of MEMDEV: PCI address of the root port it is below
port_of() { readlink -f "$CXL/$1" | cut -d / -f 5; }

endpoint_of() {
	local endpoint
	for endpoint in "$CXL"/endpoint*; do
		[ "$(readlink -f "$endpoint/uport")" != "$(readlink -f "$CXL/$1")" ] || { basename "$endpoint" && return; }
	done
	return 1
}

# free_decoder MEMDEV: the next endpoint decoder to use; they are used in order
free_decoder() {
	local endpoint decoder
	endpoint=$(endpoint_of "$1") || return
	for decoder in "$CXL/$endpoint"/decoder*; do
		[ $(($(cat "$decoder/dpa_size"))) -ne 0 ] || { basename "$decoder" && return; }
	done
	return 1
}

# regions: all there are, the highest address first, as they have to be torn down
regions() {
	local region
	for region in "$CXL"/region*; do
		[ ! -e "$region" ] || echo "$(cat "$region/resource")" "${region##*/}"
	done | sort -r | cut -d ' ' -f 2
}

# region_commit DECODER0 MEMDEV[,MEMDEV...] SIZE MODE [UUID]: a region in the window decoder0.N, interleaved over the
# memdevs (in the window's order), which is not enabled; prints its name.
region_commit() {
	local window=$CXL/$1 memdevs ways region memdev decoder target=0
	memdevs=$(echo "$2" | tr , ' ')
	ways=$(echo "$memdevs" | wc -w)
	region=$(cat "$window/create_$4_region")
	echo "$region" >"$window/create_$4_region" || return
	[ -z "${5:-}" ] || echo "$5" >"$CXL/$region/uuid" || return
	cat "$window/interleave_granularity" >"$CXL/$region/interleave_granularity" || return
	echo "$ways" >"$CXL/$region/interleave_ways" || return
	echo "$3" >"$CXL/$region/size" || return
	for memdev in $memdevs; do
		decoder=$(free_decoder "$memdev") || return
		echo "$4" >"$CXL/$decoder/mode" || return
		printf '0x%x' $(($3 / ways)) >"$CXL/$decoder/dpa_size" || return
		echo "$decoder" >"$CXL/$region/target$target" || return
		target=$((target + 1))
	done
	echo 1 >"$CXL/$region/commit" && echo "$region"
}

# region_create_ram DECODER0 MEMDEV[,MEMDEV...] SIZE: prints its name. Its memory is System RAM, and offline whatever
# the policy is: once online in the wrong zone, memory may never come out of it.
region_create_ram() {
	local region policy rc
	region=$(region_commit "$1" "$2" "$3" ram) || return
	policy=$(cat "$MEMORY/auto_online_blocks")
	echo offline >"$MEMORY/auto_online_blocks"
	echo "$region" >/sys/bus/cxl/drivers/cxl_region/bind && wait_for 10 is_system_ram "$region" && echo "$region"
	rc=$?
	echo "$policy" >"$MEMORY/auto_online_blocks"
	return $rc
}

# region_teardown REGION: the memory offline, then everything undone in the order opposite to its making
region_teardown() {
	local dax
	region_offline "$1" || return
	for dax in "$CXL/$1"/dax_region*/dax[0-9]*; do
		[ ! -e "$dax/driver" ] || echo "${dax##*/}" >"$dax/driver/unbind" || return
	done
	# kmem lets go even of memory that it failed to remove; going on then would pull it from under the kernel.
	[ -z "$(mem_blocks_of "$1")" ] || return
	region_decommit "$1"
}

# region_decommit REGION: from enabled to gone; nothing on it may be in use
region_decommit() {
	local target decoder
	[ ! -e "$CXL/$1/driver" ] || echo "$1" >/sys/bus/cxl/drivers/cxl_region/unbind || return
	echo 0 >"$CXL/$1/commit" || return
	for target in "$CXL/$1"/target[0-9]*; do
		decoder=$(cat "$target")
		[ -n "$decoder" ] || continue
		{ echo >"$target" && echo 0 >"$CXL/$decoder/dpa_size"; } || return
	done
	echo "$1" >"$(dirname "$(readlink -f "$CXL/$1")")/delete_region"
}

# --- persistent memory: the nd bus has a region of the same name, and on it namespaces, which have a UUID ---

# region_create_pmem DECODER0 MEMDEV SIZE UUID: prints its name
region_create_pmem() {
	local region
	region=$(region_commit "$1" "$2" "$3" pmem "$4") || return
	modprobe -a nd_pmem dax_pmem
	echo "$region" >/sys/bus/cxl/drivers/cxl_region/bind &&
		wait_for 10 [ -e "$ND/devices/$region/namespace_seed" ] && echo "$region"
}

# namespace_create REGION UUID SIZE raw|fsdax|sector|devdax: in use as such; prints its name
namespace_create() {
	local namespace claim
	namespace=$(cat "$ND/devices/$1/namespace_seed")
	{ echo "$2" >"$ND/devices/$namespace/uuid" && echo "$3" >"$ND/devices/$namespace/size"; } || return
	case $4 in
	raw) echo "$namespace" >$ND/drivers/nd_pmem/bind ;;
	fsdax) claim=$(cat "$ND/devices/$1/pfn_seed") && claim "$claim" "$namespace" mode pmem nd_pmem ;;
	sector) claim=$(cat "$ND/devices/$1/btt_seed") && claim "$claim" "$namespace" sector_size 4096 nd_pmem ;;
	devdax) claim=$(cat "$ND/devices/$1/dax_seed") && claim "$claim" "$namespace" mode pmem dax_pmem ;;
	esac && echo "$namespace"
}
# claim CLAIM NAMESPACE ATTRIBUTE VALUE DRIVER: one that is new
claim() {
	cat /proc/sys/kernel/random/uuid >"$ND/devices/$1/uuid" && echo "$4" >"$ND/devices/$1/$3" &&
		echo "$2" >"$ND/devices/$1/namespace" && echo "$1" >"$ND/drivers/$5/bind"
}

namespace_by_uuid() {
	local file
	file=$(grep -lx "$1" $ND/devices/namespace*/uuid) && basename "${file%/uuid}"
}

# namespace_owner UUID: what its driver is bound to: a claim, or the namespace itself
namespace_owner() {
	local namespace owner
	namespace=$(namespace_by_uuid "$1") || return
	owner=$(cat "$ND/devices/$namespace/holder")
	echo "${owner:-$namespace}"
}

# namespace_device UUID: pmem0 or dax0.0; nothing while it is not in use
namespace_device() {
	local owner
	owner=$(namespace_owner "$1") || return
	ls "$ND/devices/$owner/block" 2>/dev/null || basename "$(echo "$ND/devices/$owner"/dax[0-9]*.*[0-9])" | grep -v '\*'
}

namespace_disable() {
	local owner
	owner=$(namespace_owner "$1") || return
	echo "$owner" >"$ND/devices/$owner/driver/unbind"
}

# namespace_force_raw UUID: whatever is on it says
namespace_force_raw() {
	local namespace claim
	namespace=$(namespace_by_uuid "$1") && claim=$(namespace_owner "$1") && namespace_disable "$1" &&
		echo >"$ND/devices/$claim/namespace" && echo 1 >"$ND/devices/$namespace/force_raw" &&
		echo "$namespace" >$ND/drivers/nd_pmem/bind
}

# region_destroy_pmem REGION: with all its namespaces, their labels too
region_destroy_pmem() {
	local child
	[ -e "$CXL/$1/uuid" ] || return
	for child in "$ND/devices/$1"/*; do
		[ ! -e "$child/devtype" ] || [ ! -e "$child/driver" ] || echo "${child##*/}" >"$child/driver/unbind" || return
	done
	for child in "$ND/devices/$1"/btt[0-9]* "$ND/devices/$1"/pfn[0-9]* "$ND/devices/$1"/dax[0-9]*; do
		[ -z "$(cat "$child/namespace" 2>/dev/null)" ] || echo >"$child/namespace" || return
	done
	for child in "$ND/devices/$1"/namespace[0-9]*; do
		[ "$(cat "$child/size")" = 0 ] || echo 0 >"$child/size" || return
	done
	region_decommit "$1"
}

dax_of() { basename "$(echo "$CXL/$1"/dax_region*/dax[0-9]*)"; }
dax_driver() { [ ! -e "$DAX/devices/$1/driver" ] || basename "$(readlink "$DAX/devices/$1/driver")"; }

# is_system_ram REGION: a dax device's driver link is there before the driver has added the memory
is_system_ram() {
	[ "$(dax_driver "$(dax_of "$1")")" = kmem ] &&
		[ $(($(mem_blocks_of "$1" | wc -l) * 0x$(cat $MEMORY/block_size_bytes))) = $(($(cat "$CXL/$1/size"))) ]
}

# node_of REGION: its NUMA node
node_of() { cat "$DAX/devices/$(dax_of "$1")/target_node"; }

# dax_use REGION kmem|device_dax: its memory as System RAM (online as auto_online_blocks has it), or as a character device
dax_use() {
	local dax old
	dax=$(dax_of "$1")
	old=$(dax_driver "$dax")
	[ "$old" != "$2" ] || return 0
	[ "$old" != kmem ] || region_offline "$1" || return
	if [ -n "$old" ]; then
		echo "$dax" >"$DAX/drivers/$old/unbind" || return
		echo "$dax" >"$DAX/drivers/$old/remove_id"
	fi
	modprobe "$2"
	echo "$dax" >"$DAX/drivers/$2/new_id"
}

# dax_create REGION: another dax device on it, of no memory yet; prints its name. Something must be free.
dax_create() {
	local desk
	desk=$(echo "$CXL/$1"/dax_region*/dax_region)
	echo 1 >"$desk/create" && cat "$desk/create"
}

# dax_delete REGION DAX: one of no memory, which may not be the region's first
dax_delete() { echo "$2" >"$(echo "$CXL/$1"/dax_region*/dax_region)/delete"; }

# dax_set REGION DAX [FROM-TO]...: the ranges that a dax device without a driver consists of, in MiB of the region.
# Linux takes what is not aligned, and does nothing.
dax_set() {
	local dax=$DAX/devices/$2 start range size=0
	start=$(($(cat "$CXL/$1/resource") >> 20))
	echo 0 >"$dax/size" || return
	shift 2
	for range in "$@"; do
		printf '%x-%x' $(((start + ${range%-*}) << 20)) $((((start + ${range#*-}) << 20) - 1)) >"$dax/mapping" || return
		size=$((size + ((${range#*-} - ${range%-*}) << 20)))
	done
	[ "$(cat "$dax/size")" = $size ]
}

# dax_layout: all dax devices, their drivers and their ranges, in order
dax_layout() {
	local dax mapping
	for dax in "$DAX"/devices/*; do
		echo "${dax##*/} $(dax_driver "${dax##*/}") $(cat "$dax/size" "$dax/align" | tr '\n' ' ')"
		for mapping in "$dax"/mapping[0-9]*; do
			[ ! -e "$mapping" ] || echo "  $(cat "$mapping/start" "$mapping/end" "$mapping/page_offset" | tr '\n' ' ')"
		done
	done
}

# mem_blocks_of REGION: memoryN, in ascending order
mem_blocks_of() {
	local size block end
	size=$((0x$(cat $MEMORY/block_size_bytes)))
	block=$(($(cat "$CXL/$1/resource") / size))
	end=$((block + $(cat "$CXL/$1/size") / size))
	while [ $block -lt $end ]; do
		[ ! -e $MEMORY/memory$block ] || echo memory$block
		block=$((block + 1))
	done
}

# mem_picture REGION: its blocks, counted from 0 at its start, their states and zones
mem_picture() {
	local block size
	size=$((0x$(cat $MEMORY/block_size_bytes)))
	for block in $(mem_blocks_of "$1"); do
		echo "$((${block#memory} - $(cat "$CXL/$1/resource") / size))" \
			"$(cat "$MEMORY/$block/state") $(cat "$MEMORY/$block/valid_zones")"
	done
}

# region_offline REGION; region_online REGION movable|kernel: all its memory, in that zone
region_offline() {
	local block
	for block in $(mem_blocks_of "$1"); do
		[ "$(cat "$MEMORY/$block/state")" = offline ] || echo offline >"$MEMORY/$block/state" || return
	done
}

region_online() {
	local block
	[ -e "$CXL/$1/commit" ] && region_offline "$1" || return
	for block in $(mem_blocks_of "$1"); do
		echo "online_$2" >"$MEMORY/$block/state" || return
	done
}

# block_state REGION: the states of its blocks, each once
block_state() {
	local block
	for block in $(mem_blocks_of "$1"); do
		cat "$MEMORY/$block/state"
	done | sort -u
}

# port_reset PCI-ADDRESS: the secondary bus reset, no questions asked
port_reset() { echo 1 >"$PCI/devices/$1/reset_subordinate"; }

# below_port PCI-ADDRESS: the functions on its secondary bus
below_port() {
	local function
	for function in "$PCI/devices/$1"/????:??:??.?; do
		[ ! -e "$function" ] || basename "$function"
	done
}

# nic_of PCI-ADDRESS: its network interface
nic_of() { find "$PCI/devices/$1/" -path '*/net/*' -maxdepth 4 -name 'eth*' -exec basename {} \;; }

# nic_works INTERFACE: it reaches QEMU's own host, by itself
nic_works() {
	ip link set "$1" up
	ip addr add 10.0.2.15/24 dev "$1"
	wait_for 10 ping -c 1 -W 1 -I "$1" 10.0.2.2 >/dev/null
	set -- "$1" $?
	ip link set "$1" down
	ip addr flush dev "$1"
	return "$2"
}

# memdev_is_ready SERIAL: there, with decoders
memdev_is_ready() {
	local memdev
	memdev=$(memdev_by_serial "$1") && free_decoder "$memdev" >/dev/null
}

# --- memory held by a process (tools/hold.c) ---

hold=
hold_fifo=/run/hold
# hold_start NODE MIB [OPTION...]: random data on a node; the holder is process $hold
hold_start() {
	rm -f "$hold_fifo"
	mkfifo "$hold_fifo"
	: >/run/hold.out
	hold "$@" "$hold_fifo" >/run/hold.out 2>&1 3>&- 4>&- &
	hold=$!
	echo $hold >"$hold_fifo.pid"
	wait_for 120 hold_has_spoken
	grep '^held' /run/hold.out || { cat /run/hold.out && return 1; }
}
# hold_switch NAME: from now on all this is about a holder of that name
hold_switch() {
	hold_fifo=/run/hold-$1
	hold=$(cat "$hold_fifo.pid" 2>/dev/null)
}
hold_has_spoken() { [ -s /run/hold.out ] || [ ! -e "/proc/$hold" ]; }
hold_sha() { hold_tell USR1 sha256sum | cut -d ' ' -f 1; } # of its data
hold_nodes() { hold_tell USR2 cat; }                       # "node0=1000 node1=24 absent=0", in pages
hold_stop() {
	killall -q -KILL hold
	rm -rf /run/hold*.d
}

# The answer of a holder that is gone equals nothing, not even its next one.
hold_tell() {
	{ kill "-$1" "$hold" && timeout 60 "$2" "$hold_fifo"; } ||
		echo "$(cat /proc/sys/kernel/random/uuid)-the-holder-is-gone"
}
