# SPDX-License-Identifier: GPL-2.0-or-later
#
# What recover refuses: one line that says why, a hint, the right exit status, and nothing touched.

refused() { # STATUS MESSAGE-REGEX HINT-REGEX ARGUMENT...
	local expected=$1 message=$2 hint=$3
	shift 3
	status "$expected" cxl-iso recover "$@"
	check "  says: $message" grep -q "^cxl-iso: $message" /run/err
	check "  hints: $hint" grep -q "^hint: .*$hint" /run/err
	is "  in two lines" "$(wc -l </run/err)" 2
}

refused 3 'nothing-below: there is no device below 0000:de:01.0$' rescan 0000:de:01.0 --yes
refused 2 'there is no CXL root port "0000:aa:00.0"$' '0000:0c:00.0, 0000:0c:01.0, ' 0000:aa:00.0 --yes
refused 2 'there is no CXL root port "0000:0c:00"$' 0000:0c:00.0 0000:0c:00 --yes
refused 2 '0000:0d:00.0 is a CXL memory device, not a CXL root port$' 'root port is 0000:0c:00.0$' 0000:0d:00.0 --yes
refused 2 'serial:0x1234 is a CXL memory device' 'root port is 0000:0c:00.0$' serial:0x1234 --yes
refused 2 'node0 is a NUMA node' list node0 --yes
refused 2 '--tim: unknown option' abbreviated 0000:0c:00.0 --tim 5

mkdir -p /etc
echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
status 3 su nobody -c 'cxl-iso recover 0000:0c:00.0 --yes'
check "without root: refused" grep -q '^cxl-iso: not-privileged: ' /run/err
check "and says what to do" grep -q '^hint: run as root' /run/err
status 0 su nobody -c 'cxl-iso list'
check "without root the ports are listed all the same" grep -q '^0000:de:01.0 ' /run/out
check "and what is unknown is called so" grep -q '^0000:0c:00.0 .* unknown$' /run/out
is "the device below is as it was" "$(below_port 0000:0c:00.0)" 0000:0d:00.0
