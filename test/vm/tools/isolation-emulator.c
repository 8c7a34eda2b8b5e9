/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isolation-emulator - a CXL Timeout & Isolation capability for a root port that has none
 *
 *   isolation-emulator --copy RESOURCE FILE          the component block of a port, to a file
 *   isolation-emulator [OPTION...] FILE              add the capability to it and be its hardware
 *	--capability VALUE   the capability register (default: all there is)
 *	--control VALUE      the control register at the start (default 0: after a platform reset)
 *	--status VALUE       the status register at the start (default 0)
 *	--log LOGFILE        where every write goes, a line each (default: standard output)
 *	--command FIFO       take commands there, answer each with a line to FIFO.answer
 *
 * With FILE bound over the port's resource0, a program that maps that has the registers (CXL 3.1
 * 8.2.4.24). FILE must be on tmpfs, and the processor be little endian.
 *
 *   isolation-emulator --run DIR PROGRAM [ARG...]    become PROGRAM, every write trapped: see below
 *   isolation-emulator --peek FILE OFFSET            one aligned 32-bit access through a mapping,
 *   isolation-emulator --poke FILE OFFSET VALUE      as the program under test does it; prints
 *   isolation-emulator --write-back FILE OFFSET      what it reads (back)
 *   isolation-emulator --clear FILE OFFSET MASK      write MASK, wait until those bits are 0; prints
 *                                                    after how many us
 *
 * How a write is seen. Registers are words of shared memory, looked at every 50 us to 4 ms, the more
 * seldom the longer nothing happened. A word that is not what was left there was written, and holds
 * what was written. For status that needs a mark: clearing all that is set would else look like no
 * write. The mark is bit 31, reserved: kept set here, and 0 in every correct write. Software has to
 * ignore it, and no mask of bits to clear has it. So a correct write is always seen, exact. All
 * stores here are compare-and-exchange: no write gets lost between a look and a store.
 *
 * What looking can not do: until the next look a program reads what it wrote, whatever the register
 * will keep. Two writes between two looks are one, the second. And a write of the very value that is
 * there is none: harmless in control; in status it is the fault to write back what was read, and
 * clears nothing. --run is for that: PROGRAM gets its mappings of the files DIR/NAME/block read only,
 * and is stopped (ptrace) at every write until the emulator at DIR/NAME/command has dealt with it.
 *
 * Commands (mem or cache: M):
 *   timeout M            a transaction timed out; isolates if that is enabled, else resets the host
 *   link-down M          the link went down; the same
 *   busy on|off          RP Busy
 *   vanish, return       the function is gone: all ones, no writes; it is there again as it was
 *   reset                a platform reset: control becomes 0, status stays
 *   capability|control|status VALUE
 *   lock on|off          control ignores writes
 *   garble on|off        control keeps each enable bit as the contrary of what was written
 *   slow MS              status bits are cleared MS ms after the write
 *   dump, quit
 *   hold, written OFFSET --run's: somebody is about to write; it has written there
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef _Atomic uint32_t word;

#define BLOCK_SIZE    0x10000
#define BLOCK_WORDS   (BLOCK_SIZE / 4)
#define PRIMARY	      0x1000 /* offset and size of the CXL.cachemem primary range */
#define PRIMARY_WORDS (PRIMARY / 4)
#define ISOLATION_ID  0x0009
#define LENGTH	      0x10 /* of the capability */

/* Protocols: cache has all that mem has, some bits further up. */
enum protocol { MEM, CACHE };
static const char *const protocol_name[] = {"mem", "cache"};

#define CAP_RANGES(p)	 (0xfu << 8 * (p))
#define CAP_TIMEOUT(p)	 (1u << (4 + 8 * (p)))
#define CAP_ISOLATION(p) (1u << (16 + 2 * (p)))
#define CAP_LINK_DOWN(p) (1u << (17 + 2 * (p)))
#define CAP_ERR_COR	 (1u << 25)
#define CAP_INTERRUPT	 (1u << 26)
#define CAP_DEFAULT	 0x060f1f1f

/* Control: every enable is where its "supported" bit is, and a value where its ranges are. */
#define CTL_VALUE(p)	 CAP_RANGES(p)
#define CTL_TIMEOUT(p)	 CAP_TIMEOUT(p)
#define CTL_ISOLATION(p) CAP_ISOLATION(p)
#define CTL_LINK_DOWN(p) CAP_LINK_DOWN(p)
#define CTL_INTERRUPT	 CAP_INTERRUPT
#define CTL_ENABLES	 0x000f1010
#define CTL_DEFINED	 (CTL_ENABLES | CAP_ERR_COR | CAP_INTERRUPT | CTL_VALUE(MEM) | CTL_VALUE(CACHE))

#define STS_TIMEOUT(p)	 (1u << 4 * (p))
#define STS_ISOLATED(p)	 (1u << (8 + 4 * (p)))
#define STS_LINK_DOWN(p) (1u << (9 + 4 * (p)))
#define STS_BUSY	 (1u << 14)
#define STS_RW1C	 0x00003311
#define STS_MARK	 (1u << 31)

