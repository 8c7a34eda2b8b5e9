# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hooks of evacuate, restore and recover: order, surroundings, time limit, and what becomes of it when one fails.
#
# timeout: 240

echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
dax=$(dax_of "$region")
check "the region is devdax" dax_use "$region" device_dax
node=$(node_of "$region")

hooks=/etc/cxl-iso/hooks.d
mkdir -p $hooks
chmod 755 / /etc /etc/cxl-iso $hooks
# hook EVENT NAME: of the script on standard input
hook() {
	mkdir -p "$hooks/$1.d"
	{ echo '#!/bin/sh' && cat; } >"$hooks/$1.d/$2"
	chmod 755 "$hooks/$1.d" "$hooks/$1.d/$2"
}
# log: what they wrote since
log() {
	cat /run/log 2>/dev/null
	rm -f /run/log
}
evacuate() { daxctl-ext evacuate "$dax" --discard-contents --yes "$@"; }
is_devdax() { [ "$(dax_driver "$dax")" = device_dax ] && [ -c "/dev/$dax" ]; }

for event in before-evacuate after-evacuate before-restore after-restore before-reset after-reset failure; do
	hook $event log <<'END'
driver=$(readlink "/sys/bus/dax/devices/$CXL_ISO_DAX/driver")
echo "$CXL_ISO_EVENT $CXL_ISO_OPERATION ${driver##*/} $CXL_ISO_OUTCOME" >>/run/log
END
done

SECRET=x status 0 evacuate
is "before and after" "$(log)" "before-evacuate evacuate device_dax 
after-evacuate evacuate  "
status 0 daxctl-ext restore "$dax"
is "and back" "$(log)" "before-restore restore  
after-restore restore device_dax "

# surroundings
hook before-evacuate 10-first <<'END'
echo 10-first >>/run/log
tr '\0' '\n' </proc/$$/environ >/run/environment
cat >/run/hook.json
{ pwd && umask; } >/run/place
END
hook before-evacuate 9-second <<'END'
echo 9-second >>/run/log
echo "this is for people"
END
rm $hooks/before-evacuate.d/log
SECRET=x status 0 evacuate
is "in the order of their names" "$(log)" "10-first
9-second
after-evacuate evacuate  "
is "the environment" "$(cat /run/environment)" "PATH=/usr/sbin:/usr/bin:/sbin:/bin
LANG=C
CXL_ISO_EVENT=before-evacuate
CXL_ISO_OPERATION=evacuate
CXL_ISO_OBJECT=$dax
CXL_ISO_DAX=$dax
CXL_ISO_PORTS=0000:0c:00.0
CXL_ISO_NODES=$node"
check "the document" grep -q '"schema": *"cxl-iso/hook"' /run/hook.json
check "  has the device" grep -q "\"name\": *\"$dax\"" /run/hook.json
check "  and the port" grep -q '"0000:0c:00.0"' /run/hook.json
is "where they are" "$(cat /run/place)" "/
0077"
check "what they print is on our standard error" grep -q 'this is for people' /run/err
check "  and not among the results" sh -c '! grep -q "for people" /run/out'
status 0 daxctl-ext restore "$dax"
log >/dev/null

# one that fails
hook before-evacuate 9-second <<'END'
echo 9-second >>/run/log
exit 7
END
status 1 evacuate
check "the hook that failed is named" grep -q '^daxctl-ext: the hook .*/9-second ended with exit status 7$' /run/err
check "  nothing was changed" is_devdax
is "  and those of failure were told, at the end" "$(log)" "10-first
9-second
before-restore evacuate device_dax 
after-restore evacuate device_dax 
failure evacuate device_dax put-back"
check "  no journal is left" [ -z "$(ls /var/lib/cxl-iso)" ]

# one that is against bringing back: it is heard if that was asked for, and not if it puts back what failed
echo 'exit 1' | hook before-restore no
status 1 evacuate
check "what failed is put back in spite of a hook" is_devdax
is "  and all others ran" "$(log)" "10-first
9-second
before-restore evacuate device_dax 
after-restore evacuate device_dax 
failure evacuate device_dax put-back"
echo : | hook before-evacuate 9-second
status 0 evacuate
log >/dev/null
status 4 daxctl-ext restore "$dax"
is "  it may stand against a restore" "$(dax_driver "$dax")" ""
is "  of which nothing else was done" "$(log)" "before-restore restore  
failure restore  partial"
rm $hooks/before-restore.d/no
status 0 daxctl-ext restore "$dax"
check "  which goes on without it" is_devdax
log >/dev/null

