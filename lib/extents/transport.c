/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/transport.h"

#include <errno.h>
#include <stdlib.h>

#include "regs/mailbox.h"
#include "sys/util.h"

/* CXL 3.1 table 8-34, in its order: return codes. */
static const struct {
	const char *name;
	int error;
} codes[] = {
	{"Success", 0},
	{"Background Command Started", -EIO},
	{"Invalid Input", -EINVAL},
	{"Unsupported", -EOPNOTSUPP},
	{"Internal Error", -EIO},
	{"Retry Required", -EBUSY},
	{"Busy", -EBUSY},
	{"Media Disabled", -EIO},
	{"FW Transfer in Progress", -EBUSY},
	{"FW Transfer Out of Order", -EIO},
	{"FW Verification Failed", -EIO},
	{"Invalid Slot", -EIO},
	{"Activation Failed, FW Rolled Back", -EIO},
	{"Activation Failed, Cold Reset Required", -EIO},
	{"Invalid Handle", -EINVAL},
	{"Invalid Physical Address", -ENXIO},
	{"Inject Poison Limit Reached", -EIO},
	{"Permanent Media Failure", -EIO},
	{"Aborted", -EIO},
	{"Invalid Security State", -EIO},
	{"Incorrect Passphrase", -EIO},
	{"Unsupported Mailbox or CCI", -EOPNOTSUPP},
	{"Invalid Payload Length", -EINVAL},
	{"Invalid Log", -EOPNOTSUPP},
	{"Interrupted", -EIO},
	{"Unsupported Feature Version", -EIO},
	{"Unsupported Feature Selection Value", -EIO},
	{"Feature Transfer in Progress", -EIO},
	{"Feature Transfer Out of Order", -EIO},
	{"Resources Exhausted", -ENOSPC},
	{"Invalid Extent List", -ENXIO},
};

static const char *command_name(uint16_t opcode)
{
	switch (opcode) {
	case OPCODE_GET_LOG:
		return "Get Event Records";
	case OPCODE_CLEAR_LOG:
		return "Clear Event Records";
	case OPCODE_GET_CONFIGURATION:
		return "Get Dynamic Capacity Configuration";
	case OPCODE_GET_EXTENTS:
		return "Get Dynamic Capacity Extent List";
	case OPCODE_ADD_RESPONSE:
		return "Add Dynamic Capacity Response";
	case OPCODE_RELEASE:
		return "Release Dynamic Capacity";
	}
	return "a command";
}

int transport_code(const struct transport *transport, uint16_t opcode, unsigned int code,
		   struct error *err)
{
	if (!code)
		return 0;
	if (code < ARRAY_SIZE(codes))
		return fail(err, codes[code].error, "%s answered %s with \"%s\" (0x%04x)",
			    transport->name, command_name(opcode), codes[code].name, code);
	return fail(err, -EIO, "%s answered %s with the unknown code 0x%04x", transport->name,
		    command_name(opcode), code);
}

struct mailbox_transport {
	struct transport transport;
	struct mailbox *mailbox;
	char *address;
};

static int command(struct transport *transport, uint16_t opcode, const void *in, size_t in_size,
		   void *out, size_t out_max, size_t *out_size, struct error *err)
{
	struct mailbox_transport *self = (struct mailbox_transport *)transport;
	unsigned int code;
	int rc = mailbox_send(self->mailbox, opcode, in, in_size, out, out_max, out_size, &code,
			      err);

	return rc ? rc : transport_code(transport, opcode, code, err);
}

static void close_transport(struct transport *transport)
{
	struct mailbox_transport *self = (struct mailbox_transport *)transport;

	mailbox_close(&self->mailbox);
	free(self->address);
	free(self);
}

int transport_mailbox(const struct sys *sys, const char *address, struct transport **transport,
		      struct error *err)
{
	struct mailbox_transport *self;
	struct mailbox *mailbox;
	int rc = mailbox_open(sys, &mailbox, address, err);

	if (rc)
		return rc;
	self = xcalloc(1, sizeof(*self));
	self->mailbox = mailbox;
	self->address = xstrdup(address);
	self->transport = (struct transport){
		.source = "mailbox",
		.name = self->address,
		.payload_max = mailbox_payload_max(mailbox),
		.command = command,
		.close = close_transport,
	};
	*transport = &self->transport;
	return 0;
}

void transport_close(struct transport **transport)
{
	if (*transport)
		(*transport)->close(*transport);
	*transport = NULL;
}
