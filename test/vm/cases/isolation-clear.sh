# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso clear-isolation: exactly the bits that are set, never while it is busy or memory below is in use.

. /guest/isolation.sh
port=0000:0c:00.0
other=0000:de:00.0

cause() { cxl-iso list -o ISOLATION,CAUSE,BUSY "$port" | tail -n 1 | tr -s ' ' | sed 's/ $//'; }

isolation_start $other || not_ok "an emulator"
isolation_start $port --control 0x00010016 || not_ok "an emulator"

status 0 cxl-iso clear-isolation $port
check "nothing is set: was so already" grep -q 'was so already$' /run/out
is "and nothing written" "$(writes $port)" 0

isolation_send timeout mem
is "a timeout" "$(cause)" "ISOLATED timeout no"
status 0 cxl-iso clear-isolation $port --dry-run
check "dry run" grep -q "^$port: clear MemTimeout MemIso: would be done$" /run/out
is "nothing written" "$(writes $port)" 0
clears 0x00000101 0x00000000 $port
check "  a warning that the link may not have been down" grep -q '^warning: link-down-unproven: ' /run/err
check "  said" grep -q "^$port: clear MemTimeout MemIso: done$" /run/out
is "still armed" "$(cause) $(isolation_register control)" "armed none no 0x00010016"

isolation_send link-down mem
is "link down" "$(cause)" "ISOLATED link-down no"
clears 0x00000300 0x00000000 $port
is "  the cause proves that the link was down" "$(cat /run/err)" ""
isolation_send control 0x00030016
isolation_send timeout mem
clears 0x00000101 0x00000000 $port
is "  or that it was forced" "$(cat /run/err)" ""
isolation_send status 0x00000301
is "both" "$(cause)" "ISOLATED link-down no"
clears 0x00000301 0x00000000 $port
isolation_send status 0x00000100
is "of an unknown cause" "$(cause)" "ISOLATED unknown no"
clears 0x00000100 0x00000000 $port
isolation_send control 0x00000016
isolation_send timeout mem
is "a timeout that did not isolate" "$(cause)" "off timeout-without-isolation no"
clears 0x00000001 0x00000000 $port
isolation_send status 0x00003311
clears 0x00003311 0x00000000 $port
isolation_send status 0x00001110
clears 0x00001110 0x00000000 $port

isolation_send status 0x00000301
clears 0x00000001 0x00000300 $port --timeout-only
status 0 cxl-iso clear-isolation $port --timeout-only
check "no timeout: was so already" grep -q 'was so already$' /run/out
isolation_send status 0x00001011
clears 0x00000011 0x00001000 $port --timeout-only

isolation_send status 0x00000101
isolation_send busy on
is "busy" "$(cause)" "ISOLATED timeout yes"
refused 3 "rp-busy: $port " clear-isolation $port
check "  with a way out" grep -q '^hint: wait' /run/err
refused 3 'rp-busy: ' clear-isolation $port --dry-run
clears 0x00000001 0x00004100 $port --timeout-only
isolation_send busy off
clears 0x00000100 0x00000000 $port
isolation_send status 0x00004001
clears 0x00000001 0x00004000 $port
isolation_send busy off

isolation_send slow 50
isolation_send status 0x00000101
clears 0x00000101 0x00000000 $port
isolation_send slow 1500
isolation_send status 0x00000101
status 1 cxl-iso clear-isolation $port
check "too slow" grep -q '^cxl-iso: .*did not clear within 100 ms: MemTimeout+ MemIso+' /run/err
sleep 1.7
is "it was written" "$(written $port) $(state $port)" "0x00000101 0x00000000"
isolation_send slow 0

isolation_send status 0x00000101
isolation_send $other status 0x00000300
isolation_send busy on
status 4 cxl-iso clear-isolation all
check "one is done" grep -q "^$other: clear MemIso MemIsoLnkDn: done$" /run/out
check "one is refused" grep -q "rp-busy: $port " /run/err
is "the registers" "$(state $port) $(state $other)" "0x00004101 0x00000000"
status 4 cxl-iso clear-isolation all --json
check "JSON: the rule" grep -q '"rp-busy"' /run/out
check "JSON: the status" grep -q '"status": *"MemTimeout+ MemIso+ MemIsoLnkDn- .*RPBusy+' /run/out
isolation_send busy off

isolation_send vanish
status 3 cxl-iso clear-isolation $port
check "gone: a message" grep -q '^cxl-iso: capability-unknown: ' /run/err
status 0 cxl-iso list -i $port
check "gone: unknown" grep -Eqx "$port +unknown *" /run/out
status 3 cxl-iso set-timeout $port --enable
isolation_send return
clears 0x00000101 0x00000000 $port
status 2 cxl-iso clear-isolation
status 2 cxl-iso clear-isolation 0000:aa:00.0
is "no violation" "$(isolation_violations)" ""
