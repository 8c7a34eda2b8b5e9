# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso set-timeout: every way to say it, and nothing else of the register is changed.

. /guest/isolation.sh
full=0000:0c:00.0

# All but the mem timeout is on, so that it shows if something of it gets lost.
isolation_start $full --control 0x020f1900 || not_ok "an emulator"

# value NAME: of the register
value() {
	case $1 in
	default) echo 0 ;;
	a1 | a) echo 1 ;; a2) echo 2 ;; b1 | b) echo 5 ;; b2) echo 6 ;;
	c1 | c) echo 9 ;; c2) echo a ;; d1 | d) echo d ;; d2) echo e ;;
	esac
}
for name in A1 A2 B1 B2 C1 C2 D1 D2 default a a2 B b2 c C2 D d2; do
	sets "0x020f190$(value "$(echo $name | tr '[:upper:]' '[:lower:]')")" set-timeout $full --range $name
done
is "each was one write" "$(writes $full)" 17
sets 0x020f1906 set-timeout $full --value 6
sets 0x020f190e set-timeout $full --value 0xe
sets 0x020f1900 set-timeout $full --value 0
sets 0x020f1906 set-timeout $full --at-least 50ms
sets 0x020f1905 set-timeout $full --at-most 100ms
sets 0x020f190a set-timeout $full --at-least 0.9s
sets 0x020f1901 set-timeout $full --at-most 200us
sets 0x020f1911 set-timeout $full --enable
sets 0x020f1916 set-timeout $full --range B2
sets 0x020f1906 set-timeout $full --disable
sets 0x020f191d set-timeout $full --range D1 --enable
sets 0x020f1902 set-timeout $full --disable --range a2
sets 0x020f1e02 set-timeout $full --protocol cache --range D2
sets 0x020f0e02 set-timeout $full --protocol cache --disable
sets 0x020f1602 set-timeout $full --protocol=cache --at-least=60ms --enable
status 0 cxl-iso list -v $full
check "list shows it" grep -q 'IsoCtl:.*MemTimeout- .*MemRange=A2 CacheTimeout+ .*CacheRange=B2 ErrCor+' /run/out
status 0 cxl-iso list -i $full
check "and in words" grep -Eq "^$full +armed +off +1 ms - 10 ms +ABCD +none +no" /run/out

# A write that is not needed is not done, and --dry-run does none.
was=$(writes $full)
status 0 isolation_run cxl-iso set-timeout $full --range a2 --disable
check "was so already" grep -q ': was so already$' /run/out
status 0 isolation_run cxl-iso set-timeout $full --range B2 --enable --dry-run
check "would be done" grep -q "^$full: set MemTimeout+ MemRange=B2: would be done$" /run/out
status 0 isolation_run cxl-iso set-timeout $full --range B2 --enable --dry-run --json
check "JSON: planned" grep -q '"result": *"planned"' /run/out
check "JSON: nothing is after" grep -q '"after": *null' /run/out
is "no write" "$(writes $full)" "$was"
is "no violation" "$(isolation_violations)" ""
