// SPDX-License-Identifier: GPL-2.0-or-later
/* collect/: who uses dax devices and nodes, from trees of files that stand for /proc and cgroups. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collect/arguments.h"
#include "collect/collect.h"
#include "collect/describe.h"
#include "collect/mounts.h"
#include "collect/unit.h"
#include "regs/isolation.h"
#include "support.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define KIB UINT64_C(1024)
#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- what a control group's path says ---- */

static void check_unit(const char *cgroup, const char *unit, const char *guest)
{
	char got[128], name[64];

	unit_of_cgroup(cgroup, got, sizeof(got));
	guest_of_cgroup(cgroup, name, sizeof(name));
	assert_string_equal(got, unit);
	assert_string_equal(name, guest);
}

static void test_units(void **state)
{
	(void)state;
	check_unit("/", "", "");
	check_unit("", "", "");
	check_unit("/user.slice", "", "");
	check_unit("/init.scope", "init.scope", "");
	check_unit("/system.slice/mysqld.service", "mysqld.service", "");
	check_unit("/user.slice/user-0.slice/user@0.service/app.slice/a\\x2db.service",
		   "a\\x2db.service", "");
	check_unit("/system.slice/nothing.slice/below", "", "");
}

static void test_containers(void **state)
{
	(void)state;
	check_unit("/system.slice/docker-" ID ".scope", "docker-0123456789ab", "");
	check_unit("/docker/" ID, "docker-0123456789ab", "");
	check_unit("/machine.slice/libpod-" ID ".scope/container", "libpod-0123456789ab", "");
	check_unit("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/"
		   "cri-containerd-" ID ".scope",
		   "cri-containerd-0123456789ab", "");
	check_unit("/kubepods.slice/crio-" ID ".scope/container", "crio-0123456789ab", "");
	check_unit("/kubepods/burstable/pod12-34/" ID, "kubepods-0123456789ab", "");
	check_unit("/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" ID,
		   "cri-containerd-0123456789ab", "");
	check_unit("/lxc.payload.web/system.slice/cron.service", "lxc-web", "");
	/* systemd inside of a container: the container is what its host can stop */
	check_unit("/system.slice/docker-" ID ".scope/system.slice/cron.service",
		   "docker-0123456789ab", "");
	/* a container in a container */
	check_unit("/docker/" ID "/docker/f" ID, "docker-0123456789ab", "");
	check_unit("/docker/" ID "/libpod-f" ID, "docker-0123456789ab", "");
	check_unit("/docker/" ID "/libpod-ffff" ID, "docker-0123456789ab", "");
	check_unit("/docker/0123456789ab", "", "");
	check_unit("/" ID, "0123456789ab", "");
}

static void test_machines(void **state)
{
	(void)state;
	check_unit("/machine.slice/machine-qemu\\x2d1\\x2dmy\\x2dweb.scope/libvirt/emulator",
		   "qemu-1-my-web", "my-web");
	check_unit("/machine/qemu-12-db.libvirt-qemu/emulator", "qemu-12-db", "db");
	check_unit("/machine.slice/machine-debian.scope", "debian", "");
	check_unit("/machine.slice/machine-qemu\\x2d1.scope", "qemu-1", "");
	check_unit("/machine.slice/machine-qemu\\x2d\\x2d.scope", "qemu--", "");
}

static void test_hostile_groups(void **state)
{
	char path[8192], unit[128];

	(void)state;
	check_unit("/machine-\\x1b\\x00\\x\\xzz\\x4.scope", "?\\x00\\x\\xzz\\x4", "");
	check_unit("/machine-.scope", "", "");
	check_unit("///..//.service/.scope", ".scope", "");
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	strcpy(path + sizeof(path) - sizeof(".service"), ".service");
	unit_of_cgroup(path, unit, sizeof(unit));
	strcpy(path + 200, ".service");
	unit_of_cgroup(path, unit, sizeof(unit));
	assert_int_equal(strlen(unit), sizeof(unit) - 1);
}

/* ---- a process ---- */

static void add_process(struct tree *tree, int pid, const char *command)
{
	tree_file(tree, command, "/proc/%d/comm", pid);
	tree_file(tree, "7000-8000 rw-p 00000000 00:00 0 [heap]\n", "/proc/%d/maps", pid);
	tree_directory(tree, "/proc/%d/fd", pid);
}

static void describe_one(struct tree *tree, int pid, const struct caution *caution,
			 struct process *out)
{
	cleanup_describer struct describer describer = {.sys = &tree->sys, .caution = caution};
	cleanup_process struct process_handle handle = NO_PROCESS;

	memset(out, 0, sizeof(*out));
	assert_int_equal(process_open(&tree->sys, pid, &handle), 0);
	describe(&describer, &handle, &(struct holdings){.rdma = true}, out);
}

static void test_describe(void **state)
{
	static const struct caution caution = {.nodes_known = true};
	struct tree *tree = *state;
	struct process process;

	add_process(tree, 9, "post gres\n");
	tree_file(tree,
		  "Name:\ta\\nb\\\\c\nState:\tS (sleeping)\nUid:\t1000\t26\t0\t0\n"
		  "Groups:\t1 2 3 \nVmPeak:\t    9 kB\nVmLck:\t    2052 kB\nVmPin:\t   8 kB\n"
		  "Mems_allowed:\t3\nMems_allowed_list:\t0-1\n",
		  "/proc/9/status");
	tree_file(tree, "12:cpu:/old\n1:name=systemd:/old\n0::/system.slice/db.service\n",
		  "/proc/9/cgroup");
	describe_one(tree, 9, &caution, &process);
	assert_int_equal(process.pid, 9);
	assert_string_equal(process.command, "a?b\\c");
	assert_int_equal(process.uid, 26);
	assert_string_equal(process.user, ""); /* not for another machine's tree */
	assert_int_equal(process.locked, 2052 * KIB);
	assert_int_equal(process.pinned, 8 * KIB);
	assert_string_equal(process.nodes, "0-1");
	assert_string_equal(process.cgroup, "/system.slice/db.service");
	assert_string_equal(process.unit, "db.service");
	assert_string_equal(process.guest, "");
	assert_true(process.rdma);
	assert_false(process.vfio);
	assert_null(process.arguments);
	free(process.cgroup);
}