#define RUN_SUFFIX ".run" /* of the FIFO that --run has for itself */

struct reg {
	const char *name;
	void (*write)(struct reg *reg, uint32_t written);
	word *word;
	uint32_t value;	 /* what the hardware has */
	uint32_t stored; /* what was left in the file */
};

static void write_capability(struct reg *reg, uint32_t written);
static void write_reserved(struct reg *reg, uint32_t written);
static void write_control(struct reg *reg, uint32_t written);
static void write_status(struct reg *reg, uint32_t written);

/* In the order of their offsets. */
static struct reg regs[] = {
	{.name = "capability", .write = write_capability},
	{.name = "reserved", .write = write_reserved},
	{.name = "control", .write = write_control},
	{.name = "status", .write = write_status},
};
static struct reg *const capability = &regs[0], *const control = &regs[2], *const status = &regs[3];
static struct reg *const end_of_regs = &regs[4];

static word *block;		    /* the file */
static unsigned int slot;	    /* where in the primary range the capability is, in bytes */
static uint32_t saved[BLOCK_WORDS]; /* the block as it is while the function is there */
static uint32_t expected[PRIMARY_WORDS]; /* the primary range as it should be */

static bool vanished, locked, garbled, held, stopped;
static uint32_t pending; /* status bits that a slow write is about to clear, at due_us */
static uint64_t slow_us, due_us, active_us;

static int log_fd = STDOUT_FILENO;

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

/* --- the log: a line per write or command, with remarks and violations collected on the way --- */

static char remarks[512], violations[512];
static char answer[512]; /* to a command */

__attribute__((format(printf, 2, 3))) static void append(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	if (used && used < sizeof(remarks) - 2)
		used += strlen(strcpy(text + used, "; "));
	vsnprintf(text + used, sizeof(remarks) - used, format, arguments);
	va_end(arguments);
}

#define remark(...)    append(remarks, __VA_ARGS__)
#define violation(...) append(violations, __VA_ARGS__)
#define say(...)       append(answer, __VA_ARGS__)

__attribute__((format(printf, 1, 2))) static void log_line(const char *format, ...)
{
	uint64_t now = now_us();
	va_list arguments;
	char text[1024];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	dprintf(log_fd, "%" PRIu64 ".%06" PRIu64 " %s%s%s%s%s\n", now / 1000000, now % 1000000,
		text, *remarks ? ", " : "", remarks, *violations ? ", violation: " : "",
		violations);
	*remarks = *violations = 0;
}

/* --- what the registers do with a write; reg->value becomes what is there then --- */

static void write_capability(struct reg *reg, uint32_t written)
{
	(void)reg;
	(void)written;
	violation("the register is read only");
}

static void write_reserved(struct reg *reg, uint32_t written)
{
	(void)reg;
	(void)written;
	violation("the register is reserved");
}

/* The bits of control that this capability makes writable. */
static uint32_t control_rw(uint32_t supported)
{
	uint32_t bits = supported & (CTL_ENABLES | CAP_ERR_COR | CAP_INTERRUPT);

	for (int p = MEM; p <= CACHE; p++)
		if (supported & CAP_TIMEOUT(p))
			bits |= CTL_VALUE(p);
	return bits;
}

/* The field of a timeout value that is to be kept. */
static uint32_t timeout_value(enum protocol p, uint32_t old, uint32_t written)
{
	/* The range each value belongs to: a bit of the capability's; 0: reserved. */
	static const unsigned char range[16] = {
		[0x1] = 1, [0x2] = 1, [0x5] = 2, [0x6] = 2,
		[0x9] = 4, [0xa] = 4, [0xd] = 8, [0xe] = 8,
	};
	unsigned int value = written >> 8 * p & 0xf, ranges = capability->value >> 8 * p & 0xf;

	if (!value || range[value] & ranges)
		return written & CTL_VALUE(p);
	violation(range[value] ? "%s timeout value 0x%x is of no supported range"
			       : "%s timeout value 0x%x is reserved",
		  protocol_name[p], value);
	return old & CTL_VALUE(p);
}

static void remark_isolation(enum protocol p, uint32_t old, uint32_t new)
{
	if ((old ^ new) & CTL_ISOLATION(p))
		remark("%s isolation is %s", protocol_name[p],
		       new &CTL_ISOLATION(p) ? "enabled" : "disabled");
}

