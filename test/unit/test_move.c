// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec/move.c and step_move.c, and what they rest on: processes of files, whose pages a move_pages(2)
 * of ours moves. (That the kernel means the same, the evacuate-* cases of test/vm show.)
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collect/areas.h"
#include "collect/frames.h"
#include "exec/engine.h"
#include "exec/move.h"
#include "model.h"
#include "support.h"
#include "sys/pages.h"
#include "sys/stop.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define PAGE	  4096ull
#define FIRST	  (WINDOW_0 / PAGE) /* frame of what is emptied */
#define PRESENT	  (1ull << 63)
#define BASE	  0x10000000ull /* address of the first area */
#define ELSEWHERE 0x100ull	/* a frame of node 0 */

static struct tree tree;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char calls[4096]; /* "7: 2 pages to 0 from 10000000\n" */
static uint64_t stuck;	 /* an address whose page does not move */
static long refuse;	 /* what the next call says instead of moving */

/* ---- the kernel ---- */

static void put(const char *path, uint64_t offset, const void *data, size_t size)
{
	char file[PATH_MAX];
	int fd;

	snprintf(file, sizeof(file), "%s%s", tree.root, path);
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || pwrite(fd, data, size, (off_t)offset) != (ssize_t)size)
		abort();
	close(fd);
}

static void set_entry(int pid, uint64_t address, uint64_t entry)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	put(path, address / PAGE * 8, &entry, sizeof(entry));
}

static uint64_t frame_of(int pid, uint64_t address)
{
	cleanup_fd int fd = sys_open_fd(&tree.sys, "/proc/%d/pagemap", pid);
	uint64_t frame;

	assert_int_equal(read_frames(fd, address, 1, &frame), 1);
	return frame;
}

/* All in one call are moved up to the one that does not, as the kernel does it. */
long __wrap_pages_move(int pid, unsigned long count, void *const *addresses, const int *nodes,
		       int *status);
long __wrap_pages_move(int pid, unsigned long count, void *const *addresses, const int *nodes,
		       int *status)
{
	unsigned long i;
	long rc = 0;

	pthread_mutex_lock(&lock);
	snprintf(calls + strlen(calls), sizeof(calls) - strlen(calls),
		 "%d: %lu pages to %d from %lx\n", pid, count, nodes[0],
		 (unsigned long)(uintptr_t)addresses[0]);
	for (i = 0; i < count && !refuse; i++) {
		if ((uint64_t)(uintptr_t)addresses[i] == stuck)
			break;
		set_entry(pid, (uint64_t)(uintptr_t)addresses[i], PRESENT | ELSEWHERE);
		status[i] = nodes[i];
	}
	rc = refuse ? refuse : (long)(count - i);
	refuse = 0;
	pthread_mutex_unlock(&lock);
	return rc;
}

/* ---- processes ---- */

/* One area with @pages pages from that frame on; @policy as numa_maps has it. */
static void add_process(int pid, const char *policy, uint64_t frame, unsigned int pages)
{
	tree_file(&tree, "", "/proc/%d/pagemap", pid);
	for (unsigned int i = 0; i < pages; i++)
		set_entry(pid, BASE + i * PAGE, PRESENT | (frame + i));
	tree_file(&tree, "Name:\tp\nMems_allowed_list:\t0-3\n", "/proc/%d/status", pid);
	tree_file(&tree,
		  "00400000-00401000 r-xp 0 00:00 0 /bin/p\n10000000-14000000 rw-p 0 00:00 0\n",
		  "/proc/%d/maps", pid);
	{
		char text[256];

		snprintf(text, sizeof(text),
			 "00400000 default file=/bin/p N0=1 kernelpagesize_kB=4\n"
			 "10000000 %s anon=%u dirty=%u N1=%u kernelpagesize_kB=4\n",
			 policy, pages, pages, pages);
		tree_file(&tree, text, "/proc/%d/numa_maps", pid);
	}
}

static int boot(void **state)
{
	(void)state;
	tree_make(&tree);
	tree_directory(&tree, "/proc");
	calls[0] = '\0';
	stuck = 0;
	refuse = 0;
	tree_file(&tree, "Node 0 MemFree: 1048576 kB\n", "/sys/devices/system/node/node0/meminfo");
	tree_file(&tree, "Node 2 MemFree: 1048576 kB\n", "/sys/devices/system/node/node2/meminfo");
	tree_file(&tree, "20 10 30\n", "/sys/devices/system/node/node1/distance");
	return 0;
}

