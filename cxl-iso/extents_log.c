/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents_log.h"

#include "extents/dump.h"

struct reader {
	struct dc_device device;
	struct extents_show *show;
	struct grouper *grouper;
};

static int show_batch(void *context, struct batch *batch, struct error *err)
{
	struct reader *reader = context;

	(void)err;
	extents_batch(reader->show, batch);
	return 0;
}

/* Each page counts all that were lost since the log was cleared. */
static int read_page(void *context, const struct log_page *page, struct error *err)
{
	struct reader *reader = context;

	reader->device.lost = page->overflow ? page->lost : 0;
	return grouper_add_page(reader->grouper, page, err);
}

static int read_log(struct reader *reader, struct dump *dump, struct error *err)
{
	int rc;

	reader->grouper = grouper_new(show_batch, reader);
	rc = dump_read_log(dump, read_page, reader, &reader->device.incomplete, err);
	if (!rc)
		rc = grouper_flush(reader->grouper, err);
	grouper_free(&reader->grouper);
	return rc;
}

static void free_reader(struct reader *reader)
{
	record_free(&dc_device_record, &reader->device);
}

enum status log_show(const char *path, const struct extents_printer *printer,
		     const struct extents_choice *choice)
{
	__attribute__((cleanup(free_reader))) struct reader reader = {0};
	cleanup_dump struct dump *dump = NULL;
	struct error err = {0};
	int rc;

	if (dump_open(path, &dump, &err))
		return (enum status)ui_fail(STATUS_USAGE, &err);
	if (dump_read_device(dump, &reader.device, &err))
		return (enum status)ui_fail(STATUS_FAILED, &err);
	if (printer->begin(choice, &err))
		return (enum status)ui_fail(STATUS_USAGE, &err);
	extents_explain(&reader.device);
	reader.show = extents_begin(printer, choice, &reader.device);
	rc = read_log(&reader, dump, &err);
	extents_end(&reader.show);
	printer->end(rc ? STATUS_FAILED : STATUS_DONE, rc ? &err : NULL);
	return rc ? STATUS_FAILED : STATUS_DONE;
}