static void test_describe_unseen(void **state)
{
	static const struct caution caution = {.nodes_known = true};
	struct tree *tree = *state;
	struct process process;

	tree_file(tree, "Uid:\tx\nVmLck:\t-\nVmPin:\t99999999999999999999 kB\n", "/proc/9/status");
	tree_file(tree, "0:\n", "/proc/9/cgroup");
	tree_file(tree, "post gres\n", "/proc/9/comm");
	describe_one(tree, 9, &caution, &process);
	assert_string_equal(process.command, "post gres");
	assert_int_equal(process.uid, UNKNOWN);
	assert_int_equal(process.locked, UNKNOWN);
	assert_int_equal(process.pinned, UNKNOWN);
	assert_string_equal(process.nodes, "");
	assert_null(process.cgroup);
}

static void test_user_name(void **state)
{
	static const struct sys machine = {""};
	struct caution caution = {.nodes_known = true};
	struct passwd *entry = getpwuid(geteuid());

	(void)state;
	for (int isolated = 0; isolated < 2; isolated++) {
		cleanup_describer struct describer describer = {.sys = &machine,
								.caution = &caution};
		cleanup_process struct process_handle handle = NO_PROCESS;
		struct process process = {0};

		caution.isolated = isolated;
		assert_int_equal(process_open(&machine, getpid(), &handle), 0);
		describe(&describer, &handle, &(struct holdings){0}, &process);
		assert_int_equal(process.uid, geteuid());
		assert_string_equal(process.user, entry && !isolated ? entry->pw_name : "");
		free(process.cgroup);
	}
}

/* ---- users: /dev/null and /dev/zero are the dax devices, for want of better ones ---- */

#define NULL_DEVICE "../../../../../../dev/null"
#define ZERO_DEVICE "../../../../../../dev/zero"
#define FULL_DEVICE "../../../../../../dev/full"

static void add_devices(struct tree *tree, struct host *host)
{
	struct dax *dax = list_add(&host->dax_devices);

	strcpy(dax->name, "dax0.0");
	dax->mode = DAX_DEVDAX;
	dax = list_add(&host->dax_devices);
	strcpy(dax->name, "dax1.0");
	dax->mode = DAX_FAMFS;
	tree_file(tree, "1:3\n", "/sys/bus/dax/devices/dax0.0/dev");
	tree_file(tree, "1:5\n", "/sys/bus/dax/devices/dax1.0/dev");
}

static void check_user(const struct host *host, size_t i, const char *dax, int pid, uint64_t mapped,
		       bool open)
{
	const struct user *user = &host->users.items[i];

	assert_true(i < host->users.count);
	assert_string_equal(user->dax, dax);
	assert_int_equal(user->pid, pid);
	assert_int_equal(user->mapped, mapped);
	assert_int_equal(user->open, open);
}

/* One process may have several devices, and is described once. */
static void test_several_devices(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_devices(tree, &host);
	add_process(tree, 20, "both\n");
	tree_link(tree, NULL_DEVICE, "/proc/20/fd/3");
	tree_link(tree, ZERO_DEVICE, "/proc/20/fd/4");
	tree_link(tree, ZERO_DEVICE, "/proc/20/map_files/1000-3000");
	tree_file(tree, "1000-3000 r--s 00000000 00:05 12 /dev/dax1.0\n", "/proc/20/maps");
	add_process(tree, 100, "one\n");
	tree_link(tree, ZERO_DEVICE, "/proc/100/fd/0");
	add_process(tree, 3, "none\n");
	tree_link(tree, FULL_DEVICE, "/proc/3/fd/0");
	assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
	assert_true(host.users_complete);
	assert_int_equal(host.users.count, 3);
	check_user(&host, 0, "dax1.0", 20, 0x2000, true);
	check_user(&host, 1, "dax0.0", 20, 0, true);
	check_user(&host, 2, "dax1.0", 100, 0, true);
	assert_int_equal(host.processes.count, 2);
	assert_string_equal(host_process(&host, 20)->command, "both");
	assert_string_equal(host_process(&host, 100)->command, "one");
}