static void write_control(struct reg *reg, uint32_t written)
{
	uint32_t rw = control_rw(capability->value), new = written &rw;

	if (written & ~CTL_DEFINED)
		violation("reserved bits 0x%08x", written & ~CTL_DEFINED);
	if (written & CTL_DEFINED & ~rw)
		violation("bits 0x%08x are not supported", written & CTL_DEFINED & ~rw);
	for (int p = MEM; p <= CACHE; p++)
		if (rw & CTL_VALUE(p))
			new = (new & ~CTL_VALUE(p)) | timeout_value(p, reg->value, written);
	if (new & ~reg->value & CTL_INTERRUPT)
		violation("the interrupt is enabled and nobody handles it");
	if (garbled) {
		remark("garbled");
		new = (~written & rw & CTL_ENABLES) | (new &(CAP_ERR_COR | CAP_INTERRUPT));
	}
	if (locked) {
		remark("locked");
		new = reg->value;
	}
	for (int p = MEM; p <= CACHE; p++)
		remark_isolation(p, reg->value, new);
	reg->value = new;
}

static void clear_status(uint32_t bits)
{
	for (int p = MEM; p <= CACHE; p++)
		if (bits & status->value & STS_ISOLATED(p))
			remark("leaves %s isolation", protocol_name[p]);
	status->value &= ~bits;
}

static void write_status(struct reg *reg, uint32_t written)
{
	uint32_t clears = written & reg->value & STS_RW1C;

	if (written & ~(STS_RW1C | STS_BUSY))
		violation("reserved bits 0x%08x", written & ~(STS_RW1C | STS_BUSY));
	if (written & STS_BUSY)
		violation("RP Busy is read only");
	if (reg->value & STS_BUSY && clears & (STS_ISOLATED(MEM) | STS_ISOLATED(CACHE)))
		violation("isolation is cleared while RP Busy is set: undefined behaviour");
	if (!clears)
		remark("clears nothing");
	if (!slow_us) {
		clear_status(clears);
		return;
	}
	if (!pending)
		due_us = now_us() + slow_us;
	pending |= clears;
	remark("slow");
}

/* --- the registers in the file --- */

static uint32_t shown(const struct reg *reg)
{
	if (vanished)
		return ~0u;
	return reg == status ? reg->value | STS_MARK : reg->value;
}

static void take_write(struct reg *reg, uint32_t written)
{
	uint32_t old = reg->value;

	if (vanished)
		remark("ignored: the function has vanished");
	else
		reg->write(reg, written);
	log_line("%s: old 0x%08x written 0x%08x new 0x%08x", reg->name, old, written, reg->value);
	active_us = now_us();
}

/* Take what was written, leave what is to be read. */
static void sync_reg(struct reg *reg)
{
	for (;;) {
		uint32_t seen = atomic_load(reg->word), next;

		if (seen != reg->stored) {
			take_write(reg, seen);
			reg->stored = seen;
		}
		next = shown(reg);
		if (seen == next || atomic_compare_exchange_strong(reg->word, &seen, next)) {
			reg->stored = next;
			return;
		}
	}
}

static void sync_regs(void)
{
	for (struct reg *reg = regs; !held && reg < end_of_regs; reg++)
		sync_reg(reg);
}

/* Nobody has a reason to write elsewhere in the range, least of all to this copy. */
static void check_rest(void)
{
	word *range = block + PRIMARY_WORDS;
	unsigned int after = slot + LENGTH;

	if (!memcmp((void *)range, expected, slot) &&
	    !memcmp((char *)range + after, (char *)expected + after, PRIMARY - after))
		return;
	for (unsigned int i = 0; i < PRIMARY_WORDS; i++) {
		uint32_t seen = atomic_load(&range[i]);

		if (i / 4 == slot / LENGTH || seen == expected[i])
			continue;
		violation("it is not of this capability");
		log_line("0x%04x: old 0x%08x written 0x%08x new 0x%08x", PRIMARY + i * 4,
			 expected[i], seen, expected[i]);
		atomic_store(&range[i], expected[i]);
	}
}

/* The block as a function that is there has it, or that is not; the registers come with the next sync. */
static void set_vanished(bool on)
{
	vanished = on;
	pending = 0;
	for (unsigned int i = 0; i < PRIMARY_WORDS; i++)
		expected[i] = on ? ~0u : saved[PRIMARY_WORDS + i];
	for (unsigned int i = 0; i < BLOCK_WORDS; i++)
		if (i / 4 != (PRIMARY + slot) / LENGTH)
			atomic_store(&block[i], on ? ~0u : saved[i]);
}

/* --- commands --- */

static void set_reg(struct reg *reg, uint32_t value)
{
	uint32_t old = reg->value;

	reg->value = value;
	log_line("%s: old 0x%08x new 0x%08x", reg->name, old, value);
}

static bool parse_number(const char *text, uint32_t *value)
{
	unsigned long long number;
	char *end;

	if (!text || !isdigit((unsigned char)*text))
		return false;
	number = strtoull(text, &end, 0);
	*value = number;
	return !*end && number <= UINT32_MAX;
}

static bool parse_protocol(const char *text, enum protocol *p)
{
	*p = text && !strcmp(text, "cache") ? CACHE : MEM;
	return text && !strcmp(text, protocol_name[*p]);
}

static bool parse_switch(const char *text, bool *on)
{
	*on = text && !strcmp(text, "on");
	return *on || (text && !strcmp(text, "off"));
}