static int halt(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

/* Nodes 0 to 2; the first 1024 frames of node 1 are to be emptied. */
static void move(const char *to)
{
	static struct node nodes[] = {{.number = 0}, {.number = 1}, {.number = 2}};
	const struct host host = {.nodes = {nodes, 3}};
	cleanup_move struct move run = {.sys = &tree.sys};

	*list_add(&run.ranges) = (struct move_range){WINDOW_0, 1024 * PAGE};
	*list_add(&run.nodes) = 1;
	move_find_targets(&run, &host, to);
	move_run(&run);
}

static void check_calls(const char *expected)
{
	if (strcmp(calls, expected) != 0)
		fail_msg("called\n%sinstead of\n%s", calls, expected);
}

/* ---- tests ---- */

static void test_only_the_range(void **state)
{
	(void)state;
	add_process(7, "default", FIRST + 1020, 8);
	move(NULL);
	check_calls("7: 4 pages to 0 from 10000000\n");
	assert_int_equal(frame_of(7, BASE + 3 * PAGE), ELSEWHERE);
	assert_int_equal(frame_of(7, BASE + 4 * PAGE), FIRST + 1024);
}

static void test_biggest_first(void **state)
{
	(void)state;
	add_process(7, "default", FIRST, 2);
	add_process(8, "default", FIRST + 8, 4);
	add_process(9, "default", FIRST + 16, 3);
	move(NULL);
	check_calls("8: 4 pages to 0 from 10000000\n9: 3 pages to 0 from 10000000\n"
		    "7: 2 pages to 0 from 10000000\n");
}

static void test_pieces(void **state)
{
	(void)state;
	add_process(7, "default", FIRST, 1);
	set_entry(7, BASE + 2048 * PAGE, PRESENT | (FIRST + 5));
	set_entry(7, BASE + 4095 * PAGE, PRESENT | (FIRST + 9));
	move(NULL);
	check_calls("7: 1 pages to 0 from 10000000\n7: 2 pages to 0 from 10800000\n");
}

/* The nearest comes first, unless it is not wanted, not allowed, or full. */
static void test_targets(void **state)
{
	(void)state;
	add_process(7, "default", FIRST, 2);
	move("1-2");
	check_calls("7: 2 pages to 2 from 10000000\n");
	calls[0] = '\0';
	add_process(7, "default", FIRST, 2);
	tree_file(&tree, "Node 0 MemFree: 4 kB\n", "/sys/devices/system/node/node0/meminfo");
	move(NULL);
	check_calls("7: 2 pages to 2 from 10000000\n");
	calls[0] = '\0';
	add_process(7, "default", FIRST, 2);
	move("0-1");
	move("1");
	check_calls("");
}

static void test_policies(void **state)
{
	(void)state;
	add_process(7, "bind:1", FIRST, 2);
	add_process(8, "bind=static:1-2", FIRST + 8, 2);
	add_process(9, "prefer:1", FIRST + 16, 2);
	move(NULL);
	check_calls("8: 2 pages to 2 from 10000000\n9: 2 pages to 0 from 10000000\n");
}

static void test_cpusets(void **state)
{
	(void)state;
	add_process(7, "default", FIRST, 2);
	tree_file(&tree, "Name:\tp\nMems_allowed_list:\t1-2\n", "/proc/7/status");
	move(NULL);
	check_calls("7: 2 pages to 2 from 10000000\n");
	calls[0] = '\0';
	add_process(7, "default", FIRST, 2);
	tree_file(&tree, "Name:\tp\nMems_allowed_list:\t1\n", "/proc/7/status");
	move(NULL);
	check_calls("");
}

/* Only the first page of a large folio is named, and of each. */
static void test_large_folios(void **state)
{
	static const uint64_t flags[] = {FRAME_HEAD, FRAME_TAIL, FRAME_TAIL, FRAME_TAIL,
					 FRAME_HEAD, FRAME_TAIL, 0,	     0};

	(void)state;
	put("/proc/kpageflags", FIRST * 8, flags, sizeof(flags));
	add_process(7, "default", FIRST, 8);
	move(NULL);
	check_calls("7: 4 pages to 0 from 10000000\n");
	assert_int_equal(frame_of(7, BASE + 4 * PAGE), ELSEWHERE);
	assert_int_equal(frame_of(7, BASE + 5 * PAGE), FIRST + 5);
}

/* One of 2 MiB is left to offlining, one of 1 MiB behind it is not. */
static void test_huge_page_is_left(void **state)
{
	uint64_t flags[768];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		flags[i] = i % 512 ? FRAME_TAIL : FRAME_HEAD;
	put("/proc/kpageflags", FIRST * 8, flags, sizeof(flags));
	add_process(7, "default", FIRST, 768);
	move(NULL);
	check_calls("7: 1 pages to 0 from 10200000\n");
}

/* One that is mapped from its middle on, and frames that do not follow each other. */
static void test_part_of_a_folio(void **state)
{
	static const uint64_t flags[] = {FRAME_TAIL, FRAME_TAIL, FRAME_HEAD, FRAME_TAIL};

	(void)state;
	put("/proc/kpageflags", (FIRST + 1) * 8, flags, sizeof(flags));
	add_process(7, "default", FIRST + 1, 2);
	set_entry(7, BASE + 2 * PAGE, PRESENT | (FIRST + 4));
	move(NULL);
	check_calls("7: 2 pages to 0 from 10000000\n");
}

static void test_hugetlb_is_left(void **state)
{
	(void)state;
	add_process(7, "default huge", FIRST, 512);
	move(NULL);
	check_calls("");
}

/* What came after it in the same call is moved all the same, in smaller ones. */
static void test_stuck_page(void **state)
{
	(void)state;
	add_process(7, "default", FIRST, 600);
	stuck = BASE + 100 * PAGE;
	move(NULL);
	check_calls("7: 600 pages to 0 from 10000000\n7: 256 pages to 0 from 10064000\n"
		    "7: 244 pages to 0 from 10164000\n");
	assert_int_equal(frame_of(7, BASE + 100 * PAGE), FIRST + 100);
	assert_int_equal(frame_of(7, BASE + 599 * PAGE), ELSEWHERE);
}

static void test_node_is_full(void **state)
{
	(void)state;
	add_process(7, "default", FIRST, 1);
	set_entry(7, BASE + 2048 * PAGE, PRESENT | (FIRST + 5));
	refuse = -ENOMEM;
	move(NULL);
	check_calls("7: 1 pages to 0 from 10000000\n7: 1 pages to 2 from 10800000\n");
}

/* Gone, not ours to look into, a kernel thread, and areas that changed meanwhile. */
static void test_unseen(void **state)
{
	(void)state;
	add_process(7, "default", FIRST, 2);
	tree_unlink(&tree, "/proc/7/pagemap");
	add_process(8, "default", FIRST, 2);
	tree_unlink(&tree, "/proc/8/maps");
	tree_file(&tree, "", "/proc/9/numa_maps");
	add_process(10, "default", FIRST, 2);
	tree_file(&tree, "0fff0000-10010000 rw-p 0 00:00 0\n", "/proc/10/maps");
	add_process(11, "default", FIRST, 2);
	refuse = -ESRCH;
	move(NULL);
	check_calls("11: 2 pages to 0 from 10000000\n");
}

/* A terabyte of which next to nothing is there is not walked. */
static void test_sparse(void **state)
{
	(void)state;
	add_process(7, "default", FIRST, 2);
	tree_file(&tree, "10000000-10010000000 rw-p 0 00:00 0\n", "/proc/7/maps");
	move(NULL);
	check_calls("");
}

static void test_many_threads(void **state)
{
	cpu_set_t all, before;

	(void)state;
	for (int pid = 100; pid < 164; pid++)
		add_process(pid, "default", FIRST + (uint64_t)(pid - 100) * 16, 16);
	memset(&all, 0xff, sizeof(all));
	sched_getaffinity(0, sizeof(before), &before);
	sched_setaffinity(0, sizeof(all), &all);
	move(NULL);
	sched_setaffinity(0, sizeof(before), &before);
	for (int pid = 100; pid < 164; pid++)
		assert_int_equal(frame_of(pid, BASE + 15 * PAGE), ELSEWHERE);
}

/* ---- the step ---- */

struct listener {
	struct progress progress;
	struct part last;
};

static void on_part(struct progress *progress, const struct step *step, const struct part *part)
{
	struct listener *listener = (struct listener *)progress;

	assert_int_equal(step->kind, STEP_MOVE_PAGES);
	assert_true(part->done >= listener->last.done);
	listener->last = *part;
}

static int run_step(struct listener *listener, struct error *err)
{
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};
	struct engine engine = {.sys = &tree.sys,
				.before = &host,
				.plan = &plan,
				.progress = &listener->progress};
	int rc = -ENOENT;

	model_system_ram(&host);
	model_plan(&host, PORT_A, &plan);
	tree_file(&tree, "online", "/sys/devices/system/memory/memory210/state");
	tree_file(&tree, "offline", "/sys/devices/system/memory/memory211/state");
	list_each(step, &plan.down)
		if (step->kind == STEP_MOVE_PAGES)
			rc = step_move_pages.act(&engine, step, err);
	return rc;
}

