# SPDX-License-Identifier: GPL-2.0-or-later
#
# evacuate and users of devdax: refused by default, waited for, ended, or nothing is changed.
#
# timeout: 240

echo offline >$MEMORY/auto_online_blocks
region=$(region_create_ram decoder0.0 "$(memdev_by_serial 0x1234)" 0x10000000)
dax=$(dax_of "$region")
check "the region is devdax" dax_use "$region" device_dax

said() { [ "$(wc -l </run/users)" -ge "$1" ]; }
# uses_it OPTION...: process $user does
uses_it() {
	: >/run/users
	dax-user "$@" "/dev/$dax" >/run/users 3>&- 4>&- &
	user=$!
	wait_for 10 said 1 || not_ok "somebody uses the device"
}
evacuate() { daxctl-ext evacuate "$dax" --discard-contents --yes "$@"; }
lives() { [ -d "/proc/$user/fd" ] && ! grep -q '^State:.*Z' "/proc/$user/status"; }
as_before() { [ "$(dax_driver "$dax")" = device_dax ] && lives && grep -q "/dev/$dax" "/proc/$user/maps"; }
# evacuated: and back again
evacuated() {
	is "  it has no driver" "$(dax_driver "$dax")" ""
	status 0 daxctl-ext restore "$dax"
	is "  and has again" "$(dax_driver "$dax")" device_dax
}

uses_it
status 3 evacuate
check "  by the rule, which names who" grep -q "^daxctl-ext: devdax-in-use: dax-user\[$user\]" /run/err
check "  all is as before" as_before
status 1 evacuate --users=wait --grace 2
check "  it is named" grep -q "dax-user\[$user\] still uses /dev/$dax" /run/err
check "  all is as before" as_before
(sleep 2 && kill "$user") 3>&- 4>&- &
status 0 evacuate --users=wait --grace 60
evacuated

uses_it
status 0 evacuate --users=term --grace 30
wait "$user"
is "it ended by SIGTERM" $? 143
evacuated

uses_it --open
status 0 evacuate --users=term --grace 30
wait "$user"
is "who only had it open ended, too" $? 143
evacuated

uses_it --deaf
status 1 evacuate --users=term --grace 2
check "  it is named" grep -q "dax-user\[$user\] still uses /dev/$dax" /run/err
check "  and SIGKILL is offered" grep -q -- '--users=kill' /run/err
check "  all is as before" as_before
status 0 evacuate --users=kill --grace 1
wait "$user"
is "it ended by SIGKILL" $? 137
evacuated

# Who inherits a mapping from one that ends is a user that was not there before.
uses_it --heir
status 0 evacuate --users=term --grace 30
wait "$user"
is "the first one ended by itself" $? 0
check "and who appeared meanwhile ended as well" sh -c '! pidof dax-user'
evacuated

# A process that appears while others are waited for is waited for, too.
uses_it --deaf
first=$user
(sleep 1 && exec dax-user "/dev/$dax" >>/run/users) 3>&- 4>&- &
second=$!
status 1 evacuate --users=term --grace 4
wait "$second"
is "it got its signal" $? 143
user=$first
check "all is as before, but for that" as_before
kill -9 "$first"
wait "$first"

# This shell is what started the program. The program itself does not inherit it.
exec 5<>"/dev/$dax"
status 1 evacuate --users=kill --grace 1 5>&-
check "an ancestor is not signalled" grep -q "and is what started this program" /run/err
is "  nothing was changed" "$(dax_driver "$dax")" device_dax
exec 5>&-

cp /usr/bin/dax-user /run/qemu-system-x86_64
mkdir -p /etc/cxl-iso/hooks.d/stop-guest.d
chmod 755 / /etc /etc/cxl-iso /etc/cxl-iso/hooks.d /etc/cxl-iso/hooks.d/stop-guest.d
cat >/etc/cxl-iso/hooks.d/stop-guest.d/shut-down <<'END'
#!/bin/sh
echo "$CXL_ISO_GUEST $CXL_ISO_PID $CXL_ISO_DAX" >/run/guest
kill -USR1 "$CXL_ISO_PID"
END
chmod 755 /etc/cxl-iso/hooks.d/stop-guest.d/shut-down
: >/run/users
/run/qemu-system-x86_64 -name guest=web,debug-threads=on -object "memory-backend-file,id=m,mem-path=/dev/$dax" \
	>/run/users 3>&- 4>&- &
user=$!
wait_for 10 said 1
status 0 evacuate --users=term --grace 30
wait "$user"
is "the guest was ended by the hook" $? 138
is "  which was told about it" "$(cat /run/guest)" "web $user $dax"
evacuated

: >/run/users
/run/qemu-system-x86_64 -name guest=web -object "memory-backend-file,id=m,mem-path=/dev/$dax" >/run/users 3>&- 4>&- &
user=$!
wait_for 10 said 1
echo '#!/bin/sh' >/etc/cxl-iso/hooks.d/stop-guest.d/shut-down
status 1 evacuate --users=kill --grace 2
check "a guest that a hook is for is never killed" as_before
kill -9 "$user"
wait
rm -r /run/qemu-system-x86_64 /etc/cxl-iso

uses_it
status 3 cxl-iso recover 0000:0c:00.0 --yes --discard-contents
check "recover refuses users, too" as_before
status 0 cxl-iso recover 0000:0c:00.0 --yes --discard-contents --users=term
wait "$user"
is "  or ends them" $? 143
region=$(regions)
is "  and brings the device back" "$(dax_driver "$(dax_of "$region")")" device_dax
check "the region can be undone" region_teardown "$region"
