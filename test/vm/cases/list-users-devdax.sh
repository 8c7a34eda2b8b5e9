# SPDX-License-Identifier: GPL-2.0-or-later
#
# list-users: exactly the processes that use a devdax device, however it is asked for, while others come and go.
#
# timeout: 240

echo offline >$MEMORY/auto_online_blocks
memdev=$(memdev_by_serial 0x1234)
region=$(region_create_ram decoder0.0 "$memdev" 0x10000000)
dax=$(dax_of "$region")
other=$(region_create_ram decoder0.1 "$(memdev_by_serial 0x5678)" 0x10000000)
check "both regions are devdax" dax_use "$region" device_dax && dax_use "$other" device_dax
mkdir -p /etc
printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >/etc/passwd

# uses DEVICE PROCESS: as its maps and descriptors tell
uses() {
	local fd
	grep -q " /dev/$1\$" "$2/maps" && return
	for fd in "$2"/fd/*; do
		[ "$(readlink "$fd")" != "/dev/$1" ] || return 0
	done
	return 1
}
# users DEVICE: all that do, in one line
users() {
	local process
	for process in /proc/[0-9]*; do
		! uses "$1" "$process" 2>/dev/null || echo "${process#/proc/}"
	done | sort -n | tr '\n' ' '
}
# pids: that the document says which was printed last
pids() { sed -n 's/^ *"pid": *\([0-9]*\),*$/\1/p' /run/out | sort -nu | tr '\n' ' '; }
# shows OBJECT PIDS
shows() {
	status 0 daxctl-ext list-users "$1" --json
	is "  its users" "$(pids)" "$2"
	check "  all of them" grep -q '"complete": true' /run/out
}
started() { [ "$(wc -l </run/users)" = "$1" ]; }

shows "$dax" ""
: >/run/users
dax-user "/dev/$dax" >>/run/users 3>&- 4>&- &
one=$!
wait_for 10 started 1
shows "$dax" "$one "
is "  the truth" "$(users "$dax")" "$one "
is "  it maps it all" "$(sed -n 's/^ *"mapped": *\([0-9]*\),*$/\1/p' /run/out)" 268435456
shows "$(dax_of "$other")" ""

mkdir -p /sys/fs/cgroup/system.slice/store.service
n=1
while [ $((n += 1)) -le 20 ]; do
	case $n in
	2 | 3) sh -c "echo \$\$ >/sys/fs/cgroup/system.slice/store.service/cgroup.procs; exec dax-user /dev/$dax" ;;
	4 | 5) dax-user --open "/dev/$dax" ;;
	6) dax-user "/dev/$dax" "/dev/$(dax_of "$other")" ;;
	*) dax-user "/dev/$dax" ;;
	esac >>/run/users 3>&- 4>&- &
done
wait_for 20 started 20
truth=$(users "$dax")
is "twenty use it" "$(echo "$truth" | wc -w)" 20
for object in "$dax" "$region" "$memdev" serial:0x1234 0000:0c:00.0; do
	shows "$object" "$truth"
done
shows "$other" "$(users "$(dax_of "$other")")"
is "  one of them" "$(pids | wc -w)" 1
status 0 daxctl-ext list-users "$dax"
check "the table has a user, a unit and bytes" grep -Eq "^$dax +[0-9]+ root +dax-user +store.service +256 MiB map" /run/out
is "  of two" "$(grep -c 'store.service' /run/out)" 2
is "  two hold it only" "$(grep -c 'dax-user .* open *$' /run/out)" 2
status 0 daxctl-ext list-users "$dax" --tree
check "the tree has the unit" grep -q 'store.service' /run/out

rm -f /run/*.json
status 0 cxl-iso capture --full /run/full.json
status 0 daxctl-ext list-users "$dax" "$other" --json --verbose
cp /run/out /run/live
status 0 daxctl-ext list-users "$dax" "$other" --json --verbose --from /run/full.json
check "a capture shows what was to be seen, byte for byte" cmp /run/live /run/out
check "  command lines are in it" grep -q '"arguments": "dax-user --open' /run/full.json
status 0 cxl-iso capture /run/plain.json
is "  but not in one for others, nor are names and serials" \
	"$(grep -Ec 'dax-user --open|"user": "root"|store\.service|"serial": *"?(0x1234|4660)' /run/plain.json)" 0
status 0 daxctl-ext list-users "$dax" --json --from /run/plain.json
is "  it has the same users" "$(pids)" "$truth"

status 0 su nobody -c "daxctl-ext list-users $dax --json"
check "without privilege: not all of them" grep -q '"complete": false' /run/out
is "  and none is made up" "$(pids)" ""

killall dax-user
wait
wait_for 10 test -z "$(users "$dax")"
shows "$dax" ""
status 2 daxctl-ext list-users dax7.0

# Processes that begin, map the device, and are gone: some are seen, and none is an error.
churn() {
	while [ ! -e /run/stop ]; do
		dax-user --once "/dev/$dax" >/dev/null &
		dax-user --once "/dev/$dax" >/dev/null
	done
}
rm -f /run/stop
dax-user "/dev/$dax" >/run/users 3>&- 4>&- &
one=$!
wait_for 10 started 1
churn 3>&- 4>&- &
churn=$!
failed=0 missed=0 n=0
while [ $((n += 1)) -le 20 ]; do
	daxctl-ext list-users "$dax" --json >/run/out 2>/run/err || failed=$((failed + 1))
	[ ! -s /run/err ] || cat /run/err
	grep -q "\"pid\": $one,*\$" /run/out && grep -q '"complete": true' /run/out || missed=$((missed + 1))
done
status 3 cxl-iso assess 0000:0c:00.0
touch /run/stop
wait $churn
is "while others come and go nothing fails" $failed 0
is "  and who stays is always shown" $missed 0
kill $one
wait