/* What pins memory is known by its number, whatever a container calls it. */
static void test_holdings(void **state)
{
	struct tree *tree = *state;
	static const struct {
		const char *devices, *misc;
		bool vfio, rdma;
	} cases[] = {
		{"Character devices:\n  1 mem\n", "  7 full\n", false, false},
		{"Character devices:\n  1 vfio\n", "", true, false},
		{"Character devices:\n  1 vfio-dev\n", "", true, false},
		{"Character devices:\n  1 infiniband_verbs\n", "", false, true},
		{"Character devices:\n  4 tty\n\nBlock devices:\n  1 vfio\n", "", false, false},
		{"", "  7 iommu\n", false, false}, /* of another major */
		{"garbage\n 99999999999999999999999 vfio\n", "vfio\n", false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_host struct host host = {0};
		int pid = 10 + (int)i;

		tree_file(tree, cases[i].devices, "/proc/devices");
		tree_file(tree, cases[i].misc, "/proc/misc");
		add_devices(tree, &host);
		add_process(tree, pid, "holder\n");
		tree_link(tree, NULL_DEVICE, "/proc/%d/fd/3", pid);
		tree_link(tree, FULL_DEVICE, "/proc/%d/fd/4", pid);
		assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
		assert_int_equal(host_process(&host, pid)->vfio, cases[i].vfio);
		assert_int_equal(host_process(&host, pid)->rdma, cases[i].rdma);
	}
}

static void test_device_ranges(void **state)
{
	cleanup_devices struct devices devices = {0};
	struct tree *tree = *state;
	struct holdings holdings = {0};

	tree_file(tree, "Character devices:\n231 infiniband_verbs\n300 infiniband_verbs\n",
		  "/proc/devices");
	tree_file(tree, "196 vfio\n232 kvm\n124 iommu\n", "/proc/misc");
	devices_read(&tree->sys, &devices);
	devices_note(&devices, makedev(231, 0), &holdings);   /* infiniband_mad */
	devices_note(&devices, makedev(231, 224), &holdings); /* infiniband_cm */
	devices_note(&devices, makedev(10, 231), &holdings);
	assert_false(holdings.vfio || holdings.rdma || holdings.kvm);
	devices_note(&devices, makedev(231, 192), &holdings);
	assert_true(holdings.rdma);
	devices_note(&devices, makedev(10, 232), &holdings);
	assert_true(holdings.kvm);
	assert_false(holdings.vfio);
	devices_note(&devices, makedev(10, 124), &holdings);
	assert_true(holdings.vfio);
	holdings = (struct holdings){0};
	devices_note(&devices, makedev(300, 70), &holdings);
	devices_note(&devices, makedev(10, 196), &holdings);
	assert_true(holdings.vfio && holdings.rdma);
}

/* A line of maps as the kernel writes it for this device node, but for the addresses. */
static void maps_line(char line[128], const char *node)
{
	struct stat status;

	assert_int_equal(stat(node, &status), 0);
	snprintf(line, 128, "1000-3000 rw-s 00000000 %02x:%02x %lu /x\n", major(status.st_dev),
		 minor(status.st_dev), (unsigned long)status.st_ino);
}

/* Files are looked at once: of the second process there is no link to follow. */
static void test_files_are_known(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	char line[128], other[128];

	add_devices(tree, &host);
	maps_line(line, "/dev/null");
	maps_line(other, "/dev/full");
	for (int pid = 10; pid < 14; pid++) {
		add_process(tree, pid, "user\n");
		tree_file(tree, pid % 2 ? other : line, "/proc/%d/maps", pid);
	}
	tree_link(tree, NULL_DEVICE, "/proc/10/map_files/1000-3000");
	tree_link(tree, FULL_DEVICE, "/proc/11/map_files/1000-3000");
	assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
	assert_true(host.users_complete);
	assert_int_equal(host.users.count, 2);
	check_user(&host, 0, "dax0.0", 10, 0x2000, false);
	check_user(&host, 1, "dax0.0", 12, 0x2000, false);
}

/* The machine's own node needs no link at all; so who has no privilege sees his own mappings. */
static void test_own_node_is_known(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	char line[128];

	add_devices(tree, &host);
	tree_link(tree, "../../../../../../dev/null", "/dev/dax0.0");
	tree_link(tree, "../../../../../../dev/null", "/dev/dax1.0"); /* of another number */
	maps_line(line, "/dev/null");
	add_process(tree, 10, "user\n");
	tree_file(tree, line, "/proc/10/maps");
	assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
	assert_true(host.users_complete);
	assert_int_equal(host.users.count, 1);
	check_user(&host, 0, "dax0.0", 10, 0x2000, false);
}

/* Thousands of other files of the same file system are not taken for it. */
static void test_other_files_are_not(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	char *text = NULL;
	struct stat status;
	size_t size;
	FILE *maps = open_memstream(&text, &size);

	add_devices(tree, &host);
	tree_link(tree, "../../../../../../dev/null", "/dev/dax0.0");
	assert_int_equal(stat("/dev/null", &status), 0);
	for (unsigned long i = 1; i < 8192; i++)
		fprintf(maps, "1000-3000 rw-s 00000000 %02x:%02x %lu /x\n", major(status.st_dev),
			minor(status.st_dev), (unsigned long)status.st_ino + i);
	fclose(maps);
	add_process(tree, 10, "user\n");
	tree_file(tree, text, "/proc/10/maps");
	free(text);
	assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.users.count, 0);
}

/* Where maps has other numbers than stat (btrfs), two files may have the same: each is followed. */
static void test_ambiguous_files(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_devices(tree, &host);
	tree_file(tree, "", "/run/other");
	for (int pid = 10; pid < 13; pid++) {
		add_process(tree, pid, "user\n");
		tree_file(tree, "1000-3000 rw-s 00000000 00:2f 300 /x\n", "/proc/%d/maps", pid);
	}
	tree_link(tree, "/run/other", "/proc/10/map_files/1000-3000");
	tree_link(tree, NULL_DEVICE, "/proc/11/map_files/1000-3000");
	tree_link(tree, ZERO_DEVICE, "/proc/12/map_files/1000-3000");
	assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
	assert_true(host.users_complete);
	assert_int_equal(host.users.count, 2);
	check_user(&host, 0, "dax0.0", 11, 0x2000, false);
	check_user(&host, 1, "dax1.0", 12, 0x2000, false);
}