/* Handlers of commands return the text of an error or NULL. */

static const char *fall(enum protocol p, uint32_t cause, const char *why)
{
	const char *name = protocol_name[p];
	uint32_t bits = cause;

	if (control->value & CTL_ISOLATION(p)) {
		bits |= STS_ISOLATED(p);
		say("%s: %s is isolated%s", why, name,
		    control->value & CTL_LINK_DOWN(p) ? ", the link forced down" : "");
	} else {
		/* The link's bit tells the cause of an isolation, and there is none. */
		bits &= ~STS_LINK_DOWN(p);
		say("%s: host reset, for %s isolation is off", why, name);
	}
	set_reg(status, status->value | bits);
	return NULL;
}

static const char *do_timeout(const char *argument)
{
	enum protocol p;

	if (!parse_protocol(argument, &p))
		return "mem or cache?";
	if (!(capability->value & CAP_TIMEOUT(p)))
		return "the capability has no such timeout";
	if (!(control->value & CTL_TIMEOUT(p)))
		say("although %s timeouts are off", protocol_name[p]);
	return fall(p, STS_TIMEOUT(p), "timeout");
}

static const char *do_link_down(const char *argument)
{
	enum protocol p;

	if (!parse_protocol(argument, &p))
		return "mem or cache?";
	return fall(p, STS_LINK_DOWN(p), "link down");
}

static const char *do_busy(const char *argument)
{
	bool on;

	if (!parse_switch(argument, &on))
		return "on or off?";
	set_reg(status, on ? status->value | STS_BUSY : status->value & ~STS_BUSY);
	return NULL;
}

static const char *do_vanish(const char *argument)
{
	(void)argument;
	if (vanished)
		return "it has vanished";
	set_vanished(true);
	return NULL;
}

static const char *do_return(const char *argument)
{
	(void)argument;
	if (!vanished)
		return "it is there";
	set_vanished(false);
	return NULL;
}

static const char *do_reset(const char *argument)
{
	(void)argument;
	pending = 0;
	set_reg(control, 0);
	return NULL;
}

static const char *set_capability(const char *argument)
{
	uint32_t value;

	if (!parse_number(argument, &value))
		return "not a number of 32 bits";
	set_reg(capability, value);
	if (control->value & ~control_rw(value))
		set_reg(control, control->value & control_rw(value));
	return NULL;
}

static const char *set_control(const char *argument)
{
	uint32_t value;

	if (!parse_number(argument, &value))
		return "not a number of 32 bits";
	if (value & ~control_rw(capability->value))
		return "the capability does not support that";
	set_reg(control, value);
	return NULL;
}

static const char *set_status(const char *argument)
{
	uint32_t value;

	if (!parse_number(argument, &value))
		return "not a number of 32 bits";
	if (value & ~(STS_RW1C | STS_BUSY))
		return "these bits are reserved";
	set_reg(status, value);
	return NULL;
}

static const char *do_lock(const char *argument)
{
	return parse_switch(argument, &locked) ? NULL : "on or off?";
}

static const char *do_garble(const char *argument)
{
	return parse_switch(argument, &garbled) ? NULL : "on or off?";
}

static const char *do_slow(const char *argument)
{
	uint32_t ms;

	if (!parse_number(argument, &ms))
		return "not a number of 32 bits";
	slow_us = ms * 1000ull;
	return NULL;
}

static const char *do_dump(const char *argument)
{
	(void)argument;
	say("at=0x%04x capability=0x%08x control=0x%08x status=0x%08x%s", PRIMARY + slot,
	    capability->value, control->value, status->value, vanished ? " vanished" : "");
	return NULL;
}

static const char *do_quit(const char *argument)
{
	(void)argument;
	stopped = true;
	return NULL;
}

static const char *do_hold(const char *argument)
{
	(void)argument;
	held = true;
	return NULL;
}

static const char *do_written(const char *argument)
{
	uint32_t offset;

	if (!parse_number(argument, &offset))
		return "not a number of 32 bits";
	held = false;
	if (offset % 4) {
		violation("the access is not aligned");
		log_line("0x%04x", offset);
	}
	for (struct reg *reg = regs; reg < end_of_regs; reg++) {
		if (reg->word != block + offset / 4)
			continue;
		/* Also if it is what was there. */
		reg->stored = atomic_load(reg->word);
		take_write(reg, reg->stored);
	}
	check_rest();
	return NULL;
}

static const struct {
	const char *name;
	const char *(*run)(const char *argument);
} commands[] = {
	{"timeout", do_timeout},
	{"link-down", do_link_down},
	{"busy", do_busy},
	{"vanish", do_vanish},
	{"return", do_return},
	{"reset", do_reset},
	{"capability", set_capability},
	{"control", set_control},
	{"status", set_status},
	{"lock", do_lock},
	{"garble", do_garble},
	{"slow", do_slow},
	{"dump", do_dump},
	{"quit", do_quit},
	{"hold", do_hold},
	{"written", do_written},
};

