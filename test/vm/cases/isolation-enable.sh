# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso enable-isolation, disable-isolation: never while memory below is in use, nor what somebody else armed.

. /guest/isolation.sh
port=0000:0c:00.0
mem_only=0000:de:00.0
bare=0000:de:01.0

isolation_start $mem_only --capability 0x00010016 || not_ok "an emulator"
isolation_start $bare --capability 0x00000016 || not_ok "an emulator"
isolation_start $port --control 0x00001916 || not_ok "an emulator"

is "nobody armed it" "$(armed_by $port)" nobody
sets 0x00011916 enable-isolation $port
check "  a warning that nobody would notice" grep -q '^warning: unnoticed: ' /run/err
is "armed by us" "$(armed_by $port)" us
status 0 cxl-iso list $port
check "list says armed" grep -Eq "^$port .* armed *$" /run/out
was=$(writes $port)
status 0 isolation_run cxl-iso enable-isolation $port
check "again: was so already" grep -q 'was so already$' /run/out
is "without a write" "$(writes $port)" "$was"
sets 0x00031916 enable-isolation $port --link-down
sets 0x02011916 enable-isolation $port --no-link-down --err-cor
sets 0x00001916 disable-isolation $port --no-err-cor
is "nobody again" "$(armed_by $port)" nobody
sets 0x02031916 enable-isolation $port --link-down --err-cor
is "nothing to warn of" "$(cat /run/err)" ""
sets 0x02021916 disable-isolation $port
sets 0x00001916 disable-isolation $port --no-link-down --no-err-cor
sets 0x00041916 enable-isolation $port --protocol cache
sets 0x00001916 disable-isolation $port --protocol cache
status 0 cxl-iso enable-isolation $port --dry-run
check "dry run" grep -q "^$port: set MemIso+: would be done$" /run/out
is "changes nothing" "$(control $port)" 0x00001916
status 0 cxl-iso enable-isolation $port --json
check "JSON: the warning" grep -q '"unnoticed"' /run/out
check "JSON: before" grep -q '"control": *"MemTimeout+ MemIso-' /run/out
check "JSON: after" grep -q '"control": *"MemTimeout+ MemIso+' /run/out
sets 0x00001916 disable-isolation $port

refused 2 'opposite' enable-isolation $port --link-down --no-link-down
refused 2 'opposite' disable-isolation $port --err-cor --no-err-cor
refused 2 'mem or cache' enable-isolation $port --protocol io
refused 2 'force=decoder-committed' enable-isolation $port --force decoder-committed
refused 3 'not-supported: .*Link Down' enable-isolation $mem_only --link-down
refused 3 'not-supported: .*ERR_COR' enable-isolation $mem_only --err-cor
refused 3 'not-supported: .*CXL.cache' enable-isolation $mem_only --protocol cache
refused 3 'not-supported: .*CXL.mem isolation' enable-isolation $bare
status 4 cxl-iso enable-isolation all
is "all that can" "$(control $port) $(control $mem_only) $(control $bare)" "0x00011916 0x00010000 0x00000000"
status 0 cxl-iso disable-isolation all
is "all" "$(control $port) $(control $mem_only) $(control $bare)" "0x00001916 0x00000000 0x00000000"

# A register that does not do what it is told.
isolation_send $port control 0x00010000
isolation_send $port lock on
status 1 isolation_run cxl-iso enable-isolation $port --err-cor
check "locked: what was asked for" grep -q '^cxl-iso: .*asked for .*MemIso+ .*ErrCor+' /run/err
check "locked: what is there" grep -q 'now .*MemIso+ .*ErrCor- .*; it is as it was before$' /run/err
isolation_send $port lock off
isolation_send $port garble on
status 1 isolation_run cxl-iso enable-isolation $port --err-cor
check "garbled: what was asked for" grep -q '^cxl-iso: .*asked for .*MemIso+ .*ErrCor+' /run/err
check "garbled: that it could not be put back" grep -q 'could not all be put back: ' /run/err
isolation_send $port garble off
# While it is isolated: clearing would take the bit for what was set when it happened.
isolation_send $port control 0x10000
isolation_send $port timeout mem
refused 3 'port-isolated' enable-isolation $port --link-down
isolation_send $port status 0
isolation_send $port control 0
is "the interrupt was never enabled" "$(isolation_log | grep -c 'written 0x0[4567]')" 0
is "no violation" "$(isolation_violations)" ""