/* A mapping that is never there when its link is followed: what was seen counts, but not all was. */
static void test_mappings_that_change(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_devices(tree, &host);
	add_process(tree, 10, "user\n");
	tree_file(tree,
		  "1000-3000 rw-s 00000000 00:2f 300 /x\n4000-8000 rw-s 00000000 00:2f 300 /x\n",
		  "/proc/10/maps");
	tree_link(tree, NULL_DEVICE, "/proc/10/map_files/1000-3000");
	assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
	assert_false(host.users_complete);
	assert_int_equal(host.users.count, 1);
	check_user(&host, 0, "dax0.0", 10, 0x2000, false);
}

/* The kernel would not write this; a tree may have it. */
static void test_hostile_maps(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_devices(tree, &host);
	add_process(tree, 10, "user\n");
	tree_file(tree,
		  "\n1000\n1000-\n1000-3000\n1000-3000 \n1000-3000 rw-s\n1000-3000 rw-s 0\n"
		  "1000-3000 rw-s 0 0\n1000-3000 rw-s 0 0:0\n-3000 rw-s 0 0:0 0\n"
		  "3000-1000 rw-s 0 0:0 0 \n1000-3000 rw-p 0 0:0 0 \n"
		  "zzzz-3000 rw-s 0 0:0 0 \nffffffffffffffffffffff-3000 rw-s 0 0:0 0 \n"
		  "5000-6000 rw-s 00000000 00:05 12 /x\n7000-80",
		  "/proc/10/maps");
	tree_link(tree, NULL_DEVICE, "/proc/10/map_files/1000-3000");
	tree_link(tree, NULL_DEVICE, "/proc/10/map_files/5000-6000");
	tree_file(tree, "9", "/proc/99999999999999999999/comm");
	tree_file(tree, "9", "/proc/-5/comm");
	tree_file(tree, "9", "/proc/7x/comm");
	tree_file(tree, "9", "/proc/0/comm");
	assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
	assert_true(host.users_complete);
	assert_int_equal(host.users.count, 1);
	check_user(&host, 0, "dax0.0", 10, 0x1000, false);
}

/* The first thread has ended: the process shows nothing under its own number. */
static void test_first_thread_is_gone(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_devices(tree, &host);
	add_process(tree, 10, "leader\n");
	tree_file(tree, "", "/proc/10/maps");
	for (int thread = 10; thread < 14; thread++)
		tree_directory(tree, "/proc/10/task/%d", thread);
	add_process(tree, 10000, "thread\n"); /* of another process */
	tree_directory(tree, "/proc/11");     /* gone, too */
	tree_link(tree, "/threads/12", "/proc/12");
	tree_file(tree, "1000-3000 rw-s 00000000 00:05 12 /x\n", "/threads/12/maps");
	tree_link(tree, NULL_DEVICE, "/threads/12/map_files/1000-3000");
	tree_link(tree, ZERO_DEVICE, "/threads/12/fd/7");
	assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
	assert_true(host.users_complete);
	assert_true(host.users.count >= 2);
	check_user(&host, 0, "dax0.0", 10, 0x2000, false);
	check_user(&host, 1, "dax1.0", 10, 0, true);
	assert_string_equal(host_process(&host, 10)->command, "leader");
}

static void test_name_space(void **state)
{
	static const struct {
		const char *name;
		bool complete;
	} cases[] = {{"pid:[4026531836]", true}, {"pid:[4026532177]", false}};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_host struct host host = {0};

		add_devices(tree, &host);
		tree_link(tree, cases[i].name, "/proc/self/ns/pid");
		assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
		assert_int_equal(host.users_complete, cases[i].complete);
		tree_unlink(tree, "/proc/self/ns/pid");
	}
}

/* ---- mounts ---- */

static void check_mount(const struct host *host, size_t i, const char *source, const char *type,
			const char *path)
{
	const struct mount *mount = &host->mounts.items[i];

	assert_true(i < host->mounts.count);
	assert_string_equal(mount->source, source);
	assert_string_equal(mount->type, type);
	assert_string_equal(mount->path, path);
}

static void test_mounts(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	tree_file(tree,
		  "21 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
		  "22 21 0:5 / /dev rw - devtmpfs udev rw\n"
		  "36 21 0:33 / /mnt/a\\040b\\011\\134c rw,noatime shared:2 master:3 - famfs "
		  "/dev/dax0.0 rw,shadow=/x\n"
		  "37 21 259:0 / /mnt/p rw - xfs /dev/pmem0 rw,dax\n"
		  "38 21 259:1 / /mnt/q rw - ext4 /dev/pmem1.1s1 rw\n"
		  "39 21 259:2 / /mnt/r rw - ext4 /dev/pmem12p2 rw\n"
		  "40 21 8:2 / /mnt/s rw - ext4 /dev/pmemory rw\n"
		  "41 21 8:3 / /mnt/t rw - ext4 /dev/daxophone rw\n"
		  "42 21 0:40 / /mnt/u rw - tmpfs dax0.0 rw\n",
		  "/proc/1/mountinfo");
	tree_file(tree, "36 21 0:33 / /not/ours rw - famfs /dev/dax9.0 rw\n",
		  "/proc/self/mountinfo");
	collect_mounts(&tree->sys, &host);
	assert_int_equal(host.mounts.count, 4);
	check_mount(&host, 0, "dax0.0", "famfs", "/mnt/a b?\\c");
	check_mount(&host, 1, "pmem0", "xfs", "/mnt/p");
	check_mount(&host, 2, "pmem1.1s", "ext4", "/mnt/q");
	check_mount(&host, 3, "pmem12", "ext4", "/mnt/r");
}

