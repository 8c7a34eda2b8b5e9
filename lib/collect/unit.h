/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a control group's path says about who runs in it. */
#ifndef COLLECT_UNIT_H
#define COLLECT_UNIT_H

#include <stddef.h>

/*
 * The innermost container ("docker-0123456789ab", its id shortened), else the innermost machine as
 * machinectl has it ("qemu-1-web"), else the innermost unit as systemctl has it. "" if none.
 */
void unit_of_cgroup(const char *cgroup, char *unit, size_t size);

/* The virtual machine, if libvirt made the group; else "". libvirt leaves out characters that
 * names of machines can not have, and cuts long names. */
void guest_of_cgroup(const char *cgroup, char *guest, size_t size);

#endif
