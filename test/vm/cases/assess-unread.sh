# SPDX-License-Identifier: GPL-2.0-or-later
#
# Nothing is read from the memory itself: no command line that lies on it, no page of who has it.

. /guest/assess.sh
port=0000:0c:00.0
echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
check "the memory is online" region_online "$region" movable
node=$(node_of "$region")
devdax=$(region_create_ram decoder0.1 "$(memdev_by_serial 0x5678)" 0x10000000)
check "other memory is devdax" dax_use "$devdax" device_dax
dax=$(dax_of "$devdax")

# Two guests, but for where their arguments are.
mkdir -p /run/bin
cp "$(which dax-user)" /run/bin/qemu-system-x86
: >/run/guests
bound "$node" /run/bin/qemu-system-x86 -name guest=far1 -object memory-backend-file,mem-path=/dev/"$dax" \
	>>/run/guests 3>&- 4>&- &
far=$!
bound 0 /run/bin/qemu-system-x86 -name guest=near1 -object memory-backend-file,mem-path=/dev/"$dax" \
	>>/run/guests 3>&- 4>&- &
near=$!
wait_for 20 sh -c '[ $(wc -l </run/guests) = 2 ]'
kill -STOP $far $near
check "the arguments of one are on the node" grep -q " stack .*N$node=" /proc/$far/numa_maps
check "those of the other are not" sh -c "! grep ' stack ' /proc/$near/numa_maps | grep -q N$node="

# forget PID: from here on the kernel notes which of its pages are touched, also by others
forget() { echo 1 >"/proc/$1/clear_refs"; }
# touched PID: KiB of its own memory (files are anywhere) that were, since then
touched() {
	awk '
		/^[0-9a-f]+-[0-9a-f]+ / { own = $6 == "" || $6 ~ /^\[(stack|heap)\]/ }
		own && /^Referenced:/ { sum += $2 }
		END { print sum + 0 }' "/proc/$1/smaps"
}

forget $far
is "untouched" "$(touched $far)" 0
cat /proc/$far/cmdline >/dev/null
check "a reader of the command line shows" [ "$(touched $far)" -gt 0 ]

# unread COMMAND...: it touches nothing of the one process
unread() {
	forget $far
	"$@" >/run/out 2>/run/err
	echo "status $?"
	is "$*: touched" "$(touched $far)" 0
}
rm -f /run/*.json
unread cxl-iso list --tree
unread cxl-iso assess $port
unread cxl-iso assess $port --situation isolated
check "  page tables are left alone" grep -q 'are unseen' /run/out
unread cxl-iso assess 0000:de:00.0
unread cxl-iso recover $port --dry-run
unread daxctl-ext list-users --json --verbose
is "  the one guest's name" "$(grep -c 'near1' /run/out) $(grep -c 'far1' /run/out)" "$(grep -c near1 /run/out) 0"
check "  it is known" grep -q '"guest": "near1"' /run/out
check "  both are users" sh -c "grep -q '\"pid\": $far,*$' /run/out && grep -q '\"pid\": $near,*$' /run/out"
unread daxctl-ext list-users "node$node" --verbose
unread cxl-iso capture --full --pages /run/capture.json
check "  a command line is in it" grep -q '"arguments": ".*qemu-system-x86 -name guest=near1' /run/capture.json
is "  the other is not" "$(grep -c far1 /run/capture.json)" 0

kill -CONT $far $near
kill $far $near
wait $far $near 2>/dev/null