static void test_own_mounts(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	collect_mounts(&tree->sys, &host);
	assert_int_equal(host.mounts.count, 0);
	tree_file(tree, "36 21 0:33 / /mnt rw - famfs /dev/dax9.0 rw\n", "/proc/self/mountinfo");
	collect_mounts(&tree->sys, &host);
	assert_int_equal(host.mounts.count, 1);
	check_mount(&host, 0, "dax9.0", "famfs", "/mnt");
}

static void test_hostile_mounts(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	tree_file(tree,
		  "\n - \n - - \n1 - famfs /dev/dax0.0\n1 2 3 4 - famfs /dev/dax0.0 rw\n"
		  "1 2 3 4 /x - famfs\n1 2 3 4 /x - famfs \n1 2 3 4 /x - famfs /dev/\n"
		  "1 2 3 4 /x\\04 - \033[2J /dev/dax0.0 rw\n1 2 3 4 /x - famfs /dev/dax",
		  "/proc/1/mountinfo");
	collect_mounts(&tree->sys, &host);
	assert_int_equal(host.mounts.count, 1);
	check_mount(&host, 0, "dax0.0", "?[2J", "/x\\04");
}

/* ---- usage of nodes ---- */

static void add_block(struct host *host, int number, const char *state, int node)
{
	struct block *block = list_add(&host->blocks);

	block->number = number;
	block->start = number;
	block->node = node;
	strcpy(block->state, state);
}

static void isolate(struct host *host)
{
	struct root_port *port = list_add(&host->root_ports);

	port->isolation = ISOLATION_PRESENT;
	port->status = ISOLATION_STATUS_ISOLATED(ISOLATION_MEM);
}

static void check_usage(const struct host *host, size_t i, int pid, int node, uint64_t anon,
			uint64_t file, uint64_t hugetlb)
{
	const struct usage *usage = &host->usages.items[i];

	assert_true(i < host->usages.count);
	assert_int_equal(usage->pid, pid);
	assert_int_equal(usage->node, node);
	assert_int_equal(usage->anon, anon);
	assert_int_equal(usage->file, file);
	assert_int_equal(usage->hugetlb, hugetlb);
}

static void add_numa_maps(struct tree *tree, int pid, const char *text)
{
	add_process(tree, pid, "user\n");
	tree_file(tree, text, "/proc/%d/numa_maps", pid);
}

static void test_usage(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_block(&host, 1, "online", 1);
	add_block(&host, 2, "going-offline", 3);
	add_block(&host, 3, "offline", 2);
	tree_file(tree, "anon N0=4096 N1=0\n", "/sys/fs/cgroup/memory.numa_stat");
	add_numa_maps(tree, 100,
		      "7f00 default anon=30 dirty=30 active=0 N0=10 N1=20 kernelpagesize_kB=4\n"
		      "7f10 default file=/lib/a\\040N1\\07599 mapped=9 N1=9 kernelpagesize_kB=4\n"
		      "7f20 bind:1 file=/lib/b anon=2 dirty=2 mapped=7 N1=5 N3=2 "
		      "kernelpagesize_kB=4\n"
		      "7f30 default file=/anon_hugepage\\040(deleted) huge anon=3 dirty=3 N1=3 "
		      "kernelpagesize_kB=2048\n"
		      "7f40 default heap\n");
	add_numa_maps(tree, 20, "7f00 default anon=1 dirty=1 N3=1 kernelpagesize_kB=64\n");
	add_numa_maps(tree, 30, "7f00 default anon=1 dirty=1 N0=1 N2=7 kernelpagesize_kB=4\n");
	add_numa_maps(tree, 2, ""); /* of the kernel */
	assert_int_equal(collect_usage(&tree->sys, &host, NULL), 0);
	assert_true(host.usage_complete);
	assert_int_equal(host.usages.count, 3);
	check_usage(&host, 0, 20, 3, 64 * KIB, 0, 0);
	check_usage(&host, 1, 100, 1, (20 + 2) * 4 * KIB, (9 + 3) * 4 * KIB, 3 * 2048 * KIB);
	check_usage(&host, 2, 100, 3, 2 * 4 * KIB, 0, 0);
	assert_int_equal(host.usages.items[0].bound, 0);
	assert_int_equal(host.usages.items[1].bound, 5 * 4 * KIB); /* to that node alone */
	assert_int_equal(host.usages.items[2].bound, 0);
	assert_int_equal(host.processes.count, 2);
	assert_string_equal(host_process(&host, 20)->command, "user");
}

