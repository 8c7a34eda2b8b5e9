# SPDX-License-Identifier: GPL-2.0-or-later
# What the host scripts of the bench share: the cache, and how a topology becomes a running QEMU.
# shellcheck shell=bash

set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin
vm=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
cache=$(realpath -m "${CXL_ISO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cxl-iso}")
kernel=${CXL_ISO_KERNEL:-kernel} # which of those that fetch knows

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
	say "$*"
	exit 2
}

# need PROGRAM...: what the machine must have, said before anything is begun
need() {
	local program missing=()
	for program in "$@"; do
		command -v "$program" >/dev/null || missing+=("$program")
	done
	((${#missing[@]} == 0)) || die "needs ${missing[*]}, which this machine has not"
}

# header CASE FIELD: what the head of a test case says
header() { sed -n "s/^# $2:[[:space:]]*//p" "$vm/cases/$1.sh"; }

# hardware TOPOLOGY: sets the array hardware to QEMU's options for topologies/TOPOLOGY. Such a file has one object a
# line, each below one named before; OPTIONS are further properties of the QEMU device, "name=value,...".
#
#   window SIZE BRIDGE...                       host address space, interleaved over the bridges
#   bridge NAME BUS                             CXL host bridge and its PCI bus number
#   port   NAME BRIDGE                          root port
#   switch NAME PORT                            upstream port of a CXL switch
#   down   NAME SWITCH                          downstream port of it
#   memdev NAME PORT SIZE SERIAL [OPTIONS]      volatile memory
#   pmem   NAME PORT SIZE SERIAL [OPTIONS]      persistent memory
#   dcd    NAME PORT SIZE SERIAL REGIONS        dynamic capacity
#   nic    NAME PORT MODEL [OPTIONS]            network adapter
hardware() {
	local kind name a b c d target windows=0 slot=2 machine=q35,cxl=on
	hardware=()
	[[ -f $vm/topologies/$1 ]] || die "no topology '$1'; there are: $(cd "$vm/topologies" && echo *)"
	while read -r kind name a b c d; do
		case $kind in
		'' | '#'*) ;;
		window)
			machine+=,cxl-fmw.$windows.size=$name
			target=0
			for name in $a $b $c $d; do
				machine+=,cxl-fmw.$windows.targets.$((target++))=$name
			done
			windows=$((windows + 1))
			;;
		bridge) add "pxb-cxl,id=$name,bus_nr=$a,bus=pcie.0" ;;
		port) add "cxl-rp,id=$name,bus=$a,port=$slot,chassis=0,slot=$((slot++))" ;;
		switch) add "cxl-upstream,id=$name,bus=$a" ;;
		down) add "cxl-downstream,id=$name,bus=$a,port=$slot,chassis=0,slot=$((slot++))" ;;
		memdev)
			ram "$name-ram" "$b"
			add "cxl-type3,id=$name,bus=$a,sn=$c,volatile-memdev=$name-ram${d:+,$d}"
			;;
		pmem)
			ram "$name-ram" "$b"
			ram "$name-lsa" 1M
			add "cxl-type3,id=$name,bus=$a,sn=$c,persistent-memdev=$name-ram,lsa=$name-lsa${d:+,$d}"
			;;
		dcd)
			ram "$name-ram" "$b"
			add "cxl-type3,id=$name,bus=$a,sn=$c,volatile-dc-memdev=$name-ram,num-dc-regions=$d"
			;;
		nic)
			hardware+=(-netdev "user,id=$name-net,restrict=on")
			add "$b,id=$name,bus=$a,netdev=$name-net,romfile=${c:+,$c}"
			;;
		*) die "topologies/$1: what is a '$kind'?" ;;
		esac
	done <"$vm/topologies/$1"
	hardware+=(-M "$machine")
}
add() { hardware+=(-device "$1"); }
ram() { hardware+=(-object "memory-backend-ram,id=$1,share=on,size=$2"); }

# boot EMULATOR TOPOLOGY DIR OUTPUT STATUS [KERNEL PARAMETER...]: becomes a QEMU that runs one guest to its end.
#
# It runs in DIR, where its initrd is. Its serial ports: 0 is the kernel's console, written to DIR/console; 1 and 3 are
# for what is run in it and how that ends, to the QEMU character devices OUTPUT and STATUS; 2 is QEMU's own QMP monitor,
# so that a test can plug, pull and inject. QEMU is killed when the process that called this dies. The kernel keeps a
# periodic tick: on a busy host an emulated processor may lose its one next timer interrupt, and then sleeps for ever.
boot() {
	local emulator=$cache/$1 output=$4 status=$5
	hardware "$2"
	cd "$3"
	shift 5
	export QEMU_MODULE_DIR=$emulator/usr/lib/x86_64-linux-gnu/qemu
	exec setpriv --pdeathsig KILL \
		"$emulator/ld.so" --library-path "$emulator/lib/x86_64-linux-gnu:$emulator/usr/lib/x86_64-linux-gnu" \
		"$emulator/usr/bin/qemu-system-x86_64" -L "$emulator/usr/share/qemu" -L "$emulator/usr/share/seabios" \
		-accel tcg,thread=multi -cpu max,-hypervisor -smp 2 -m 2G,maxmem=16G,slots=8 \
		-nodefaults -display none -no-reboot "${hardware[@]}" \
		-kernel "$cache/$kernel"/boot/vmlinuz-* -initrd initrd \
		-append "console=ttyS0 panic=-1 oops=panic mitigations=off nohz=off highres=off $*" \
		-qmp unix:qmp,server=on,wait=off \
		-chardev file,path=console,id=tty0 -serial chardev:tty0 \
		-chardev "$output,id=tty1" -serial chardev:tty1 \
		-chardev socket,path=qmp,id=tty2 -serial chardev:tty2 \
		-chardev "$status,id=tty3" -serial chardev:tty3
}
