# SPDX-License-Identifier: GPL-2.0-or-later
#
# Isolation that somebody else armed is not disarmed, whatever else of the port we have changed since.

. /guest/isolation.sh
port=0000:0c:00.0

# restart CONTROL: a port that nobody of this boot has touched
restart() {
	isolation_stop $port
	rm -rf /run/cxl-iso
	isolation_start $port --control "$1" || not_ok "an emulator"
}

# Each protocol has its own master.
restart 0
sets 0x00010000 enable-isolation $port
sets 0x00050000 enable-isolation $port --protocol cache
sets 0x00010000 disable-isolation $port --protocol cache
is "what we armed stays ours" "$(armed_by $port)" us
sets 0x00000000 disable-isolation $port

# Armed before us.
restart 0x00010000
is "who armed it is unknown" "$(armed_by $port)" unknown
refused 3 'firmware-armed: ' disable-isolation $port
check "  with a way out" grep -q '^hint: .*--force=firmware-armed' /run/err
refused 3 'firmware-armed: ' disable-isolation $port --force timeout-too-short
status 0 cxl-iso set-timeout $port --range B2
is "after our first change: firmware" "$(armed_by $port)" firmware
sets 0x00030006 enable-isolation $port --link-down
refused 3 'firmware-armed: ' disable-isolation $port
status 0 cxl-iso enable-isolation $port --protocol cache
is "cache is ours" "$(control $port)" 0x00070006
refused 3 'firmware-armed: ' disable-isolation $port
sets 0x00030006 disable-isolation $port --protocol cache --force=firmware-armed
sets 0x00020006 disable-isolation $port --force=firmware-armed
is "then nobody did" "$(armed_by $port)" nobody
sets 0x00030006 enable-isolation $port
is "and then we" "$(armed_by $port)" us
sets 0x00020006 disable-isolation $port
is "the interrupt was never enabled" "$(isolation_log | grep -c 'written 0x0[4567]')" 0
is "no violation" "$(isolation_violations)" ""
