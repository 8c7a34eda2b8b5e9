/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operation set out to do and how far it is, on disk before every step. It holds the whole
 * picture of before, so that everything can be built again whatever becomes of the process or the
 * host. Files of root's own, 0600, under /var/lib/cxl-iso, one an operation.
 */
#ifndef EXEC_JOURNAL_H
#define EXEC_JOURNAL_H

#include "policy/plan.h"
#include "sys/sys.h"

enum direction { DIRECTION_DOWN, DIRECTION_UP };

extern const char *const direction_names[];

/* Which of a device and the file that it was saved to has the contents that count (exec/saved.h). */
enum saved_state {
	SAVED_COPY,	 /* the device does; it never left service */
	SAVED_ONLY,	 /* the file does, as long as nobody puts the device back into service */
	SAVED_RETURNING, /* the file does, whatever is in the device: we put it back into service */
	SAVED_BACK,	 /* the device does again */
};

extern const char *const saved_state_names[];

/* Contents of a dax device that are in a file, all of them. */
struct saved {
	char dax[NAME_SIZE]; /* its name before */
	char *path;
	uint64_t size; /* bytes: that of the device, and of the file */
	char sha256[65];
	int state;     /* enum saved_state */
	char boot[48]; /* the kernel's boot_id when that was noted: devices forget */
};

/* Whether the device has what was to be sent to it: that can not be sent twice, nor be seen for sure. */
enum sent {
	SENT_NO,
	SENT_MAYBE, /* it was about to be */
	SENT_YES,
};

extern const char *const sent_names[];

struct journal {
	char operation[16];	/* recover, evacuate, hold, borrow, respond, release */
	char object[NAME_SIZE]; /* the root port; what is evacuated; a memory device's function */
	char boot[48];		/* the kernel's boot_id: whether the host was booted since */
	char started[32];	/* local time, ISO 8601 */
	int process;
	int direction;	    /* enum direction */
	bool undoing;	    /* the way down failed: up means to put back */
	bool complete;	    /* an evacuation that was not cut short: up means to restore */
	bool reboot_needed; /* the kernel could not do it; nothing will before the next boot */
	char why[512];	    /* the way down failed; "" if it did not */
	uint64_t position;  /* steps of that direction begun before this one: all done */
	int sent;	    /* enum sent: the answer to a batch, or a release of extents */
	LIST(struct extent) pieces; /* that are accepted, or released */
	LIST(struct saved) saved;
	struct plan plan;
	struct host before;
};

extern const struct record journal_record;

void journal_free(struct journal *journal);
#define cleanup_journal __attribute__((cleanup(journal_free)))

/* Fill in operation, object, boot, time and process of a new journal; @plan and @before move in. */
void journal_init(const struct sys *sys, struct journal *journal, struct plan *plan,
		  struct host *before);

/* Write the journal as it is now: to a temporary file, synced, renamed, directory synced. */
int journal_save(const struct sys *sys, const struct journal *journal, struct error *err);

/* -ENOENT without a text if there is none; -EPERM if it is not root's alone; -EINVAL if it can
 * not be what we wrote. @journal must be zeroed. */
int journal_load(const struct sys *sys, const char *operation, const char *object,
		 struct journal *journal, struct error *err);

/* The same for an address that may lack its domain. */
int journal_load_short(const struct sys *sys, const char *operation, const char *word,
		       struct journal *journal, struct error *err);

/* There is one of that name, whatever is in it: names of what is evacuated may be another's by now. */
bool journal_is_there(const struct sys *sys, const char *operation, const char *object);

/* The operation is over: remove its journal. */
int journal_remove(const struct sys *sys, const struct journal *journal, struct error *err);

/* Contents of a dax device, by its name before, that the journal has in a file; NULL if it has none. */
struct saved *journal_saved(const struct journal *journal, const char *dax);

/* The operation is where it should be, not cut short: evacuated, and not yet being restored. */
bool journal_is_at_rest(const struct journal *journal);

/* The kernel's boot_id of now. */
void journal_boot(const struct sys *sys, char boot[48]);

/* The host was booted since the journal was begun. */
bool journal_is_of_old_boot(const struct sys *sys, const struct journal *journal);

/* File names of all journals, for journal_load_file(). */
int journal_list(const struct sys *sys, struct names *names);
int journal_load_file(const struct sys *sys, const char *file, struct journal *journal,
		      struct error *err);

#endif
