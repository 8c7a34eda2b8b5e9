/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A memory device's function without its driver, for the time of a command: its mailbox is ours then.
 *
 * It is given back whatever becomes of us. Before it is taken a guardian is forked, which waits in a
 * session of its own until we are gone, and gives the function back if we did not. A journal is left
 * for the case that the guardian is killed as well.
 */
#ifndef EXEC_BORROW_H
#define EXEC_BORROW_H

#include "exec/journal.h"
#include "policy/findings.h"
#include "sys/sys.h"

struct borrow;

/*
 * Take the PCI function at @address ("0000:0d:00.0") from its driver. @lock is what lock_take() gave:
 * the guardian holds it, too. The machine is collected anew, twice: to be judged, and right before the
 * driver has to let go. From here on SIGINT, SIGTERM and SIGHUP only ask for a stop: look at
 * stop_requested().
 *
 * 0, and *@borrow for borrow_end(); NULL if the function has no driver: there is nothing to give back.
 * -EPERM: zeroed @findings have what stands against it, for ui_refuse(). Nothing was touched then, nor
 * after -ENODEV: no such function, and -EBUSY: it is borrowed already, or came into use meanwhile.
 * -ENOTRECOVERABLE: it was taken and could not be given back, as of borrow_end(). After any other
 * -errno it is as it was.
 */
int borrow_begin(const struct sys *sys, const char *address, int lock, struct borrow **borrow,
		 struct findings *findings, struct error *err);

/*
 * Give it back, and look that its driver, its memory device and its endpoint are there again. Close
 * what has its registers mapped before. @say (may be NULL) is told if Linux calls the memory device
 * otherwise than before. *@borrow is NULL afterwards; NULL before is no error. -ENOTRECOVERABLE: the
 * journal stays, for borrow_give_back(), and the command ends as STATUS_PARTIAL.
 */
int borrow_end(struct borrow **borrow, void (*say)(const char *text), struct error *err);

/* Silent, for ways out that have another error to tell. */
void borrow_drop(struct borrow **borrow);
#define cleanup_borrow __attribute__((cleanup(borrow_drop)))

/*
 * What was borrowed by somebody who is dead, the guardian as well: give it back, and tell @say (may be
 * NULL) about each. What has a driver by now, is gone, or was borrowed before the last boot needs
 * nothing but that its journal is removed. To be called with the lock held.
 */
int borrow_give_back(const struct sys *sys, void (*say)(const char *text), struct error *err);

/* It is the journal of one that needs nothing any more, see above. */
bool borrow_is_over(const struct sys *sys, const struct journal *journal);

#endif
