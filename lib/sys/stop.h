/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGINT, SIGTERM and SIGHUP ask for a stop at the next safe point; they never kill in the middle.
 *
 * They stay blocked, because a signal that is merely caught interrupts what the kernel does for us
 * all the same: a driver that probes within our write to a bus's rescan fails with EINTR and leaves
 * its device without a driver (seen with cxl_pci on 6.12).
 */
#ifndef SYS_STOP_H
#define SYS_STOP_H

#include <stdbool.h>

void stop_on_signals(void);
bool stop_requested(void);

/* Readable, for poll(2), once one of them came, after stop_on_signals(). Never read; -1 if there is none. */
int stop_descriptor(void);

/*
 * Let them interrupt a call that may block for long, until the next stop_block(). The caller handles
 * SIGALRM, which a second later interrupts a call that began after the signal came.
 */
void stop_unblock(void);
void stop_block(void);

#endif
