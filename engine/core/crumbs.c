#include "crumbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "core.h"
#include "spec/proto.h"

/* One version with the registry: an engine that takes over reads both. */
enum { VERSION = 0x63720000 | REGISTRY_VERSION };
enum { PIECES = CRUMB_ROWS / CRUMB_PIECE };
_Static_assert(PIECES == 32, "a bit of pieces for each");

/* In place of the id of one that was dropped: what is behind it is found. */
#define DROPPED UINT32_MAX

static bool
has_piece(const struct crumb_file *f, size_t row)
{
	return f->pieces & UINT32_C(1) << row / CRUMB_PIECE;
}

static bool
make_piece(struct crumbs *c, size_t row)
{
	size_t piece = row / CRUMB_PIECE;
	size_t bytes = CRUMB_PIECE * sizeof *c->file->rows;
	size_t off = offsetof(struct crumb_file, rows) + piece * bytes;

	if (posix_fallocate(c->fd, (off_t)off, (off_t)bytes) != 0)
		return false;
	c->file->pieces |= UINT32_C(1) << piece;
	return true;
}

static void
wipe(struct crumb_file *f)
{
	for (size_t i = 0; i < CRUMB_ROWS; i += CRUMB_PIECE)
		if (has_piece(f, i))
			memset(&f->rows[i], 0, CRUMB_PIECE * sizeof *f->rows);
	f->feeding = f->reach = 0;
	memset(&f->in_transit, 0, sizeof f->in_transit);
	memset(f->sent, 0, sizeof f->sent);
}

/* What is in front of the rows and behind them. */
static int
make_ends(int fd)
{
	const off_t rows = offsetof(struct crumb_file, rows);
	const off_t behind = offsetof(struct crumb_file, sent_count);
	int r = posix_fallocate(fd, 0, rows);

	return r ? r : posix_fallocate(fd, behind, (off_t)
				       sizeof(struct crumb_file) - behind);
}

struct crumbs *
crumbs_open(const char *run_dir)
{
	char *path = mem_fmt("%s/crumbs", run_dir);
	struct crumbs *c = mem_alloc(sizeof *c);

	c->fd = sys_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	free(path);
	int r = c->fd < 0 ? -c->fd : make_ends(c->fd);
	/* Of all of it: what is not in the file yet is not touched. */
	if (r == 0)
		c->file = mmap(NULL, sizeof *c->file, PROT_READ | PROT_WRITE,
			       MAP_SHARED, c->fd, 0);
	if (r == 0 && c->file == MAP_FAILED)
		r = errno;
	/* Another version's. */
	if (r == 0 && c->file->version != VERSION) {
		if (ftruncate(c->fd, 0) < 0)
			r = errno;
		if (r == 0)
			r = make_ends(c->fd);
		if (r == 0)
			c->file->version = VERSION;
	}
	if (r == 0)
		return c;
	if (c->file != MAP_FAILED && c->file)
		munmap(c->file, sizeof *c->file);
	sys_close(c->fd);
	free(c);
	errno = r;
	return NULL;
}

void
crumbs_close(struct crumbs *c)
{
	if (!c)
		return;
	munmap(c->file, sizeof *c->file);
	sys_close(c->fd);
	free(c);
}

void
crumbs_clear(struct crumbs *c)
{
	wipe(c->file);
}

static size_t
place(uint32_t id, uint32_t step)
{
	return (id + step) % CRUMB_ROWS;
}

const struct crumb *
crumbs_find(const struct crumbs *c, uint32_t id)
{
	const struct crumb_file *f = c->file;

	for (uint32_t i = 0; i <= f->reach; i++) {
		size_t at = place(id, i);
		if (!has_piece(f, at) || f->rows[at].id == 0)
			break;
		if (f->rows[at].id == id)
			return &f->rows[at];
	}
	return NULL;
}

static bool
is_free(const struct crumb_file *f, size_t row)
{
	return !has_piece(f, row) || f->rows[row].id == 0 ||
	       f->rows[row].id == DROPPED;
}

struct crumb *
crumbs_get(struct crumbs *c, uint32_t id)
{
	const struct crumb *found = crumbs_find(c, id);
	struct crumb_file *f = c->file;
	uint32_t step = 0;

	if (found)
		return &f->rows[found - f->rows];
	while (!is_free(f, place(id, step)))
		if (++step == CRUMB_ROWS)
			return &c->spare;
	size_t at = place(id, step);
	if (!has_piece(f, at) && !make_piece(c, at))
		return &c->spare;
	if (step > f->reach)
		f->reach = step;
	struct crumb *row = &f->rows[at];
	row->lost_stream = 0;
	row->fed_off = row->lost_bytes = row->typed_bytes = 0;
	row->sent_signo = 0;
	/* Whoever is killed here has written these first. */
	atomic_signal_fence(memory_order_seq_cst);
	row->id = id;
	return row;
}

void
crumbs_drop(struct crumbs *c, uint32_t id)
{
	const struct crumb *row = crumbs_find(c, id);

	if (row)
		c->file->rows[row - c->file->rows].id = DROPPED;
}

void
crumbs_sweep(struct crumbs *c, crumbs_known_fn *known, void *arg)
{
	struct crumb_file *f = c->file;

	for (size_t i = 0; i < CRUMB_ROWS; i++)
		if (!is_free(f, i) && !known(f->rows[i].id, arg))
			f->rows[i].id = DROPPED;
}

void
crumbs_put_sent(struct crumbs *c, uint64_t key, uint32_t pid, uint32_t which,
		uint64_t run)
{
	struct crumb_file *f = c->file;
	struct crumb_sent *s = &f->sent[f->sent_count % CRUMB_SENT];

	if (!key)
		return;
	s->key = 0;
	atomic_signal_fence(memory_order_seq_cst);
	s->pid = pid;
	s->which = which;
	s->run = run;
	atomic_signal_fence(memory_order_seq_cst);
	s->key = key;
	f->sent_count++;
}

const struct crumb_sent *
crumbs_find_sent(const struct crumbs *c, uint64_t key, uint32_t pid,
		 uint32_t which)
{
	for (size_t i = 0; key && i < CRUMB_SENT; i++) {
		const struct crumb_sent *s = &c->file->sent[i];
		if (s->key == key && s->pid == pid &&
		    (!which || s->which == which))
			return s;
	}
	return NULL;
}
