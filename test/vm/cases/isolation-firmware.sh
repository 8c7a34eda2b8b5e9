# SPDX-License-Identifier: GPL-2.0-or-later
#
# Isolation that somebody else armed is not disarmed, whatever else of the port we have changed since.

. /guest/isolation.sh
rm -rf /run/cxl-iso
port=0000:0c:00.0

control() { isolation_register "$1" control; }
# sets CONTROL COMMAND PORT ARGUMENT...
sets() {
	local expected=$1 command=$2
	shift 2
	status 0 cxl-iso "$command-isolation" "$@"
	is "  the register" "$(control "$1")" "$expected"
}
# refused STATUS MESSAGE COMMAND PORT ARGUMENT...: and the register is what it was
refused() {
	local expected=$1 message=$2 command=$3 was
	shift 3
	was=$(control "$1")
	status "$expected" cxl-iso "$command-isolation" "$@"
	check "  says: $message" grep -Eq "^cxl-iso: .*$message" /run/err
	is "  and changed nothing" "$(control "$1")" "$was"
}
armed_by() { cxl-iso list -o ARMED-BY "$1" | tail -n 1 | tr -d ' '; }
# restart CONTROL: a port that nobody of this boot has touched
restart() {
	isolation_stop $port
	rm -rf /run/cxl-iso
	isolation_start $port --control "$1" || not_ok "an emulator"
}

# Each protocol has its own master.
restart 0
sets 0x00010000 enable $port
sets 0x00050000 enable $port --protocol cache
sets 0x00010000 disable $port --protocol cache
is "what we armed stays ours" "$(armed_by $port)" us
sets 0x00000000 disable $port

# Armed before us.
restart 0x00010000
is "who armed it is unknown" "$(armed_by $port)" unknown
refused 3 'firmware-armed: ' disable $port
check "  with a way out" grep -q '^hint: .*--force=firmware-armed' /run/err
refused 3 'firmware-armed: ' disable $port --force timeout-too-short
status 0 cxl-iso set-timeout $port --range B2
is "after our first change: firmware" "$(armed_by $port)" firmware
sets 0x00030006 enable $port --link-down
refused 3 'firmware-armed: ' disable $port
status 0 cxl-iso enable-isolation $port --protocol cache
is "cache is ours" "$(control $port)" 0x00070006
refused 3 'firmware-armed: ' disable $port
sets 0x00030006 disable $port --protocol cache --force=firmware-armed
sets 0x00020006 disable $port --force=firmware-armed
is "then nobody did" "$(armed_by $port)" nobody
sets 0x00030006 enable $port
is "and then we" "$(armed_by $port)" us
sets 0x00020006 disable $port
is "the interrupt was never enabled" "$(isolation_log | grep -c 'written 0x0[4567]')" 0
is "no violation" "$(isolation_violations)" ""
