# SPDX-License-Identifier: GPL-2.0-or-later
# Timeout & Isolation for root ports of QEMU, which have none (tools/isolation-emulator.c). For cases; wants lib.sh.
# shellcheck shell=dash disable=SC3045 # its read -t is there in busybox
#
# One emulator per port, any number of ports. PORT is a PCI address; where it may be left out it is the port started last.

ISOLATION=/run/isolation

# isolation_start PORT [OPTION...]: from here on the port has the capability; the options are the emulator's. Ends with
# the case at the latest.
isolation_start() {
	local port=$1 dir=$ISOLATION/$1
	shift
	isolation_stop "$port"
	rm -rf "$dir"
	mkdir -p "$dir"
	trap isolation_stop EXIT
	isolation-emulator --copy "$PCI/devices/$port/resource0" "$dir/block" || return
	isolation-emulator --log "$dir/log" --command "$dir/command" "$@" "$dir/block" \
		</dev/null >"$dir/errors" 2>&1 3>&- 4>&- &
	echo $! >"$dir/pid"
	isolation_port=$port
	wait_for 10 isolation_has_spoken
	if grep -qs ready "$dir/log"; then
		mount -o bind "$dir/block" "$PCI/devices/$port/resource0"
	else
		kill $!
		rm "$dir/pid"
		cat "$dir/errors"
		return 1
	fi
}
isolation_has_spoken() { grep -qs ready "$ISOLATION/$isolation_port/log" || [ -s "$ISOLATION/$isolation_port/errors" ]; }

# isolation_started [PORT]: all that are, or this one if it is
isolation_started() { find "$ISOLATION/$1" -name pid 2>/dev/null | cut -d / -f 4; }

# isolation_stop [PORT]: the port is what it was; without PORT all are. The logs stay.
isolation_stop() {
	local port
	for port in $(isolation_started "$1"); do
		umount "$PCI/devices/$port/resource0" || umount -l "$PCI/devices/$port/resource0"
		isolation_send "$port" quit || kill "$(cat "$ISOLATION/$port/pid")"
		wait "$(cat "$ISOLATION/$port/pid")"
		rm "$ISOLATION/$port/pid"
	done >/dev/null 2>&1
}

# isolation_send [PORT] COMMAND...: a command of the emulator's (see there); prints its answer, which begins with ok or
# error. When it is there, the registers are as the command made them.
isolation_send() {
	local port=$isolation_port answer
	case $1 in ????:??:??.?) port=$1 && shift ;; esac
	port=$ISOLATION/$port
	echo "$*" 1<>"$port/command"
	read -r -t 10 answer 0<>"$port/command.answer" || answer="error: the emulator does not answer"
	echo "$answer"
	[ "${answer#ok}" != "$answer" ]
}

# isolation_run PROGRAM [ARG...]: run it with its writes to the registers of all started ports trapped. So it reads what
# they kept, at once; every write is in the log, in order, also one that changes nothing. In the background, for $! to
# be the program: isolation-emulator --run $ISOLATION PROGRAM &
isolation_run() { isolation-emulator --run $ISOLATION "$@"; }

# isolation_register [PORT] control|status|capability|at: as the hardware has it; at: its offset in the block
isolation_register() {
	local port=$isolation_port
	case $1 in ????:??:??.?) port=$1 && shift ;; esac
	isolation_send "$port" dump | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# isolation_log [PORT]: every write and command, a line each; first what was written just now gets there. Without PORT: of
# all ports, stopped or not
isolation_log() {
	local port
	for port in $(isolation_started "$1"); do
		isolation_send "$port" dump >/dev/null
	done
	find "$ISOLATION/$1" -name log -exec cat {} +
}

# isolation_violations [PORT]: what no correct program does; nothing is good
isolation_violations() { isolation_log "$1" | grep 'violation: '; }

# --- what the commands that change registers do ---

# control [PORT], state [PORT]: the registers
control() { isolation_register ${1:+"$1"} control; }
state() { isolation_register ${1:+"$1"} status; }
# writes [PORT]: how many there were; written PORT: what was written last to the status register
writes() { isolation_log "$1" | grep -c ' written '; }
written() { isolation_log "$1" | grep ' status: .* written ' | tail -n 1 | sed 's/.*written \([^ ]*\) .*/\1/'; }
armed_by() { cxl-iso list -o ARMED-BY "$1" | tail -n 1 | tr -d ' '; }

# sets CONTROL COMMAND PORT [ARGUMENT...]: then the register is that
sets() {
	local expected=$1
	shift
	status 0 cxl-iso "$@"
	is "  the register" "$(control "$2")" "$expected"
}

# clears MASK STATUS PORT [ARGUMENT...]: writes that, and then the register is that
clears() {
	local mask=$1 now=$2
	shift 2
	status 0 cxl-iso clear-isolation "$@"
	is "  what is written" "$(written "$1")" "$mask"
	is "  the register" "$(state "$1")" "$now"
}

# refused STATUS MESSAGE COMMAND PORT [ARGUMENT...]: and the registers are what they were
refused() {
	local expected=$1 message=$2 was
	shift 2
	was="$(control "$2") $(state "$2") $(writes "$2")"
	status "$expected" cxl-iso "$@"
	check "  says: $message" grep -Eq "^cxl-iso: .*$message" /run/err
	is "  and wrote nothing" "$(control "$2") $(state "$2") $(writes "$2")" "$was"
}

# Nothing is left of the case before.
isolation_stop
rm -rf $ISOLATION /run/cxl-iso
