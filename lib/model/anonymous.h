/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MODEL_ANONYMOUS_H
#define MODEL_ANONYMOUS_H

#include "model/host.h"

/*
 * Take out of a picture what tells one machine, or the people on it, from others: command lines,
 * names of users, serials of devices and uuids of regions become unknown. Names that somebody chose
 * for a virtual machine, unit, container, control group or mount become name1, name2, ..., the same
 * name always the same one, so that the picture still tells what belongs together.
 */
void host_anonymize(struct host *host);

#endif
