# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso clear-isolation while memory below is in use: only the timeout bits, whatever is forced.

. /guest/isolation.sh
rm -rf /run/cxl-iso
port=0000:0c:00.0

state() { isolation_register "$1" status; }
writes() { isolation_log "$1" | grep -c ' written '; }
written() { isolation_log "$1" | grep ' status: .* written ' | tail -n 1 | sed 's/.*written \([^ ]*\) .*/\1/'; }
# clears MASK STATUS ARGUMENT...: writes that, and then the register is that
clears() {
	local mask=$1 now=$2
	shift 2
	status 0 cxl-iso clear-isolation "$@"
	is "  what is written" "$(written "$1")" "$mask"
	is "  the register" "$(state "$1")" "$now"
}
# refused STATUS MESSAGE PORT ARGUMENT...: and the register is what it was
refused() {
	local expected=$1 message=$2 was
	shift 2
	was="$(state "$1") $(writes "$1")"
	status "$expected" cxl-iso clear-isolation "$@"
	check "  says: $message" grep -Eq "^cxl-iso: .*$message" /run/err
	is "  and wrote nothing" "$(state "$1") $(writes "$1")" "$was"
}

isolation_start $port --control 0x00010016 || not_ok "an emulator"

# Whoever still uses the memory would go on with lost writes.
echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
isolation_send status 0x00000101
refused 3 'decoder-committed: ' $port
check "a region is online" region_online "$region" movable
refused 3 'decoder-committed: ' $port
status 3 cxl-iso clear-isolation $port --json
check "JSON: online memory" grep -q '"memory-online"' /run/out
status 2 cxl-iso clear-isolation $port --force=memory-online
clears 0x00000001 0x00000100 $port --timeout-only
isolation_send status 0x00000001
clears 0x00000001 0x00000000 $port
isolation_send status 0x00001010
refused 3 'decoder-committed: ' $port
check "the region can be undone" region_teardown "$region"
clears 0x00001010 0x00000000 $port
is "no violation" "$(isolation_violations)" ""
