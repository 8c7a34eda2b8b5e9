# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso set-timeout: what ports do not support, what is no timeout, and several ports of which some can not.

. /guest/isolation.sh
full=0000:0c:00.0
only_a=0000:0c:01.0
bc=0000:de:00.0
none=0000:de:01.0

isolation_start $full --control 0x020f1900 || not_ok "an emulator"
isolation_start $only_a --capability 0x00010011 || not_ok "an emulator"
isolation_start $bc --capability 0x00010016 || not_ok "an emulator"
isolation_start $none --capability 0x00030000 || not_ok "an emulator"

sets 0x00000012 set-timeout $only_a --at-least 1ms --enable
sets 0x00000011 set-timeout $only_a --at-most 100us
refused 3 'range-not-supported: ' set-timeout $only_a --range B1
check "  and names what is" grep -q '^hint: .*: A, and the default' /run/err
refused 3 'range-not-supported: .* at least 50ms' set-timeout $only_a --at-least 50ms
refused 3 'range-not-supported: ' set-timeout $only_a --value 0xe
refused 3 'range-not-supported: .* at most 10us' set-timeout $only_a --at-most 10us
refused 3 'not-supported: .*CXL.cache' set-timeout $only_a --protocol cache --enable
refused 3 'range-not-supported: .*CXL.cache' set-timeout $only_a --protocol cache --range A1
sets 0x00000010 set-timeout $only_a --range default
sets 0x0000001a set-timeout $bc --range C2 --enable
sets 0x00000015 set-timeout $bc --at-least 10ms
refused 3 'range-not-supported: ' set-timeout $bc --range A2
refused 3 'range-not-supported: ' set-timeout $bc --range D1 --enable
refused 3 'not-supported: .*CXL.mem timeout' set-timeout $none --enable
refused 3 'range-not-supported: ' set-timeout $none --range B2
check "  and what is: none" grep -q '^hint: .*: none, and the default' /run/err
sets 0x00000000 set-timeout $none --disable

refused 2 '0x3 is reserved' set-timeout $full --value 3
refused 2 'expected 0 to 0xf, not "16"' set-timeout $full --value 16
refused 2 'expected 0 to 0xf' set-timeout $full --value -1
refused 2 'no timeout range "E1"' set-timeout $full --range E1
refused 2 'no timeout range ""' set-timeout $full --range ''
refused 2 'only one of --range' set-timeout $full --range B2 --value 6
refused 2 'only one of --enable' set-timeout $full --enable --disable
refused 2 'nothing to set' set-timeout $full
refused 2 'no duration' set-timeout $full --at-least 50
refused 2 'no duration' set-timeout $full --at-most 1m
refused 2 'finer than a microsecond' set-timeout $full --at-most 0.5us
refused 2 'mem or cache' set-timeout $full --enable --protocol io
refused 2 'force=decoder-committed' set-timeout $full --enable --force=decoder-committed
refused 2 'goes with --hold' set-timeout $full --enable -- true
status 2 cxl-iso set-timeout --enable
status 2 cxl-iso set-timeout $full 0000:aa:00.0 --enable
is "one unknown port: none is changed" "$(control $full)" 0x020f1900

# Several ports: what one can not do does not keep the others.
status 4 cxl-iso set-timeout $full $only_a $bc $none --range C1
check "done is named" grep -q "^$full: set MemRange=C1: done$" /run/out
check "and the other" grep -q "^$bc: set MemRange=C1: done$" /run/out
check "refused is named" grep -q "range-not-supported: $only_a " /run/err
check "and the other" grep -q "range-not-supported: $none " /run/err
is "the registers" "$(control $full) $(control $only_a) $(control $bc) $(control $none)" \
	"0x020f1909 0x00000010 0x00000019 0x00000000"
status 4 cxl-iso set-timeout $bc $none --range B2 --json
check "JSON: before" grep -q 'MemTimeout+ .*MemRange=C1' /run/out
check "JSON: after" grep -q 'MemTimeout+ .*MemRange=B2' /run/out
is "JSON: of each" "$(grep -c '"before":' /run/out) $(grep -c '"after":' /run/out)" "2 2"
check "JSON: exit status" grep -q '"exit_status": *4' /run/out
check "JSON: results" [ "$(grep -o '"result": *"[a-z]*"' /run/out | tr -d ' \n')" = '"result":"done""result":"refused"' ]
status 3 cxl-iso set-timeout $only_a $none --range D1
status 0 cxl-iso set-timeout all --range default
is "all: the registers" "$(control $full) $(control $only_a) $(control $bc) $(control $none)" \
	"0x020f1900 0x00000010 0x00000010 0x00000000"
check "all: what was so already" grep -q "^$none: .*: was so already$" /run/out
check "all: what was done" grep -q "^$full: .*: done$" /run/out
status 3 cxl-iso set-timeout $only_a --range B2 --dry-run
is "no violation" "$(isolation_violations)" ""
