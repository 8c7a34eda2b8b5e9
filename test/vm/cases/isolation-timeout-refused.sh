# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso set-timeout: what ports do not support, what is no timeout, and several ports of which some can not.

. /guest/isolation.sh
rm -rf /run/cxl-iso
full=0000:0c:00.0
only_a=0000:0c:01.0
bc=0000:de:00.0
none=0000:de:01.0

control() { isolation_register "$1" control; }
# sets CONTROL PORT ARGUMENT...
sets() {
	local expected=$1
	shift
	status 0 cxl-iso set-timeout "$@"
	is "  the register" "$(control "$1")" "$expected"
}
# refused STATUS MESSAGE PORT ARGUMENT...: and the register is what it was
refused() {
	local expected=$1 message=$2 was
	shift 2
	was=$(control "$1")
	status "$expected" cxl-iso set-timeout "$@"
	check "  says: $message" grep -Eq "^cxl-iso: .*$message" /run/err
	is "  and changed nothing" "$(control "$1")" "$was"
}

isolation_start $full --control 0x020f1900 || not_ok "an emulator"
isolation_start $only_a --capability 0x00010011 || not_ok "an emulator"
isolation_start $bc --capability 0x00010016 || not_ok "an emulator"
isolation_start $none --capability 0x00030000 || not_ok "an emulator"

sets 0x00000012 $only_a --at-least 1ms --enable
sets 0x00000011 $only_a --at-most 100us
refused 3 'range-not-supported: ' $only_a --range B1
check "  and names what is" grep -q '^hint: .*: A, and the default' /run/err
refused 3 'range-not-supported: .* at least 50ms' $only_a --at-least 50ms
refused 3 'range-not-supported: ' $only_a --value 0xe
refused 3 'range-not-supported: .* at most 10us' $only_a --at-most 10us
refused 3 'not-supported: .*CXL.cache' $only_a --protocol cache --enable
refused 3 'range-not-supported: .*CXL.cache' $only_a --protocol cache --range A1
sets 0x00000010 $only_a --range default
sets 0x0000001a $bc --range C2 --enable
sets 0x00000015 $bc --at-least 10ms
refused 3 'range-not-supported: ' $bc --range A2
refused 3 'range-not-supported: ' $bc --range D1 --enable
refused 3 'not-supported: .*CXL.mem timeout' $none --enable
refused 3 'range-not-supported: ' $none --range B2
check "  and what is: none" grep -q '^hint: .*: none, and the default' /run/err
sets 0x00000000 $none --disable

refused 2 '0x3 is reserved' $full --value 3
refused 2 'expected 0 to 0xf, not "16"' $full --value 16
refused 2 'expected 0 to 0xf' $full --value -1
refused 2 'no timeout range "E1"' $full --range E1
refused 2 'no timeout range ""' $full --range ''
refused 2 'only one of --range' $full --range B2 --value 6
refused 2 'only one of --enable' $full --enable --disable
refused 2 'nothing to set' $full
refused 2 'no duration' $full --at-least 50
refused 2 'no duration' $full --at-most 1m
refused 2 'finer than a microsecond' $full --at-most 0.5us
refused 2 'mem or cache' $full --enable --protocol io
refused 2 'force=decoder-committed' $full --enable --force=decoder-committed
refused 2 'goes with --hold' $full --enable -- true
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
