# SPDX-License-Identifier: GPL-2.0-or-later
#
# cxl-iso list --settings and apply: out, a platform reset, and in again.

. /guest/isolation.sh
one=0000:0c:00.0
two=0000:de:00.0
three=0000:de:01.0

controls() { echo "$(control $one) $(control $two) $(control $three)"; }
# apply STATUS TEXT: as a file
apply() {
	printf '%s\n' "$2" >/run/settings.test
	status "$1" cxl-iso apply /run/settings.test
}
# wrong LINE MESSAGE TEXT: exit status 2, nothing is changed
wrong() {
	local was
	was="$(controls) $(writes)"
	apply 2 "$3"
	check "  says: $2" grep -Eq "^cxl-iso: /run/settings.test line $1: .*$2" /run/err
	is "  and changed nothing" "$(controls) $(writes)" "$was"
}

isolation_start $one --control 0x0203191a || not_ok "an emulator"
isolation_start $two --capability 0x00010013 --control 0x00010012 || not_ok "an emulator"
isolation_start $three --capability 0x00030000 || not_ok "an emulator"
before=$(controls)

status 0 cxl-iso list --settings
cp /run/out /run/settings
is "the settings of $one" "$(grep $one /run/settings)" "$one mem-range=C2 cache-range=C1 mem-timeout=on\
 mem-isolation=on mem-link-down=on cache-timeout=on cache-isolation=off cache-link-down=off err-cor=on"
is "of $two" "$(grep $two /run/settings)" "$two mem-range=A2 mem-timeout=on mem-isolation=on"
is "of $three" "$(grep $three /run/settings)" "$three mem-isolation=off mem-link-down=off"
is "and of no other" "$(wc -l </run/settings)" 3
status 0 cxl-iso list --settings $two
is "or of one" "$(cat /run/out)" "$two mem-range=A2 mem-timeout=on mem-isolation=on"

was=$(writes)
status 0 isolation_run cxl-iso apply /run/settings
is "all was so already" "$(grep -c 'was so already$' /run/out)" 3
is "nothing is written" "$(writes)" "$was"
for port in $one $two $three; do
	isolation_send $port reset
done
is "a platform reset" "$(controls)" "0x00000000 0x00000000 0x00000000"
status 0 cxl-iso apply /run/settings --dry-run
is "dry run" "$(grep -c 'would be done$' /run/out) $(controls)" "3 0x00000000 0x00000000 0x00000000"
status 0 cxl-iso apply /run/settings
is "all is back" "$(controls)" "$before"
is "in one write each, where there is one" "$(($(writes) - was))" 2
was=$(writes)
status 0 isolation_run cxl-iso apply /run/settings
is "the second time nothing is written" "$(writes)" "$was"
check "it is armed by us" [ "$(cxl-iso list -o ARMED-BY $one | tail -n 1 | tr -d ' ')" = us ]

# The emulators anew, as after a boot; the default file; standard input.
isolation_stop
rm -rf /run/cxl-iso
isolation_start $one || not_ok "an emulator"
isolation_start $two --capability 0x00010013 || not_ok "an emulator"
isolation_start $three --capability 0x00030000 || not_ok "an emulator"
status 2 cxl-iso apply
check "no file: said so" grep -q '^cxl-iso: cannot open /etc/cxl-iso/settings: ' /run/err
check "and where one comes from" grep -q '^hint: .*list --settings' /run/err
status 2 cxl-iso apply /run/there-is-none
mkdir -p /etc/cxl-iso
cp /run/settings /etc/cxl-iso/settings
status 0 cxl-iso apply
is "all is back" "$(controls)" "$before"
rm -r /etc/cxl-iso
isolation_send $one reset
status 0 sh -c 'cxl-iso list --settings | sed "/0000:0c:00.0/s/mem-range=default/mem-range=b2/" | cxl-iso apply -'
is "from the standard input" "$(control $one)" 0x00000006
status 2 cxl-iso apply /run/settings /run/settings
status 2 cxl-iso apply /etc

# What a line leaves out stays.
isolation_send $one control 0x0203191a
apply 0 "# a comment
	$one	mem-range=B1   # and one more

   # $two mem-timeout=off
$two mem-timeout=off"
is "only that is changed" "$(controls)" "0x02031915 0x00010002 0x00000000"
printf '%s mem-range=D1' $one >/run/settings.test
status 0 cxl-iso apply /run/settings.test
is "the last line without its end" "$(control $one)" 0x0203191d
apply 0 "# nothing"
apply 0 ""
printf '%s mem-range=D2\r\n' $one >/run/settings.test
status 0 cxl-iso apply /run/settings.test
is "a line's end from elsewhere" "$(control $one)" 0x0203191e

# What can not be.
apply 4 "$one mem-range=C1
0000:aa:00.0 mem-range=C1"
check "an unknown port is named" grep -q 'no CXL root port "0000:aa:00.0"' /run/err
is "and the others done" "$(control $one)" 0x02031919
apply 3 "0000:aa:00.0 mem-range=C1"
apply 4 "$two mem-range=D2
$one mem-range=C2"
check "what a port can not do is named" grep -q "range-not-supported: $two " /run/err
is "and the others done" "$(control $one)" 0x0203191a
apply 3 "$three mem-timeout=on"
check "not supported" grep -q 'not-supported: ' /run/err
rm -f /run/cxl-iso/ours-$one # as in a boot that did not apply anything
apply 3 "$one mem-isolation=off"
check "not armed by us" grep -q 'firmware-armed: ' /run/err
wrong 1 'there is no setting "mem-ranges"' "$one mem-ranges=A1"
wrong 2 'mem-range=E1: expected default, A1' "$one mem-range=A2
$two mem-range=E1"
wrong 1 'mem-timeout=1: expected on or off' "$one mem-timeout=1"
wrong 1 '"mem-timeout": expected KEY=VALUE' "$one mem-timeout"
wrong 1 'mem-timeout is there twice' "$one mem-timeout=on mem-timeout=on"
wrong 1 'mem-range is there twice' "$one mem-range=A1 mem-range=A2"
wrong 1 'mem-range is there twice' "$one mem-range=default mem-range=A2"
wrong 3 "$one is there twice" "$one mem-range=A1
# between
$one mem-timeout=off"
wrong 1 'is no PCI address' "0000:0c:00.00000000000000000000000000000000000000000000000000000000000000000000 mem-range=A1"
wrong 1 'interrupt' "$one interrupt=on"
was=$(controls)
printf '%s\n' "all mem-range=A1" >/run/settings.test
cxl-iso apply /run/settings.test >/run/out 2>/run/err
is "all is no port of a file: not done is not said to be" "$? $(controls)" "2 $was"
apply 2 "$one mem-range=A1"' mem-timeout'
status 0 cxl-iso list --json
check "the interrupt stays off" [ "$(isolation_log | grep -c 'written 0x0[4567]')" = 0 ]

# Rules hold for files as well.
echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
isolation_send $one control 0
apply 3 "$one mem-isolation=on"
check "memory in use" grep -q 'decoder-committed: ' /run/err
apply 3 "$one mem-range=B2 mem-timeout=on"
check "a timeout that would reset the host" grep -q 'timeout-without-isolation: ' /run/err
status 0 cxl-iso apply /run/settings.test --force timeout-without-isolation
is "or forced" "$(control $one)" 0x00000016
check "the region can be undone" region_teardown "$region"
is "no violation" "$(isolation_violations)" ""