static const char *run_command(const char *name, const char *argument)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argument);
	return "what is that?";
}

/* A FIFO for commands and one for their answers. */
struct channel {
	int in, out;
	char line[256];
	size_t used;
};

/* The test's, and that of --run. */
static struct channel channels[] = {{.in = -1}, {.in = -1}};

/* What the command did is in the file when its answer is there. */
static void command(const struct channel *channel, char *line)
{
	char *argument = strchr(line, ' ');
	const char *error;
	int unread;

	if (argument)
		*argument++ = 0;
	sync_regs();
	if (!held)
		check_rest();
	*answer = 0;
	error = run_command(line, argument);
	sync_regs();
	active_us = now_us();
	if (error)
		say("%s", error);
	if ((channel == channels && strcmp(line, "dump")) || error)
		log_line("command %s%s%s: %s%s", line, argument ? " " : "",
			 argument ? argument : "", error ? "error: " : "ok ", answer);
	dprintf(channel->out, "%s%s\n", error ? "error: " : "ok ", answer);
	if (stopped) {
		/* With us its FIFO would lose an answer that nobody has taken. */
		for (int i = 0; i < 5000 && !ioctl(channel->out, FIONREAD, &unread) && unread; i++)
			usleep(1000);
		exit(0);
	}
}

static void read_commands(struct channel *channel)
{
	char *line = channel->line, *end;
	ssize_t n =
		read(channel->in, line + channel->used, sizeof(channel->line) - 1 - channel->used);

	if (n <= 0)
		return;
	channel->used += n;
	line[channel->used] = 0;
	while ((end = strchr(line, '\n'))) {
		*end = 0;
		command(channel, line);
		channel->used = strlen(end + 1);
		memmove(line, end + 1, channel->used + 1);
	}
	if (channel->used == sizeof(channel->line) - 1)
		channel->used = 0;
}

/* --- the capability's place --- */

static uint32_t *entries(unsigned int *count)
{
	uint32_t *array = saved + PRIMARY_WORDS;

	if (*array == ~0u || (*array & 0xffff) != 1)
		errx(1, "no array of capabilities: 0x%08x", *array);
	*count = *array >> 24;
	return array;
}

/* How much of the range a capability takes, at most. */
static unsigned int capability_size(unsigned int id, uint32_t first)
{
	static const unsigned char hdm_count[16] = {1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32};

	switch (id) {
	case 2: /* RAS */
		return 0x58;
	case 4: /* link */
		return 0x40;
	case 5: /* HDM decoders */
		return 0x10 + 0x20 * hdm_count[first & 0xf];
	case 8: /* snoop filter */
		return 8;
	case ISOLATION_ID:
		return LENGTH;
	}
	return 0x100;
}

static bool is_free(const uint32_t *array, unsigned int count, unsigned int at)
{
	static const uint32_t zero[LENGTH / 4];

	if (at <= count * 4 || memcmp(array + at / 4, zero, LENGTH))
		return false;
	for (unsigned int i = 1; i <= count; i++) {
		unsigned int id = array[i] & 0xffff, start = array[i] >> 20;

		if (id && at + LENGTH > start && at < start + capability_size(id, array[start / 4]))
			return false;
	}
	return true;
}

static unsigned int find_place(const uint32_t *array, unsigned int count)
{
	unsigned int at = PRIMARY - LENGTH;

	while (at && !is_free(array, count, at))
		at -= LENGTH;
	if (!at)
		errx(1, "no place for the capability");
	return at;
}

/* An entry of the array that is free, or one more if nothing is where that would be. */
static unsigned int find_entry(uint32_t *array, unsigned int count)
{
	unsigned int empty = 0, one_more = count < 255;

	for (unsigned int i = 1; i <= count; i++) {
		if ((array[i] & 0xffff) == ISOLATION_ID)
			errx(1, "the capability is there already");
		if (!(array[i] & 0xffff) && !empty)
			empty = i;
		if (array[i] & 0xffff && array[i] >> 20 < (count + 2) * 4)
			one_more = 0;
	}
	if (empty)
		return empty;
	if (!one_more || array[count + 1])
		errx(1, "no entry for the capability");
	*array += 1u << 24;
	return count + 1;
}

/* Of its words only the values are here yet; the mark comes with the first sync. */
static void add_capability(void)
{
	unsigned int count, entry;
	uint32_t *array;

	for (unsigned int i = 0; i < BLOCK_WORDS; i++)
		saved[i] = block[i];
	array = entries(&count);
	entry = find_entry(array, count);
	slot = find_place(array, array[0] >> 24);
	array[entry] = slot << 20 | 1u << 16 | ISOLATION_ID;
	for (struct reg *reg = regs; reg < end_of_regs; reg++) {
		reg->word = block + (PRIMARY + slot) / 4 + (reg - regs);
		reg->stored = atomic_load(reg->word);
	}
	set_vanished(false);
}

