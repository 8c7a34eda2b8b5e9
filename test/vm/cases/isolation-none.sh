# SPDX-License-Identifier: GPL-2.0-or-later
#
# Ports without the Timeout & Isolation capability, or whose registers nobody can read: said so, and nothing is tried.

. /guest/isolation.sh
port=0000:0c:00.0
empty=0000:de:01.0
config=$PCI/devices/$empty/config

refused_for() { # RULE ARGUMENT...
	local rule=$1
	shift
	status 3 cxl-iso "$@"
	check "  for $rule" grep -q "^cxl-iso: $rule" /run/err
	is "  in two lines" "$(wc -l </run/err)" 2
}

status 0 cxl-iso list
check "no port has the capability" [ "$(grep -c ' none *$' /run/out)" = 4 ]
status 0 cxl-iso list -i
check "nor anything else of it" grep -Eqx "$port +none *" /run/out
status 0 cxl-iso list -v "$port"
check "nor registers" grep -qx "$port: isolation none, back end none" /run/out
status 0 cxl-iso list --json
is "JSON says none" "$(grep -c '"isolation": *"none"' /run/out)" 4
status 0 cxl-iso list --settings
is "there are no settings" "$(cat /run/out)" ""

for way in --range=B2 --value=6 --at-least=50ms --at-most=1s --enable --disable; do
	refused_for "no-capability: $port has no " set-timeout "$port" $way
done
refused_for 'no-capability: ' set-timeout "$port" --range=B2 --hold -- true
for command in enable-isolation disable-isolation clear-isolation; do
	refused_for "no-capability: $port has no " $command "$port"
done
for command in 'set-timeout --enable' enable-isolation disable-isolation clear-isolation; do
	# shellcheck disable=SC2086
	refused_for 'no port has the Timeout & Isolation capability$' $command all
done
status 3 cxl-iso enable-isolation "$port" --json
check "JSON: refused" grep -q '"result": *"refused"' /run/out
check "with the rule" grep -q '"no-capability' /run/out
status 3 cxl-iso set-timeout "$port" --range B2 --dry-run
echo "$port mem-range=B2 mem-timeout=on" >/run/settings
refused_for 'no-capability: ' apply /run/settings
status 2 cxl-iso set-timeout 0000:0d:00.0 --enable
check "a device is no port" grep -q 'root port is 0000:0c:00.0' /run/err

mkdir -p /etc
echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
for command in 'set-timeout --enable' enable-isolation disable-isolation clear-isolation; do
	status 3 su nobody -c "cxl-iso $command $port"
	check "  for who asks" grep -q '^cxl-iso: not-privileged: ' /run/err
	check "  and what to do" grep -q '^hint: run as root$' /run/err
done
status 3 su nobody -c 'cxl-iso enable-isolation all'
check "who can not look does not know that no port has it" grep -Eq '^cxl-iso: .*(privileged|root|unknown)' /run/err
status 3 su nobody -c "cxl-iso set-timeout $port --enable --hold -- true"
check "  nor may hold" grep -q '^cxl-iso: not-privileged: ' /run/err
status 3 su nobody -c "cxl-iso set-timeout $port --restore"

# The memory space bit of the command register, at offset 4.
command_byte() { od -An -tu1 -j4 -N1 "$config" | tr -d ' '; }
# shellcheck disable=SC2059 # the format is the byte
set_command() { printf "\\$(printf %o "$1")" | dd of="$config" bs=1 seek=4 conv=notrunc 2>/dev/null; }
before=$(command_byte)
set_command $((before & ~2))
is "memory space is disabled" $(($(command_byte) & 2)) 0
status 0 cxl-iso list -i "$empty"
check "then it is unknown" grep -Eqx "$empty +unknown *" /run/out
status 0 cxl-iso list --json "$empty"
check "in JSON as well" grep -q '"isolation": *"unknown"' /run/out
refused_for "capability-unknown: .*$empty" set-timeout "$empty" --enable
refused_for 'capability-unknown: ' enable-isolation "$empty"
refused_for 'capability-unknown: ' clear-isolation "$empty"
echo "$empty mem-timeout=on" >/run/settings
refused_for 'capability-unknown: ' apply /run/settings
status 3 cxl-iso enable-isolation all
check "all does not take unknown for none" grep -q unknown /run/err
is "who looks does not change it" $(($(command_byte) & 2)) 0
set_command "$before"
status 0 cxl-iso list -i "$empty"
check "and back again" grep -Eqx "$empty +none *" /run/out
is "no violation" "$(isolation_violations 2>/dev/null)" ""
