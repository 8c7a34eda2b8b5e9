/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CXL_ISO_ASSESS_H
#define CXL_ISO_ASSESS_H

#include "policy/assess.h"
#include "policy/radius.h"

/* A finding that decides a verdict. */
struct reason {
	char id[48];
	char object[NAME_SIZE];
};

struct outlook {
	int verdict; /* enum verdict */
	LIST(struct reason) because;
};

/* A port and everything that is to be said about it. */
struct assessment {
	const struct root_port *port;
	const struct below *below;
	enum situation situation;
	struct findings findings;
	struct losses loses;
	struct outlook now;	    /* in that situation */
	struct outlook if_isolated; /* in the other one, which comes without warning */
	struct radius radius;
};

/* "dax0.0 (256 MiB), region1 (1 GiB)", to be freed; "" if nothing is lost. */
char *losses_text(const struct losses *losses);

/* Verdict, blast radius and findings, for people; notes only if @verbose. */
void assessment_print(const struct assessment *assessment, bool verbose);

#endif