/* --- the emulator --- */

/*
 * Let the others have the processor until something may have happened: soon if something just did,
 * and ever later the longer it did not. A look costs an emulated processor 50 to 300 us.
 */
static void rest(void)
{
	static unsigned int turns;
	struct pollfd ins[] = {
		{.fd = channels[0].in, .events = POLLIN},
		{.fd = channels[1].in, .events = POLLIN},
	};
	uint64_t pause_us = (now_us() - active_us) / 512;
	struct timespec pause;

	pause_us = pause_us < 50 ? 50 : pause_us < 4000 ? pause_us : 4000;
	pause = (struct timespec){.tv_nsec = pause_us * 1000};
	if (ppoll(ins, 2, &pause, NULL) > 0)
		for (int i = 0; i < 2; i++)
			if (ins[i].revents)
				read_commands(&channels[i]);
	if (++turns % 8 == 0 && !held)
		check_rest();
}

static void take_effect(void)
{
	if (!pending || now_us() < due_us)
		return;
	clear_status(pending);
	log_line("status: takes effect 0x%08x new 0x%08x", pending, status->value);
	pending = 0;
}

__attribute__((noreturn)) static void emulate(void)
{
	/* Prompt, also when there is much to do. */
	prctl(PR_SET_TIMERSLACK, 1);
	setpriority(PRIO_PROCESS, 0, -20);
	sync_regs();
	log_line("ready: capability 0x%04x at 0x%04x", ISOLATION_ID, PRIMARY + slot);
	for (;;) {
		sync_regs();
		take_effect();
		rest();
	}
}

/* Open for both directions: so it does not matter who else has it open. */
static int open_fifo(const char *path, const char *suffix)
{
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	if (mkfifo(name, 0600) && errno != EEXIST)
		err(1, "%s", name);
	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", name);
	return fd;
}

static void open_channel(struct channel *channel, const char *path, const char *suffix)
{
	char name[256];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	channel->in = open_fifo(name, "");
	channel->out = open_fifo(name, ".answer");
}

/* --- the other modes --- */

static word *map(const char *path, bool writable)
{
	int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_SYNC | O_CLOEXEC);
	struct stat info;
	void *mapping;

	if (fd < 0 || fstat(fd, &info))
		err(1, "%s", path);
	if (info.st_size < BLOCK_SIZE)
		errx(1, "%s is no component block", path);
	mapping =
		mmap(NULL, BLOCK_SIZE, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	if (mapping == MAP_FAILED)
		err(1, "mmap %s", path);
	close(fd);
	return mapping;
}

static int copy(const char *from, const char *to)
{
	word *source = map(from, false);
	FILE *out = fopen(to, "we");

	for (unsigned int i = 0; i < BLOCK_WORDS; i++)
		saved[i] = source[i];
	if (!out || fwrite(saved, BLOCK_SIZE, 1, out) != 1 || fclose(out))
		err(1, "%s", to);
	return 0;
}

static uint32_t number(const char *text)
{
	uint32_t value;

	if (!parse_number(text, &value))
		errx(2, "'%s' is no number of 32 bits", text);
	return value;
}

/* What the program under test does between two accesses, so that it takes as long. */
static void set_handlers(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL}, before;

	for (int i = 0; i < 3; i++)
		sigaction(SIGBUS, &action, &before);
}

static int print_clear_time(word *reg, uint32_t mask)
{
	uint64_t began = now_us();

	*reg = mask;
	/* At first it reads what was just written. */
	while (*reg & mask) {
		if (now_us() - began > 1000000)
			errx(1, "0x%08x is not cleared within a second: 0x%08x", mask, *reg);
		usleep(20);
	}
	printf("%" PRIu64 "\n", now_us() - began);
	return 0;
}

/* One access; the arguments are those after FILE. */
static int access_reg(int mode, char **argv)
{
	uint32_t offset = number(argv[1]), value;
	word *reg = map(argv[0], mode != 'r') + offset / 4;

	if (offset % 4 || offset >= BLOCK_SIZE)
		errx(2, "no register can be at 0x%x", offset);
	if (mode == 'x')
		return print_clear_time(reg, number(argv[2]));
	if (mode != 'r') {
		value = mode == 'w' ? number(argv[2]) : *reg;
		set_handlers();
		*reg = value;
		set_handlers();
	}
	printf("0x%08x\n", *reg);
	return 0;
}

/* --- run a program with its writes trapped --- */

#ifdef __x86_64__

/* A component block that is emulated, and where the program has it mapped. */
struct trap {
	dev_t dev;
	ino_t ino;
	int in, out;
	uint64_t start, length, offset; /* the last mapping; the offset in the file */
};

static struct trap traps[32];
static size_t n_traps;
static struct trap *mapping; /* that is being made */
static uint64_t syscall_at;  /* a system call instruction in the program */

