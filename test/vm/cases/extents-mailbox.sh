# SPDX-License-Identifier: GPL-2.0-or-later
#
# The mailbox of a device without driver: read, it changes nothing; and what it answered can be kept in a file.
#
# timeout: 180

. /guest/extents.sh

# What the device says by a tool that shares nothing with the program: accepted, in the log
device_says() { echo "$(accepted) / $(in_log)"; }
list() { cxl-iso list-extents "$@" $DCD; }
# lines OPTION...: state, batch, which of it, start and size
lines() { cxl-iso list-extents -o state,batch,nr,dpa,size "$@" 2>/run/err | sed '1d; s/  */ /g; s/ $//'; }
enabled() { echo "$(cat $PCI/devices/$DCD/enable) $(hexdump -s 4 -n 2 -e '1/2 "%04x"' $PCI/devices/$DCD/config)"; }

memdev=$(memdev_by_serial 0x9abc)
status 3 list --source=mailbox
check "with its driver it is left alone" [ -e "$CXL/$memdev" ]
status 3 list --source=raw
check "a distribution's kernel has no raw commands" grep -q 'was built without raw commands' /run/err
check "and did not warn" [ "$(dmesg | grep -c 'raw command path used')" = 0 ]

check "no driver" dcd_unbind
before=$(enabled)
is "nobody has enabled it" "${before% *}" 0
status 0 list --source=mailbox
is "it is as it was" "$(enabled)" "$before"
is "nothing is offered" "$(lines $DCD)" ""

check "one extent is offered" offer 0:1
check "and a batch of three" offer 10:1 12:1 14:2
expected='offered 1 1 0x0 2 MiB
offered 2 1 0x1400000 2 MiB
offered 2 2 0x1800000 2 MiB
offered 2 3 0x1c00000 4 MiB'
is "both are read" "$(lines $DCD)" "$expected"
is "and once more" "$(lines $DCD)" "$expected"
is "the device has them as before" "$(device_says)" " / 1 2 3 4"
is "it is as it was" "$(enabled)" "$before"

# --- a dump ---
status 0 list --save-log /run/dump
is "only its owner reads it" "$(stat -c %a /run/dump)" 600
is "it has the same" "$(lines --from-log /run/dump)" "$expected"
# shellcheck disable=SC2002 # a pipe it must be
is "through a pipe as well" "$(cat /run/dump | lines --from-log -)" "$expected"
is "with the regions" "$(cxl-iso list-extents --from-log /run/dump | grep -c ' 512 MiB .* 2 MiB$')" 2
is "it says whose it is" "$(cxl-iso list-extents --json --from-log /run/dump | grep -c '"serial": "0x9abc"')" 1
sum=$(sha256sum </run/dump)
status 3 list --save-log /run/dump
check "it is not written over" grep -q 'cannot create /run/dump: File exists' /run/err
is "it is as it was" "$(sha256sum </run/dump)" "$sum"
head -c 600 /run/dump >/run/cut
status 2 cxl-iso list-extents --from-log /run/cut
check "one that was cut short is none" grep -q 'was cut short' /run/err
check "nothing of it was shown" [ ! -s /run/out ]

# --- more than the log holds, and what was accepted ---
status 0 respond 1 --accept all
status 0 respond 2 --accept 2
is "what was accepted is read" "$(lines $DCD)" 'accepted 0x0 2 MiB
accepted 0x1800000 2 MiB'
is "as the device has it" "$(device_says)" "0:1 12:1 / "
check "nine are offered, the log has room for eight" offer 20:1 22:1 24:1 26:1 28:1 30:1 32:1 34:1 36:1
is "eight are read" "$(lines --pending $DCD | grep -c '^offered 5 [1-8] ')" 8
status 0 list --json --save-log /run/full
check "one was lost" grep -q '"lost": 1,' /run/out
status 0 cxl-iso list-extents --json --from-log /run/full
check "so the dump says" grep -q '"lost": 1,' /run/out
is "the device has them as before" "$(device_says)" "0:1 12:1 / 5 6 7 8 9 10 11 12"

check "its driver takes it back" dcd_bind
check "so has Linux" wait_for 10 memdev_by_serial 0x9abc