/* Who is named already is not named twice, and the order stays. */
static void test_usage_of_known_process(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	struct process *known = list_add(&host.processes);

	known->pid = 50;
	strcpy(known->command, "known");
	add_block(&host, 1, "online", 1);
	for (int pid = 40; pid <= 60; pid += 10)
		add_numa_maps(tree, pid, "7f00 default anon=1 N1=1 kernelpagesize_kB=4\n");
	assert_int_equal(collect_usage(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.usages.count, 3);
	assert_int_equal(host.processes.count, 3);
	assert_string_equal(host_process(&host, 40)->command, "user");
	assert_string_equal(host_process(&host, 50)->command, "known");
	assert_string_equal(host_process(&host, 60)->command, "user");
	assert_false(host.usage_complete); /* there are no control groups */
}

static void test_hostile_numa_maps(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_block(&host, 1, "online", 1);
	add_numa_maps(tree, 10,
		      "\nN\nN1\nN1=\nN1=x\nN=1\nN01\n N-1=5 N1=-5 huge\n"
		      "7f00 N99999999999999999999=1 N4294967297=7\n"
		      "7f00 default anon=1 N1=18446744073709551615 N1=99999999999999999999999 "
		      "kernelpagesize_kB=18446744073709551615\n"
		      "7f00 default N1=3 huge kernelpagesize_k");
	assert_int_equal(collect_usage(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.usages.count, 1);
	check_usage(&host, 0, 10, 1, UNKNOWN - 1, UNKNOWN - 1, 3 * 4 * KIB);
}

static void test_usage_of_threads(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_block(&host, 1, "online", 1);
	add_numa_maps(tree, 10, "");
	tree_directory(tree, "/proc/10/task/10");
	tree_directory(tree, "/proc/10/task/12");
	tree_link(tree, "/threads/12", "/proc/12");
	tree_file(tree, "7f00 default anon=1 N1=1 kernelpagesize_kB=4\n", "/threads/12/numa_maps");
	assert_int_equal(collect_usage(&tree->sys, &host, NULL), 0);
	assert_true(host.usages.count >= 1);
	check_usage(&host, 0, 10, 1, 4 * KIB, 0, 0);
}

/* Nothing of ours is online: there is nothing to see, and all of it was seen. */
static void test_no_usage(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_block(&host, 1, "offline", -1);
	add_numa_maps(tree, 10, "7f00 default anon=1 N0=1 N1=1 kernelpagesize_kB=4\n");
	tree_file(tree, "anon N0=4096 N1=5\n", "/sys/fs/cgroup/memory.numa_stat");
	assert_int_equal(collect_usage(&tree->sys, &host, NULL), 0);
	assert_true(host.usage_complete);
	assert_int_equal(host.usages.count, 0);
	assert_int_equal(host.groups.count, 0);
}

/* Page tables may lie in what is isolated; the kernel's counters do not. */
static void test_usage_in_isolation(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	isolate(&host);
	add_block(&host, 1, "online", 1);
	add_numa_maps(tree, 10, "7f00 default anon=1 N1=1 kernelpagesize_kB=4\n");
	tree_file(tree, "anon N0=4096 N1=5\n", "/sys/fs/cgroup/memory.numa_stat");
	assert_int_equal(collect_usage(&tree->sys, &host, NULL), 0);
	assert_false(host.usage_complete);
	assert_int_equal(host.usages.count, 0);
	assert_int_equal(host.groups.count, 1);
}

static void test_usage_unseen(void **state)
{
	cleanup_host struct host host = {0}, other = {0};
	struct tree *tree = *state;

	tree_file(tree, "anon N1=4096\n", "/sys/fs/cgroup/memory.numa_stat");
	add_block(&host, 1, "online", 1);
	add_process(tree, 10, "no numa_maps\n");
	assert_int_equal(collect_usage(&tree->sys, &host, NULL), 0);
	assert_false(host.usage_complete);
	tree_file(tree, "", "/proc/10/numa_maps");
	assert_int_equal(collect_usage(&tree->sys, &host, NULL), 0);
	assert_true(host.usage_complete);
	tree_link(tree, "pid:[4026532177]", "/proc/self/ns/pid");
	assert_int_equal(collect_usage(&tree->sys, &host, NULL), 0);
	assert_false(host.usage_complete);
	tree_unlink(tree, "/proc/self/ns/pid");
	add_block(&other, 1, "online", 1);
	add_block(&other, 2, "online", -1); /* it is on some node */
	assert_int_equal(collect_usage(&tree->sys, &other, NULL), 0);
	assert_false(other.usage_complete);
}

static int look_without_rights(void *context)
{
	struct tree *tree = context;
	cleanup_host struct host host = {0};

	add_block(&host, 1, "online", 1);
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 77;
	if (collect_usage(&tree->sys, &host, NULL) || host.usages.count != 1)
		return 1;
	return host.usage_complete ? 2 : 0;
}

static void test_usage_incomplete(void **state)
{
	struct tree *tree = *state;
	char path[PATH_MAX];
	int status;

	add_numa_maps(tree, 9, "7f00 default anon=1 N1=1 kernelpagesize_kB=4\n");
	add_numa_maps(tree, 10, "7f00 default anon=1 N1=1 kernelpagesize_kB=4\n");
	tree_file(tree, "anon N1=4096\n", "/sys/fs/cgroup/memory.numa_stat");
	snprintf(path, sizeof(path), "%s/proc/9/numa_maps", tree->root);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chmod(tree->root, 0755), 0);
	status = in_child(look_without_rights, tree);
	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

/* ---- control groups ---- */

#define CGROUP "/sys/fs/cgroup"

static const struct group *find_group(const struct host *host, const char *path, int node)
{
	list_each(group, &host->groups)
		if (strcmp(group->path, path) == 0 && group->node == node)
			return group;
	return NULL;
}

static void test_groups(void **state)
{
	cleanup_host struct host host = {0};
	const struct group *group;
	struct tree *tree = *state;

	add_block(&host, 1, "online", 1);
	add_block(&host, 2, "online", 3);
	tree_file(tree, "", "/proc/10/numa_maps");
	tree_file(tree,
		  "anon N0=1 N1=2 N2=4 N3=8\nfile N0=0 N1=16\nkernel_stack N1=32\n"
		  "pagetables N1=64\nsec_pagetables N1=128\nshmem N1=256\nanon_thp N1=512\n"
		  "unevictable N1=1024\nslab_reclaimable N1=2048\nslab_unreclaimable N1=4096\n"
		  "workingset_refault_anon N1=8192\n",
		  CGROUP "/memory.numa_stat");
	tree_file(tree, "anon N0=7 N1=0 N3=0\nfile N0=7 N1=0 N3=0\n",
		  CGROUP "/system.slice/memory.numa_stat");
	tree_file(tree, "file N3=4096\n", CGROUP "/system.slice/a\x1b[b.service/memory.numa_stat");
	tree_file(tree, "0\n", CGROUP "/user.slice/cpu.stat"); /* no memory controller */
	tree_file(tree, "shmem N1=3\n", CGROUP "/user.slice/x/memory.numa_stat");
	tree_link(tree, CGROUP, CGROUP "/loop");
	assert_int_equal(collect_usage(&tree->sys, &host, NULL), 0);
	assert_true(host.usage_complete);
	assert_int_equal(host.groups.count, 4);
	group = find_group(&host, "/", 1);
	assert_non_null(group);
	assert_int_equal(group->anon, 2);
	assert_int_equal(group->file, 16);
	assert_int_equal(group->shmem, 256);
	assert_int_equal(group->huge, 512);
	assert_int_equal(group->kernel, 32 + 64 + 128 + 4096);
	assert_int_equal(group->unevictable, 1024);
	assert_int_equal(find_group(&host, "/", 3)->anon, 8);
	assert_int_equal(find_group(&host, "/system.slice/a?[b.service", 3)->file, 4096);
	assert_int_equal(find_group(&host, "/user.slice/x", 1)->shmem, 3);
}

static void test_hostile_groups_files(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_block(&host, 1, "online", 1);
	tree_file(tree, "", "/proc/10/numa_maps");
	tree_file(tree,
		  "\n \nanon\nanon \nanon N1\nanon N1=\nanon N1=-\nanon Nx=1\nN1=1\n anon N1=1\n"
		  "kernel_stack N1=18446744073709551615\npagetables N1=99999999999999999999999\n"
		  "file N1=18446744073709551614\nfile N1=5\nanon N1=7 N1=",
		  CGROUP "/memory.numa_stat");
	assert_int_equal(collect_usage(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.groups.count, 1);
	assert_int_equal(host.groups.items[0].anon, 7);
	assert_int_equal(host.groups.items[0].file, UNKNOWN - 1);
}

/* ---- command lines ---- */

/* /proc/PID/stat of a process whose arguments are in the memory of this one. */
static void add_arguments(struct tree *tree, const char *start, size_t length, const char *command)
{
	char stat[1024];
	int used = snprintf(stat, sizeof(stat), "%d (a) (b) S", getpid());

	for (int field = 4; field < 48; field++)
		used += snprintf(stat + used, sizeof(stat) - used, " %d", field);
	snprintf(stat + used, sizeof(stat) - used, " %lu %lu 0 0 0\n", (unsigned long)start,
		 (unsigned long)(start + length));
	tree_file(tree, stat, "/proc/%d/stat", getpid());
	add_process(tree, getpid(), command);
}

static void add_command_line(struct tree *tree, const char *text, size_t length)
{
	char path[PATH_MAX];
	FILE *out;

	snprintf(path, sizeof(path), "%s/proc/%d/cmdline", tree->root, getpid());
	out = fopen(path, "we");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, length, out), length);
	assert_int_equal(fclose(out), 0);
}

/* On the node that all of this process's memory is on; -1 if that may not be asked. */
static int own_node(const void *address)
{
	void *page = (void *)((uintptr_t)address & ~(uintptr_t)4095);
	int node = -1;

	return syscall(SYS_move_pages, getpid(), 1, &page, NULL, &node, 0) ? -1 : node;
}

static char present[3 * 4096];

static int node_of_present(void)
{
	memset(present, 'x', sizeof(present));
	return own_node(present);
}

static void test_arguments(void **state)
{
	static const char text[] = "qemu\0-name\0a \033[2Jb\0";
	struct tree *tree = *state;
	int node = node_of_present();
	static const struct {
		int node; /* of ours, from the one of the arguments */
		bool isolated, unknown, seen;
	} cases[] = {
		{100, false, false, true},
		{0, false, false, false},
		{100, true, false, false},
		{100, false, true, false},
	};

	if (node < 0)
		skip();
	add_arguments(tree, present + 10, 100, "any\n");
	add_command_line(tree, text, sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_host struct host host = {0};

		list_add(&host.processes)->pid = getpid();
		add_block(&host, 1, "online", node + cases[i].node);
		if (cases[i].isolated)
			isolate(&host);
		if (cases[i].unknown)
			add_block(&host, 2, "online", -1);
		assert_int_equal(collect_arguments(&tree->sys, &host, NULL), 0);
		if (cases[i].seen)
			assert_string_equal(host.processes.items[0].arguments,
					    "qemu -name a ?[2Jb");
		else
			assert_null(host.processes.items[0].arguments);
	}
}

/* Swapped out, perhaps into memory of ours: that nobody knows where a page is, is as bad. */
static void test_pages_that_are_away(void **state)
{
	static const struct caution caution = {.nodes_known = true};
	char *away = NULL;

	(void)state;
	if (node_of_present() < 0)
		skip();
	/* Never touched, but among others that were: a page table without a page. */
	away = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(away, MAP_FAILED);
	away[0] = 1;
	assert_true(caution_allows(&caution, getpid(), (uint64_t[]){(uintptr_t)away}, 1));
	assert_false(caution_allows(&caution, getpid(),
				    (uint64_t[]){(uintptr_t)away, (uintptr_t)away + 5 * 4096}, 2));
	munmap(away, 8 * 4096);
	/* Not mapped at all is nobody's memory. */
	assert_true(caution_allows(&caution, getpid(), (uint64_t[]){0}, 1));
}

static void test_long_arguments(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	static char text[10000];

	if (node_of_present() < 0)
		skip();
	memset(text, 'a', sizeof(text));
	add_arguments(tree, present, sizeof(present), "any\n");
	add_command_line(tree, text, sizeof(text));
	list_add(&host.processes)->pid = getpid();
	list_add(&host.processes)->pid = getpid() + 1; /* there is none */
	assert_int_equal(collect_arguments(&tree->sys, &host, NULL), 0);
	assert_int_equal(strlen(host.processes.items[0].arguments), ARGUMENTS_SIZE - 1);
	assert_null(host.processes.items[1].arguments);
}

static void test_hostile_stat(void **state)
{
	static const char *const texts[] = {"",
					    "1",
					    "1 (x",
					    "1 (x)",
					    "1 (x) S 1 2 3",
					    "1 (x) S  ",
					    "9 (x) 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6"};
	struct tree *tree = *state;

	add_process(tree, getpid(), "any\n");
	add_command_line(tree, "x", 1);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_host struct host host = {0};

		tree_file(tree, texts[i], "/proc/%d/stat", getpid());
		list_add(&host.processes)->pid = getpid();
		assert_int_equal(collect_arguments(&tree->sys, &host, NULL), 0);
		assert_null(host.processes.items[0].arguments);
	}
}