static void add_trap(const char *file)
{
	struct trap *trap = &traps[n_traps];
	char fifo[280];
	struct stat info;

	snprintf(fifo, sizeof(fifo), "%.*scommand" RUN_SUFFIX,
		 (int)(strlen(file) - strlen("block")), file);
	if (stat(file, &info) || access(fifo, F_OK))
		return;
	*trap = (struct trap){.dev = info.st_dev, .ino = info.st_ino};
	trap->in = open_fifo(fifo, "");
	trap->out = open_fifo(fifo, ".answer");
	n_traps++;
}

static void find_traps(const char *dir)
{
	char pattern[256];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*/block", dir);
	if (glob(pattern, 0, NULL, &found))
		errx(1, "no %s", pattern);
	for (size_t i = 0; i < found.gl_pathc && n_traps < 32; i++)
		add_trap(found.gl_pathv[i]);
	globfree(&found);
}

/* Have the emulator do it; it is done afterwards. */
__attribute__((format(printf, 2, 3))) static void ask(const struct trap *trap, const char *format,
						      ...)
{
	struct pollfd out = {.fd = trap->out, .events = POLLIN};
	va_list arguments;
	char text[256];

	va_start(arguments, format);
	vdprintf(trap->in, format, arguments);
	va_end(arguments);
	if (poll(&out, 1, 10000) != 1 || read(trap->out, text, sizeof(text)) <= 0)
		errx(1, "no answer from the emulator");
}

/* One instruction. Signals that come meanwhile have to come again. */
static void step(pid_t pid)
{
	int result, again[8], n = 0;

	for (;;) {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) ||
		    waitpid(pid, &result, __WALL) != pid)
			err(1, "ptrace");
		if (!WIFSTOPPED(result))
			errx(1, "the program ended in the middle of a write");
		if (result >> 16)
			continue;
		if (WSTOPSIG(result) == SIGTRAP)
			break;
		if (n < 8)
			again[n++] = WSTOPSIG(result);
	}
	while (n)
		syscall(SYS_tkill, pid, again[--n]);
}

/* Have the program make a system call that it does not notice. */
static void inject_mprotect(pid_t pid, uint64_t page, int protection)
{
	struct user_regs_struct before, now;

	ptrace(PTRACE_GETREGS, pid, NULL, &before);
	now = before;
	now.rip = syscall_at;
	now.rax = SYS_mprotect;
	now.rdi = page;
	now.rsi = PRIMARY;
	now.rdx = protection;
	ptrace(PTRACE_SETREGS, pid, NULL, &now);
	step(pid);
	ptrace(PTRACE_GETREGS, pid, NULL, &now);
	ptrace(PTRACE_SETREGS, pid, NULL, &before);
	if (now.rax)
		errx(1, "mprotect in the program: error %lld", (long long)now.rax);
}

/* A fault that is a write to a trapped mapping is done and forgotten. */
static bool handle_fault(pid_t pid)
{
	struct trap *trap = traps;
	uint64_t address, page;
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) || info.si_code != SEGV_ACCERR)
		return false;
	address = (uintptr_t)info.si_addr;
	while (trap < traps + n_traps && address - trap->start >= trap->length)
		trap++;
	if (trap == traps + n_traps)
		return false;
	page = address & -(uint64_t)PRIMARY;
	flock(trap->in, LOCK_EX);
	ask(trap, "hold\n");
	inject_mprotect(pid, page, PROT_READ | PROT_WRITE);
	step(pid);
	inject_mprotect(pid, page, PROT_READ);
	ask(trap, "written %" PRIu64 "\n", trap->offset + address - trap->start);
	flock(trap->in, LOCK_UN);
	return true;
}

static struct trap *find_trap(pid_t pid, int fd)
{
	char path[64];
	struct stat info;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	if (stat(path, &info))
		return NULL;
	for (size_t i = 0; i < n_traps; i++)
		if (traps[i].dev == info.st_dev && traps[i].ino == info.st_ino)
			return &traps[i];
	return NULL;
}

/*
 * At the entry of such an mmap as the filter below lets stop. Whether it maps a block: then the
 * mapping will be read only, and its exit is to be seen.
 */
static bool handle_mmap(pid_t pid)
{
	struct user_regs_struct now;

	ptrace(PTRACE_GETREGS, pid, NULL, &now);
	mapping = find_trap(pid, now.r8);
	if (!mapping)
		return false;
	mapping->length = now.rsi;
	mapping->offset = now.r9;
	now.rdx &= ~(uint64_t)PROT_WRITE;
	ptrace(PTRACE_SETREGS, pid, NULL, &now);
	return true;
}

static void handle_mapped(pid_t pid)
{
	struct user_regs_struct now;

	ptrace(PTRACE_GETREGS, pid, NULL, &now);
	mapping->start = now.rax;
	if (now.rax > -4096ull)
		mapping->length = 0;
	syscall_at = now.rip - 2;
}