/* Of the dax device's blocks that are online, and of nothing before or behind them. */
static void test_step(void **state)
{
	struct listener listener = {.progress.part = on_part};
	struct error err = {0};

	(void)state;
	add_process(7, "default", FIRST - 2, 4);
	add_process(8, "default", FIRST + BLOCK_SIZE / PAGE - 1, 2);
	assert_int_equal(run_step(&listener, &err), 0);
	check_calls("7: 2 pages to 0 from 10002000\n8: 1 pages to 0 from 10000000\n");
	assert_int_equal(listener.last.total, 6 * PAGE);
	assert_int_equal(listener.last.done, 6 * PAGE);
	assert_int_equal(listener.last.blocks_total, 0);
}

static int stopped_step(void *context)
{
	struct listener listener = {.progress.part = on_part};
	struct error err = {0};

	(void)context;
	stop_on_signals();
	raise(SIGTERM);
	return run_step(&listener, &err) == -EINTR && !calls[0] &&
			       strcmp(err.text, "stopped by a signal while pages were moved") == 0
		       ? 0
		       : 1;
}

static void test_step_is_stopped(void **state)
{
	(void)state;
	add_process(7, "default", FIRST, 4);
	assert_int_equal(in_child(stopped_step, NULL), 0);
}

/* ---- lines of numa_maps ---- */

