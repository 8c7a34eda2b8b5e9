// SPDX-License-Identifier: GPL-2.0-or-later
#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

void check_error(int rc, int code, const struct error *err, const char *text, const char *hint)
{
	if (rc != code || strcmp(err->text, text) != 0 || strcmp(err->hint, hint) != 0)
		fail_msg("got %d \"%s\" (hint \"%s\")\ninstead of %d \"%s\" (hint \"%s\")", rc,
			 err->text, err->hint, code, text, hint);
}

unsigned int every(void)
{
	const char *text = getenv("EVERY");
	uint64_t step;

	return text && parse_u64(text, &step) && step >= 1 && step <= 100 ? (unsigned int)step : 1;
}

void tree_make(struct tree *tree)
{
	/* in memory if possible: the journal is synced again and again */
	strcpy(tree->root, "/dev/shm/test-cxl-iso.XXXXXX");
	if (!mkdtemp(tree->root)) {
		strcpy(tree->root, "/tmp/test-cxl-iso.XXXXXX");
		if (!mkdtemp(tree->root))
			fail_msg("cannot make a directory in /tmp: %s", strerror(errno));
	}
	tree->sys.root = tree->root;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tree_remove(struct tree *tree)
{
	nftw(tree->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The real path of a path in the tree. */
static void place(struct tree *tree, char out[PATH_MAX], const char *path, va_list args)
{
	int head = snprintf(out, PATH_MAX, "%s", tree->root);

	vsnprintf(out + head, (size_t)(PATH_MAX - head), path, args);
}

#define PLACE(tree, out, path)                 \
	do {                                   \
		va_list args_;                 \
		va_start(args_, path);         \
		place(tree, out, path, args_); \
		va_end(args_);                 \
	} while (0)

static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			fail_msg("cannot make %s: %s", path, strerror(errno));
		*slash = '/';
	}
}

void tree_file(struct tree *tree, const char *text, const char *path, ...)
{
	char file[PATH_MAX];
	FILE *stream;

	PLACE(tree, file, path);
	make_parents(file);
	stream = fopen(file, "we");
	if (!stream || fputs(text, stream) < 0 || fclose(stream))
		fail_msg("cannot write %s: %s", file, strerror(errno));
}

void tree_directory(struct tree *tree, const char *path, ...)
{
	char directory[PATH_MAX];

	PLACE(tree, directory, path);
	make_parents(directory);
	if (mkdir(directory, 0755))
		fail_msg("cannot make %s: %s", directory, strerror(errno));
}

void tree_fifo(struct tree *tree, const char *path, ...)
{
	char file[PATH_MAX];

	PLACE(tree, file, path);
	make_parents(file);
	if (mkfifo(file, 0600))
		fail_msg("cannot make %s: %s", file, strerror(errno));
}

void tree_link(struct tree *tree, const char *target, const char *path, ...)
{
	char file[PATH_MAX], to[PATH_MAX];

	PLACE(tree, file, path);
	make_parents(file);
	snprintf(to, sizeof(to), "%s%s", target[0] == '/' ? tree->root : "", target);
	if (symlink(to, file))
		fail_msg("cannot link %s: %s", file, strerror(errno));
}

void tree_unlink(struct tree *tree, const char *path)
{
	char file[PATH_MAX];

	snprintf(file, sizeof(file), "%s%s", tree->root, path);
	if (remove(file))
		fail_msg("cannot remove %s: %s", file, strerror(errno));
}

int tree_setup(void **state)
{
	static struct tree tree;

	tree_make(&tree);
	*state = &tree;
	return 0;
}

int tree_teardown(void **state)
{
	tree_remove(*state);
	return 0;
}

void check_file(struct tree *tree, const char *text, const char *path, ...)
{
	char file[PATH_MAX], got[4096];
	FILE *stream;

	PLACE(tree, file, path);
	stream = fopen(file, "re");
	if (!stream)
		fail_msg("cannot open %s: %s", file, strerror(errno));
	got[fread(got, 1, sizeof(got) - 1, stream)] = '\0';
	fclose(stream);
	if (strcmp(got, text) != 0)
		fail_msg("%s has \"%s\" instead of \"%s\"", file, got, text);
}

int in_child(int (*body)(void *context), void *context)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		fail_msg("cannot fork: %s", strerror(errno));
	if (!child)
		_exit(body(context));
	if (waitpid(child, &status, 0) != child)
		fail_msg("cannot wait: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