static void check_guest(const char *arguments, size_t length, const char *guest)
{
	char got[64];

	guest_of_arguments(arguments, length, got, sizeof(got));
	assert_string_equal(got, guest);
}

#define ARGUMENTS(text) text, sizeof(text)

static void test_guest_names(void **state)
{
	(void)state;
	check_guest(ARGUMENTS("qemu\0-name\0guest=web,debug-threads=on\0-S\0"), "web");
	check_guest(ARGUMENTS("qemu\0-name\0web\0"), "web");
	check_guest(ARGUMENTS("qemu\0--name\0we,,b,process=x\0"), "we,b");
	check_guest(ARGUMENTS("qemu\0-name\0guest=w\033b\0"), "w?b");
	check_guest(ARGUMENTS("qemu\0-m\0-name\0"), "");
	check_guest(ARGUMENTS("qemu\0-name\0"), "");
	check_guest(ARGUMENTS("qemu\0-names\0web\0"), "");
	check_guest("", 0, "");
	check_guest("-name\0web", 9, "web");
}

/* Without libvirt, QEMU's own command line names the guest, and is not kept. */
static void test_guest_of_user(void **state)
{
	static const char text[] = "qemu-system-x86_64\0-name\0db,process=x\0";
	struct tree *tree = *state;
	static const char *const commands[] = {"qemu-system-x86\n", "other\n"};

	if (node_of_present() < 0)
		skip();
	add_arguments(tree, present + 10, 100, commands[0]);
	tree_link(tree, NULL_DEVICE, "/proc/%d/fd/3", getpid());
	add_command_line(tree, text, sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		cleanup_host struct host host = {0};

		tree_file(tree, commands[i], "/proc/%d/comm", getpid());
		add_devices(tree, &host);
		assert_int_equal(collect_users(&tree->sys, &host, NULL), 0);
		assert_int_equal(host.processes.count, 1);
		assert_string_equal(host.processes.items[0].guest, i ? "" : "db");
		assert_null(host.processes.items[0].arguments);
	}
}