# one that takes too long, with a child that has all of its files
hook before-evacuate 9-second <<'END'
sleep 1000 &
wait
END
start=$(cut -d . -f 1 /proc/uptime)
status 1 evacuate --hook-timeout 2
took=$(($(cut -d . -f 1 /proc/uptime) - start))
check "it is not waited for longer than was said ($took s)" [ $took -lt 30 ]
check "  that is said" grep -q 'did not end within 2 s' /run/err
check "  its child is gone, too" sh -c '! pidof sleep'
check "  nothing was changed" is_devdax
rm $hooks/before-evacuate.d/9-second
log >/dev/null

# a signal while one runs: it is left to end, and the next one is not begun
echo 'echo 10-first begins >>/run/log; sleep 3; echo 10-first ends >>/run/log' | hook before-evacuate 10-first
echo 'echo 9-second >>/run/log' | hook before-evacuate 9-second
daxctl-ext evacuate "$dax" --discard-contents --yes >/run/out 2>/run/err 3>&- 4>&- &
evacuate=$!
wait_for 20 grep -q begins /run/log
killall -INT daxctl-ext
wait $evacuate
is "stopped by a signal: exit status" $? 4
is "  between two hooks" "$(log)" "10-first begins
10-first ends
failure evacuate device_dax partial"
check "  nothing was changed" is_devdax
status 0 evacuate
is "the same command goes on" "$(log)" "10-first begins
10-first ends
9-second
after-evacuate evacuate  "
status 0 daxctl-ext restore "$dax"
rm $hooks/before-evacuate.d/9-second
log >/dev/null

# one that others can write, of whatever event, runs nothing
chmod g+w $hooks/after-restore.d/log
status 3 evacuate
check "by the rule, which says how to mend it" grep -q "chmod go-w $hooks/after-restore.d/log" /run/err
is "  no hook ran" "$(log)" ""
status 3 cxl-iso recover 0000:0c:00.0 --yes --discard-contents
check "recover says the same" grep -q '^cxl-iso: hook-unsafe: ' /run/err
is "  no hook ran" "$(log)" ""
chmod g-w $hooks/after-restore.d/log
chmod o+w $hooks
status 3 evacuate
check "a directory that others can write is the same" grep -q "$hooks can be written" /run/err
chmod 755 $hooks
ln -s log $hooks/failure.d/link
status 3 evacuate
check "and a link" grep -q 'is a symbolic link' /run/err
rm $hooks/failure.d/link

# the reset: everything is gone before it, and there is nothing new right after
echo : | hook before-evacuate 10-first
hook before-reset log <<'END'
echo "before-reset $CXL_ISO_PORTS $(ls -d /sys/bus/cxl/devices/region* 2>/dev/null | wc -l)" >>/run/log
END
hook after-reset log <<'END'
echo "after-reset $CXL_ISO_PORTS $(ls -d /sys/bus/cxl/devices/region* 2>/dev/null | wc -l)" >>/run/log
END
status 0 cxl-iso recover 0000:0c:00.0 --yes --discard-contents
is "around the reset" "$(log)" "after-evacuate recover  
before-reset 0000:0c:00.0 0
after-reset 0000:0c:00.0 0
before-restore recover  
after-restore recover device_dax "
region=$(regions)
dax=$(dax_of "$region")

hook before-reset log <<'END'
echo "before-reset" >>/run/log
exit 1
END
hdmcheck | grep committed >/run/before
status 1 cxl-iso recover 0000:0c:00.0 --yes --discard-contents
is "a hook before the reset can prevent it" "$(log)" "after-evacuate recover  
before-reset
before-restore recover  
after-restore recover device_dax 
failure recover device_dax put-back"
region=$(regions)
dax=$(dax_of "$region")
check "  all is as before" is_devdax
check "  also in the device" sh -c 'hdmcheck | grep committed | cmp -s - /run/before'
rm -r /etc/cxl-iso
check "the region can be undone" region_teardown "$region"