static void handle_stop(pid_t pid, int result)
{
	int signal = WSTOPSIG(result), event = result >> 16;
	enum __ptrace_request request = PTRACE_CONT;
	long pass_on = 0;

	/* By somebody's SIGSTOP, and to stay so. */
	if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, NULL, NULL);
		return;
	}
	if (event == PTRACE_EVENT_SECCOMP && handle_mmap(pid))
		request = PTRACE_SYSCALL;
	else if (!event && signal == (SIGTRAP | 0x80))
		handle_mapped(pid);
	else if (!event && (signal != SIGSEGV || !handle_fault(pid)))
		pass_on = signal;
	ptrace(request, pid, NULL, pass_on);
}

__attribute__((noreturn)) static void trace(pid_t program, int ready)
{
	int result;
	pid_t pid;

	if (ptrace(PTRACE_SEIZE, program, NULL,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP |
			   PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK) ||
	    ptrace(PTRACE_INTERRUPT, program, NULL, NULL) ||
	    waitpid(program, &result, __WALL) != program ||
	    ptrace(PTRACE_CONT, program, NULL, NULL))
		err(1, "ptrace");
	if (write(ready, "", 1) != 1)
		err(1, "write");
	close(ready);
	while ((pid = waitpid(-1, &result, __WALL)) > 0)
		if (WIFSTOPPED(result))
			handle_stop(pid, result);
	exit(0);
}

/* Stop at every mmap that is shared and writable. To stop at every system call takes seconds. */
static void filter_mmap(void)
{
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
	static struct sock_filter code[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 5),
		LOAD(args[2]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_WRITE, 0, 3),
		LOAD(args[3]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = {sizeof(code) / sizeof(*code), code};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		err(1, "seccomp");
}

/* It is we who become the program, and a grandchild traces: its process, parent and end are its own. */
static int run(const char *dir, char **program)
{
	pid_t self = getpid(), child;
	int ready[2];
	char byte;

	find_traps(dir);
	if (pipe2(ready, O_CLOEXEC) || (child = fork()) < 0)
		err(1, "fork");
	if (!child) {
		if (fork())
			_exit(0);
		close(ready[0]);
		signal(SIGINT, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		trace(self, ready[1]);
	}
	close(ready[1]);
	waitpid(child, NULL, 0);
	if (read(ready[0], &byte, 1) != 1)
		return 1;
	filter_mmap();
	execvp(*program, program);
	err(1, "%s", *program);
}

#else
static int run(const char *dir, char **program)
{
	(void)dir;
	errx(1, "%s can be run with its writes trapped on x86-64 only", *program);
}
#endif

__attribute__((noreturn)) static void usage(void)
{
	fprintf(stderr, "usage: isolation-emulator [--capability VALUE] [--control VALUE] "
			"[--status VALUE] [--log LOGFILE] [--command FIFO] FILE\n"
			"       isolation-emulator --copy RESOURCE FILE\n"
			"       isolation-emulator --peek FILE OFFSET\n"
			"       isolation-emulator --poke FILE OFFSET VALUE\n"
			"       isolation-emulator --write-back FILE OFFSET\n"
			"       isolation-emulator --clear FILE OFFSET MASK\n"
			"       isolation-emulator --run DIR PROGRAM [ARG...]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"capability", required_argument, NULL, 'a'},
		{"control", required_argument, NULL, 'c'},
		{"status", required_argument, NULL, 's'},
		{"log", required_argument, NULL, 'l'},
		{"command", required_argument, NULL, 'f'},
		{"copy", no_argument, NULL, 'y'},
		{"peek", no_argument, NULL, 'r'},
		{"poke", no_argument, NULL, 'w'},
		{"write-back", no_argument, NULL, 'b'},
		{"clear", no_argument, NULL, 'x'},
		{"run", no_argument, NULL, 'u'},
		{0},
	};
	int option, mode = 0;
	const char *cap = NULL, *ctl = "0", *sts = "0", *error;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'a') {
			cap = optarg;
		} else if (option == 'c') {
			ctl = optarg;
		} else if (option == 's') {
			sts = optarg;
		} else if (option == 'l') {
			log_fd = open(optarg, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
			if (log_fd < 0)
				err(1, "%s", optarg);
		} else if (option == 'f') {
			open_channel(&channels[0], optarg, "");
			open_channel(&channels[1], optarg, RUN_SUFFIX);
		} else if (option == '?') {
			usage();
		} else {
			mode = option;
		}
	}
	argv += optind;
	argc -= optind;
	if (mode == 'u' && argc > 1)
		return run(argv[0], argv + 1);
	if (argc != (!mode ? 1 : mode == 'w' || mode == 'x' ? 3 : 2))
		usage();
	if (mode == 'y')
		return copy(argv[0], argv[1]);
	if (mode)
		return access_reg(mode, argv);

	block = map(argv[0], true);
	add_capability();
	capability->value = cap ? number(cap) : CAP_DEFAULT;
	error = set_control(ctl);
	if (!error)
		error = set_status(sts);
	if (error)
		errx(2, "the registers at the start: %s", error);
	emulate();
}
