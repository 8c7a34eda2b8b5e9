# SPDX-License-Identifier: GPL-2.0-or-later
#
# assess: while an operation is under way, after it was killed, and without privilege.

. /guest/assess.sh
port=0000:0c:00.0
other=0000:de:00.0

echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
check "the memory is online" region_online "$region" movable
assessed $port recoverable
finds_no operation-in-progress

rm -f /run/progress
mkfifo /run/progress
cxl-iso recover $port --yes --progress=json 2>/run/progress >/dev/null 3>&- 4>&- &
recover=$!
exec 5</run/progress
while read -r line <&5; do
	case $line in
	*'"begin"'*'"step":"reset-port"'*)
		kill -STOP $recover
		break
		;;
	esac
done
assessed $port fix-first
finds operation-in-progress blocks $port "recover of $port is under way .process $recover."
assessed $other fix-first
finds operation-in-progress blocks $port "is under way .process $recover."
status 0 cxl-iso capture /run/during.json
status 3 cxl-iso assess $other --json --from /run/during.json
finds operation-in-progress blocks $port "is under way .process $recover."

kill -9 $recover
exec 5<&-
wait $recover 2>/dev/null
assessed $port fix-first
finds operation-in-progress blocks $port "recover of $port was cut short"
check "  and says how to finish it" sh -c 'grep -q -- "$1 --resume" /run/out' - $port
status 0 cxl-iso recover $port --resume
outcome $port recoverable
finds_no operation-in-progress

# Without privilege nothing is zero that is only unseen.
region=$(regions)
dax=$(dax_of "$region")
dax_use "$region" device_dax
dax-user "/dev/$dax" >/run/users 3>&- 4>&- &
user=$!
wait_for 10 grep -q mapped /run/users
mkdir -p /etc
echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
status 3 su nobody -c "cxl-iso assess $port --json"
finds not-privileged blocks $port 'can not be read'
finds_no users-unseen unexplained-memory # of addresses that are only root's to read
check "  the number of processes is unknown" grep -q '"processes": null' /run/out
status 0 su nobody -c "daxctl-ext list-users $dax --json"
check "list-users: it is not complete" grep -q '"complete": false' /run/out
status 0 su nobody -c "daxctl-ext list-users $dax"
check "  and says so" grep -q 'users may be missing' /run/err
kill $user
wait $user 2>/dev/null