static void test_numa_lines(void **state)
{
	static const struct {
		const char *text, *bound;
		uint64_t page_size, anon;
		bool hugetlb;
	} lines[] = {
		{"7f00 default file=/a\\040bind:1 N0=1 kernelpagesize_kB=4\n", "", 4096, 0, false},
		{"7f00 bind:0-1,3 anon=5 N0=1 kernelpagesize_kB=2048\n", "0-1,3", 2 << 20, 5,
		 false},
		{"7f00 bind=static:1 huge anon=5 N0=1\n", "1", 4096, 5, true},
		{"7f00 prefer (many):0-1 N1=1\n", "", 4096, 0, false},
		{"7f00 interleave:0-1 N1=1\n", "", 4096, 0, false},
		{"7f00 bindings:0-1 N1=1\n", "", 4096, 0, false},
		{"7f00 bind:\n", "", 4096, 0, false},
		{"7f00 bind", "", 4096, 0, false},
		{"7f00", "", 4096, 0, false},
		{"7f00 x kernelpagesize_kB=99999999999999999999", "", UNKNOWN - 1, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct numa_line line = numa_line(lines[i].text);

		assert_int_equal(line.start, 0x7f00);
		assert_string_equal(line.bound, lines[i].bound);
		assert_int_equal(line.page_size, lines[i].page_size);
		assert_int_equal(line.anon, lines[i].anon);
		assert_int_equal(line.hugetlb, lines[i].hugetlb);
	}
}

static void test_long_policy(void **state)
{
	char text[512] = "7f00 bind:";
	struct numa_line line;

	(void)state;
	for (int node = 100; node < 164; node += 2)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d,", node);
	line = numa_line(text);
	assert_true(list_has_number(line.bound, 100));
	assert_int_equal(strlen(line.bound) % 4, 3); /* whole numbers */
}

static void test_numa_pages(void **state)
{
	uint64_t pages;
	int node;

	(void)state;
	assert_true(numa_pages("N12=34 x", &node, &pages));
	assert_int_equal(node, 12);
	assert_int_equal(pages, 34);
	assert_false(numa_pages("N12 =34", &node, &pages));
	assert_false(numa_pages("N=34", &node, &pages));
	assert_false(numa_pages("N99999999999=34", &node, &pages));
	assert_false(numa_pages("anon=1", &node, &pages));
}

#define MOVES(test) cmocka_unit_test_setup_teardown(test, boot, halt)

int main(void)
{
	static const struct CMUnitTest lines[] = {
		cmocka_unit_test(test_numa_lines),
		cmocka_unit_test(test_long_policy),
		cmocka_unit_test(test_numa_pages),
	};
	static const struct CMUnitTest moves[] = {
		MOVES(test_only_the_range),
		MOVES(test_biggest_first),
		MOVES(test_pieces),
		MOVES(test_targets),
		MOVES(test_policies),
		MOVES(test_cpusets),
		MOVES(test_large_folios),
		MOVES(test_huge_page_is_left),
		MOVES(test_part_of_a_folio),
		MOVES(test_hugetlb_is_left),
		MOVES(test_stuck_page),
		MOVES(test_node_is_full),
		MOVES(test_unseen),
		MOVES(test_sparse),
		MOVES(test_step),
		MOVES(test_step_is_stopped),
		MOVES(test_many_threads),
	};
	cpu_set_t one, available;
	int failed, cpu = 0;

	/* With one processor there is one thread, and the order of calls is that of the pieces. */
	sched_getaffinity(0, sizeof(available), &available);
	while (!CPU_ISSET(cpu, &available))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	failed = cmocka_run_group_tests(lines, NULL, NULL);
	failed += cmocka_run_group_tests(moves, NULL, NULL);
	return failed ? 1 : 0;
}