int main(void)
{
	static const struct CMUnitTest processes[] = {
		cmocka_unit_test(test_units),	  cmocka_unit_test(test_containers),
		cmocka_unit_test(test_machines),  cmocka_unit_test(test_hostile_groups),
		IN_TREE(test_describe),		  IN_TREE(test_describe_unseen),
		cmocka_unit_test(test_user_name),
	};
	static const struct CMUnitTest users[] = {
		IN_TREE(test_several_devices),	 IN_TREE(test_holdings),
		IN_TREE(test_device_ranges),	 IN_TREE(test_files_are_known),
		IN_TREE(test_own_node_is_known), IN_TREE(test_other_files_are_not),
		IN_TREE(test_ambiguous_files),	 IN_TREE(test_mappings_that_change),
		IN_TREE(test_hostile_maps),	 IN_TREE(test_first_thread_is_gone),
		IN_TREE(test_name_space),	 IN_TREE(test_mounts),
		IN_TREE(test_own_mounts),	 IN_TREE(test_hostile_mounts),
	};
	static const struct CMUnitTest usage[] = {
		IN_TREE(test_usage),
		IN_TREE(test_usage_of_known_process),
		IN_TREE(test_hostile_numa_maps),
		IN_TREE(test_usage_of_threads),
		IN_TREE(test_no_usage),
		IN_TREE(test_usage_in_isolation),
		IN_TREE(test_usage_unseen),
		IN_TREE(test_usage_incomplete),
		IN_TREE(test_groups),
		IN_TREE(test_hostile_groups_files),
	};
	static const struct CMUnitTest arguments[] = {
		IN_TREE(test_arguments),
		cmocka_unit_test(test_pages_that_are_away),
		IN_TREE(test_long_arguments),
		IN_TREE(test_hostile_stat),
		cmocka_unit_test(test_guest_names),
		IN_TREE(test_guest_of_user),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(processes, NULL, NULL);
	failed += cmocka_run_group_tests(users, NULL, NULL);
	failed += cmocka_run_group_tests(usage, NULL, NULL);
	failed += cmocka_run_group_tests(arguments, NULL, NULL);
	return failed ? 1 : 0;
}
