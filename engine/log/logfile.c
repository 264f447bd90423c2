#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"
#include "logread.h"
#include "spool.h"
#include "strip.h"

#define MAGIC		0x59504f43u	/* "COPY" */
#define RECORD		"copy"
#define PART		".gz-part"	/* what gzip is writing */

enum {
	LINE_MAX_BYTES = 64 * 1024,	/* longer ones come in chunks */
	SUFFIX_MAX = 16,		/* ".1000.gz", PART */
};

/* Before line seq, or `off` bytes of it are copied already. */
struct place {
	uint64_t seq, off;
	uint64_t pos[LOG_STREAMS];	/* bytes of each stream, lines or not */
};

/*
 * What is being written to the copy: with its length this tells how much of
 * that is there.  len 0: nothing is, all is copied up to `to`.
 */
struct record {
	uint32_t magic, sum;
	uint64_t path;			/* hash of it */
	uint64_t dev, ino, size;	/* of the copy before ... */
	uint64_t len;			/* ... so many bytes more */
	uint64_t skip;			/* of them are in a former copy */
	uint64_t gap;			/* they tell of so many lost bytes */
	uint64_t torn;			/* ... behind a line without an end */
	struct place from, to;
};

struct logfile {
	struct spool *sp;
	char *path, *dirname;
	const char *name;		/* the last part of path */
	struct logfile_conf conf;
	struct logread *lr;		/* NULL: at rest */
	int record_fd, dir_fd, fd;	/* -1: at rest */
	struct stat st;			/* of fd */
	bool known;			/* rec is what is on disk */
	struct record rec;
	struct buf out;			/* the batch of rec */
	size_t written;			/* of it */
	uint64_t rotate_at;		/* length at which it is done */
	ino_t squeezing;		/* inode; 0: no */
	int squeeze_fd;			/* that file, for gzip; -1 */
	bool squeeze_failed;
	bool in_trouble;
	struct err trouble;
};

static uint64_t
hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return h;
}

static uint32_t
record_sum(const struct record *r)
{
	struct record copy = *r;

	copy.sum = 0;
	return (uint32_t)hash(&copy, sizeof copy);
}

static int
fail(struct logfile *f, int rc, const char *what)
{
	f->in_trouble = true;
	err_set(&f->trouble, ERR_FAILED, "log.file '%s': %s%s%s", f->path,
		what, *what ? ": " : "", strerror(-rc));
	return rc;
}

/* --- the record --------------------------------------------------------- */

static int
record_save(struct logfile *f)
{
	f->rec.magic = MAGIC;
	f->rec.path = hash(f->path, strlen(f->path));
	f->rec.sum = record_sum(&f->rec);
	ssize_t n = sys_pwrite(f->record_fd, &f->rec, sizeof f->rec, 0);
	if (n == (ssize_t)sizeof f->rec)
		return 0;
	return fail(f, n < 0 ? (int)n : -EIO, "its state cannot be written");
}

/* Where it begins: with what the log still has, which is no loss. */
static void
place_first(struct logfile *f, struct place *p)
{
	*p = (struct place){ .seq = logread_first_seq(f->lr) };
	for (int s = 0; s < LOG_STREAMS; s++)
		p->pos[s] = logread_begin(f->lr, (enum log_stream)s);
}

static int
record_load(struct logfile *f)
{
	struct record r = { 0 };

	if (f->known)
		return 0;
	ssize_t n = sys_pread(f->record_fd, &r, sizeof r, 0);
	if (n < 0)
		return fail(f, (int)n, "its state cannot be read");
	f->known = true;
	f->rec = r;
	if (n != (ssize_t)sizeof r || r.magic != MAGIC ||
	    r.sum != record_sum(&r)) {
		memset(&f->rec, 0, sizeof f->rec);
		place_first(f, &f->rec.to);
	} else if (r.path != hash(f->path, strlen(f->path))) {
		/* Another file now: it has what comes from here on. */
		f->rec.len = 0;
	}
	/* The log of that record was removed. */
	if (f->rec.to.seq > logread_next_seq(f->lr)) {
		f->rec.len = 0;
		place_first(f, &f->rec.to);
	}
	return 0;
}

/* --- making a batch ----------------------------------------------------- */

static bool
is_at(const struct place *a, const struct place *b)
{
	return a->seq == b->seq && a->off == b->off;
}

static void
add_gap(struct buf *out, uint64_t bytes, bool within_line)
{
	(void)buf_addf(out, "%s--- sbx: dropped %llu bytes ---\n",
		       within_line ? "\n" : "", (unsigned long long)bytes);
}

/* A chunk of a line that is too long for one; -ESTALE, -errno, or bytes. */
static ssize_t
add_chunk(struct logfile *f, const struct logline *l, uint64_t from)
{
	size_t want = SBX_MIN(l->full_len - from,
			      (uint64_t)LOGFILE_CHUNK - 1), got = 0;
	char *to = buf_room(&f->out, want);

	while (to && got < want) {
		ssize_t n = logread_read(f->lr, l->stream, l->off + from + got,
					 to + got, want - got);
		if (n <= 0)
			return n < 0 ? n : -ESTALE;
		got += (size_t)n;
	}
	buf_grew(&f->out, got);
	return (ssize_t)got;
}

/* The line, or a chunk of it if nothing is in the batch: 1; 0: it is full. */
static int
add_line(struct logfile *f, struct place *p, size_t room)
{
	struct logline l;
	size_t had = f->out.len;
	int r = logread_line(f->lr, p->seq, LINE_MAX_BYTES, &l);

	if (r <= 0)
		return r;
	if (l.flags & LOGLINE_GAP) {
		if (had > 0)
			return 0;
		f->rec.gap = l.dropped_bytes;
		add_gap(&f->out, l.dropped_bytes, false);
		p->seq++;
		return 0;
	}
	bool tty = l.stream == LOG_PTY;
	bool open_end = tty || l.flags & LOGLINE_PARTIAL;
	uint64_t taken = l.full_len;
	if (tty || l.full_len <= LINE_MAX_BYTES) {
		if (had > 0 && had + l.len + 1 > room)
			return 0;
		char *to = buf_room(&f->out, l.len + 1);
		if (!to)
			return 0;
		if (tty)
			l.len = strip_text(l.text, l.len, to);
		else
			memcpy(to, l.text, l.len);
		to[l.len] = '\n';
		buf_grew(&f->out, l.len + 1);
	} else {
		if (had > 0)
			return 0;
		uint64_t begin = logread_begin(f->lr, l.stream);
		if (l.off + p->off < begin)
			p->off = begin - l.off;
		ssize_t n = add_chunk(f, &l, p->off);
		if (n < 0)
			return (int)n;
		taken = p->off + (uint64_t)n;
		if (taken == l.full_len && open_end)
			(void)buf_addc(&f->out, '\n');
	}
	p->pos[l.stream] = l.off + taken;
	p->off = taken == l.full_len ? 0 : taken;
	p->seq += taken == l.full_len;
	return p->off == 0;
}

/*
 * Lines from rec.from on into out, up to rec.to if that is known, else as
 * many as there are room for, and rec.to is where that is.
 */
static int
make_batch(struct logfile *f, bool known, size_t room)
{
	struct place p = f->rec.from;
	uint64_t next = logread_next_seq(f->lr);
	int r = 1;

	buf_clear(&f->out);
	f->written = 0;
	if (!known)
		f->rec.gap = f->rec.torn = 0;
	while (r == 1 && p.seq < next && !(known && is_at(&p, &f->rec.to)))
		r = add_line(f, &p, room);
	if (!known)
		f->rec.to = p;
	/* Dropped while it was read: the next look tells. */
	return r == -ESTALE ? 0 : SBX_MIN(r, 0);
}

/* Is something gone that is not copied?  Of a terminal only lines count: full
 * screens are never copied. */
static bool
is_behind(const struct logfile *f)
{
	const struct place *p = &f->rec.to;

	return p->seq < logread_first_seq(f->lr) ||
	       p->pos[LOG_OUT] < logread_begin(f->lr, LOG_OUT) ||
	       p->pos[LOG_ERR] < logread_begin(f->lr, LOG_ERR);
}

/* A batch that says so; out is empty if nobody misses anything. */
static void
make_gap(struct logfile *f)
{
	struct place p = f->rec.from;
	uint64_t bytes = 0, first = logread_first_seq(f->lr);

	for (int s = 0; s < LOG_STREAMS; s++) {
		uint64_t begin = logread_begin(f->lr, (enum log_stream)s);
		if (begin > p.pos[s]) {
			bytes += begin - p.pos[s];
			p.pos[s] = begin;
		}
	}
	if (p.seq < first) {
		p.seq = first;
		p.off = 0;
	}
	f->rec.to = p;
	f->rec.gap = bytes;
	f->rec.torn |= f->rec.from.off > 0;
	if (bytes > 0)
		add_gap(&f->out, bytes, f->rec.torn);
}

/* --- the copy ----------------------------------------------------------- */

static void
close_copy(struct logfile *f)
{
	sys_close(f->fd);
	sys_close(f->dir_fd);
	f->fd = f->dir_fd = -1;
}

/* Never through a link, and never what is no file: a pipe would wait. */
static int
open_copy(struct logfile *f)
{
	int rc;

	f->dir_fd = sys_open(f->dirname, O_RDONLY | O_DIRECTORY, 0);
	if (f->dir_fd < 0) {
		rc = fail(f, f->dir_fd, "its directory");
		if (rc == -ENOENT)
			err_hint(&f->trouble, "mkdir -p %s", f->dirname);
		f->dir_fd = -1;
		return rc;
	}
	f->fd = sys_openat(f->dir_fd, f->name, O_WRONLY | O_APPEND | O_CREAT |
			   O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	if (f->fd < 0) {
		rc = fail(f, f->fd, f->fd == -ELOOP ? "a symbolic link" : "");
		f->fd = -1;
		close_copy(f);
		return rc;
	}
	rc = sys_fstat(f->fd, &f->st);
	if (rc == 0 && !S_ISREG(f->st.st_mode))
		rc = -EINVAL;
	if (rc < 0) {
		close_copy(f);
		return fail(f, rc, "not a file");
	}
	return 0;
}

/* Is the file of that name still the one that is open? */
static bool
is_ours(const struct logfile *f)
{
	struct stat st;

	return f->fd >= 0 &&
	       fstatat(f->dir_fd, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_ino == f->st.st_ino && st.st_dev == f->st.st_dev;
}

/* What a former engine was writing when it was killed. */
static int
resume(struct logfile *f)
{
	struct record *r = &f->rec;

	if (r->len == 0 || f->out.len > 0)
		return 0;
	bool same = r->dev == f->st.st_dev && r->ino == f->st.st_ino;
	uint64_t size = (uint64_t)f->st.st_size;
	uint64_t done = r->skip + (same && size > r->size ? size - r->size : 0);
	/* Another file has that name: the one before was finished. */
	if (!same || done >= r->len) {
		r->len = 0;
		return 0;
	}
	buf_clear(&f->out);
	if (r->gap)
		add_gap(&f->out, r->gap, r->torn);
	else if (make_batch(f, true, LOGFILE_CHUNK) < 0)
		return fail(f, -EIO, "its lines cannot be read");
	f->written = done;
	if (f->out.len == r->len)
		return 0;
	/* The rest of it was dropped; the next batch says so. */
	buf_clear(&f->out);
	f->written = 0;
	r->to = r->from;
	r->torn = done > 0;
	r->len = 0;
	return 0;
}

static int
open_all(struct logfile *f)
{
	int rc, dir = -1;

	if (!f->lr || f->record_fd < 0) {
		dir = spool_dir(f->sp);
		if (dir < 0)
			return fail(f, dir, "the log");
	}
	if (!f->lr) {
		f->lr = logread_open(dir, NULL);
		if (!f->lr)
			return fail(f, -EIO, "the log cannot be read");
	}
	if (f->record_fd < 0) {
		rc = sys_openat(dir, RECORD, O_RDWR | O_CREAT |
				O_NOFOLLOW, 0600);
		if (rc < 0)
			return fail(f, rc, "its state");
		f->record_fd = rc;
	}
	rc = record_load(f);
	if (rc < 0)
		return rc;
	if (!is_ours(f)) {
		close_copy(f);
		rc = open_copy(f);
		if (rc < 0)
			return rc;
		f->rotate_at = f->conf.rotate_bytes;
		rc = resume(f);
	}
	return rc;
}

/* The rest of the batch; what was written is told apart by the length. */
static int
write_batch(struct logfile *f)
{
	struct record *r = &f->rec;
	int rc = sys_fstat(f->fd, &f->st);

	if (rc < 0)
		return fail(f, rc, "");
	r->dev = f->st.st_dev;
	r->ino = f->st.st_ino;
	r->size = (uint64_t)f->st.st_size;
	r->len = f->out.len;
	r->skip = f->written;
	rc = record_save(f);
	if (rc < 0)
		return rc;
	while (f->written < f->out.len) {
		ssize_t n = sys_write(f->fd, f->out.data + f->written,
				      f->out.len - f->written);
		if (n <= 0)
			return fail(f, n < 0 ? (int)n : -EIO, "");
		f->written += (size_t)n;
		f->st.st_size += n;
	}
	r->len = 0;
	buf_clear(&f->out);
	f->written = 0;
	return 0;
}

/* --- rotation ----------------------------------------------------------- */

static void
rotated_name(const struct logfile *f, unsigned no, bool gz, char *out,
	     size_t cap)
{
	snprintf(out, cap, "%s.%u%s", f->name, no, gz ? ".gz" : "");
}

static bool
rotated_stat(const struct logfile *f, unsigned no, bool gz, struct stat *st)
{
	char name[NAME_MAX + SUFFIX_MAX];

	rotated_name(f, no, gz, name, sizeof name);
	return fstatat(f->dir_fd, name, st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
rotated_drop(const struct logfile *f, unsigned no, bool gz)
{
	char name[NAME_MAX + SUFFIX_MAX];

	rotated_name(f, no, gz, name, sizeof name);
	(void)sys_unlinkat(f->dir_fd, name, 0);
}

/* The one of that number gets the next one, whichever form it has. */
static int
rotated_shift(const struct logfile *f, unsigned no)
{
	char from[NAME_MAX + SUFFIX_MAX], to[NAME_MAX + SUFFIX_MAX];

	for (int gz = 0; gz < 2; gz++) {
		rotated_name(f, no, gz, from, sizeof from);
		rotated_name(f, no + 1, gz, to, sizeof to);
		int rc = sys_renameat(f->dir_fd, from, to);
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	return 0;
}

/* A rotation that was cut short left a free number: no further than that. */
static int
rotate(struct logfile *f)
{
	char first[NAME_MAX + SUFFIX_MAX];
	struct stat st;
	unsigned no = 1;
	int rc;

	/* From here on the record says nothing of the file that goes. */
	f->rec.from = f->rec.to;
	f->rec.len = 0;
	rc = record_save(f);
	if (rc < 0)
		return rc;
	while (no < f->conf.keep && (rotated_stat(f, no, false, &st) ||
				     rotated_stat(f, no, true, &st)))
		no++;
	rotated_drop(f, no, false);
	rotated_drop(f, no, true);
	for (rc = 0; no > 1 && rc == 0; no--)
		rc = rotated_shift(f, no - 1);
	rotated_name(f, 1, false, first, sizeof first);
	if (rc == 0)
		rc = sys_renameat(f->dir_fd, f->name, first);
	if (rc < 0) {
		/* Goes on in this file, as large as another one. */
		f->rotate_at = (uint64_t)f->st.st_size + f->conf.rotate_bytes;
		return fail(f, rc, "it cannot be renamed");
	}
	f->squeeze_failed = false;
	f->rotate_at = f->conf.rotate_bytes;
	close_copy(f);
	return open_copy(f);
}

/* --- compression -------------------------------------------------------- */

static void
add_quoted(struct buf *out, const char *dir, const char *name)
{
	const char *const parts[] = { dir, "/", name };

	(void)buf_addc(out, '\'');
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		for (const char *p = parts[i]; *p; p++)
			if (*p == '\'')
				(void)buf_adds(out, "'\\''");
			else
				(void)buf_addc(out, *p);
	(void)buf_addc(out, '\'');
}

bool
logfile_squeeze(struct logfile *f, struct buf *out)
{
	char name[NAME_MAX + SUFFIX_MAX];
	struct stat st, gz;

	if (!f->conf.gzip || f->squeezing || f->squeeze_failed ||
	    f->dir_fd < 0)
		return false;
	for (unsigned no = f->conf.keep; no > 0; no--) {
		if (!rotated_stat(f, no, false, &st) || !S_ISREG(st.st_mode))
			continue;
		/* Complete, but an engine ended before it could say so. */
		if (rotated_stat(f, no, true, &gz)) {
			rotated_drop(f, no, false);
			continue;
		}
		/* By descriptors: before and after gzip opens it the file
		 * may get another name, and another one its name. */
		rotated_name(f, no, false, name, sizeof name);
		int fd = sys_openat(f->dir_fd, name, O_RDONLY | O_NOFOLLOW, 0);
		if (fd < 0)
			return false;
		f->squeeze_fd = fd;
		(void)buf_addf(out, "umask 077; exec gzip -c "
			       "</proc/%d/fd/%d >", (int)getpid(), fd);
		snprintf(name, sizeof name, "%s" PART, f->name);
		add_quoted(out, f->dirname, name);
		f->squeezing = st.st_ino;
		return true;
	}
	return false;
}

void
logfile_squeezed(struct logfile *f, bool ok)
{
	char part[NAME_MAX + SUFFIX_MAX], name[NAME_MAX + SUFFIX_MAX];
	struct stat st;
	ino_t ino = f->squeezing;
	bool rests = f->dir_fd < 0;

	f->squeezing = 0;
	sys_close(f->squeeze_fd);
	f->squeeze_fd = -1;
	if (rests)
		f->dir_fd = sys_open(f->dirname, O_RDONLY | O_DIRECTORY, 0);
	if (f->dir_fd < 0) {
		f->dir_fd = -1;
		return;
	}
	snprintf(part, sizeof part, "%s" PART, f->name);
	for (unsigned no = 1; ok && ino && no <= f->conf.keep; no++) {
		if (!rotated_stat(f, no, false, &st) || st.st_ino != ino)
			continue;
		rotated_name(f, no, true, name, sizeof name);
		if (sys_renameat(f->dir_fd, part, name) == 0)
			rotated_drop(f, no, false);
		break;
	}
	(void)sys_unlinkat(f->dir_fd, part, 0);
	/* One that was not ours was ended for us. */
	f->squeeze_failed = ino && !ok;
	if (rests)
		close_copy(f);
}

/* --- all of it ---------------------------------------------------------- */

struct logfile *
logfile_new(struct spool *sp, const struct logfile_conf *conf)
{
	struct logfile *f = mem_alloc(sizeof *f);
	const char *slash = strrchr(conf->path, '/');

	f->sp = sp;
	f->conf = *conf;
	if (f->conf.keep == 0)
		f->conf.keep = LOGFILE_KEEP_DEFAULT;
	f->path = mem_str(conf->path);
	f->conf.path = f->path;
	f->dirname = slash && slash > conf->path ?
		     mem_strn(conf->path, (size_t)(slash - conf->path)) :
		     mem_str(slash ? "/" : ".");
	f->name = slash ? f->path + (slash - conf->path) + 1 : f->path;
	f->record_fd = f->dir_fd = f->fd = f->squeeze_fd = -1;
	buf_init(&f->out, LOGFILE_CHUNK + 64);
	return f;
}

void
logfile_rest(struct logfile *f)
{
	close_copy(f);
	sys_close(f->record_fd);
	f->record_fd = -1;
	logread_free(f->lr);
	f->lr = NULL;
}

void
logfile_free(struct logfile *f)
{
	if (!f)
		return;
	logfile_rest(f);
	sys_close(f->squeeze_fd);
	buf_fini(&f->out);
	free(f->path);
	free(f->dirname);
	free(f);
}

const struct err *
logfile_trouble(const struct logfile *f)
{
	return f->in_trouble ? &f->trouble : NULL;
}

/* Are there lines?  Looked for anew when the known ones are copied. */
static int
look(struct logfile *f)
{
	const struct place *p = &f->rec.to;

	if (p->seq >= logread_first_seq(f->lr) &&
	    p->seq < logread_next_seq(f->lr))
		return 1;
	int rc = logread_refresh(f->lr);
	if (rc < 0)
		return fail(f, rc, "the log cannot be read");
	return p->seq < logread_next_seq(f->lr);
}

/* The next batch into out; 0 or -errno. */
static int
next_batch(struct logfile *f)
{
	uint64_t size = (uint64_t)f->st.st_size, room = LOGFILE_CHUNK;
	int rc;

	if (f->rotate_at && f->rec.to.off == 0 && size >= f->rotate_at) {
		rc = rotate(f);
		if (rc < 0)
			return rc;
		size = (uint64_t)f->st.st_size;
	}
	if (f->rotate_at > size)
		room = SBX_MIN(room, f->rotate_at - size);
	f->rec.from = f->rec.to;
	if (is_behind(f)) {
		make_gap(f);
		return 0;
	}
	rc = make_batch(f, false, room);
	return rc < 0 ? fail(f, rc, "the log cannot be read") : 0;
}

/* All is copied: a copy that others cut from now on does not look like one
 * that was not written to the end. */
static int
settle(struct logfile *f)
{
	struct record disk;

	f->in_trouble = false;
	if (sys_pread(f->record_fd, &disk, sizeof disk, 0) ==
	    (ssize_t)sizeof disk && disk.len == 0 &&
	    is_at(&disk.to, &f->rec.to))
		return 0;
	return record_save(f);
}

int
logfile_step(struct logfile *f)
{
	if (strlen(f->name) > NAME_MAX - SUFFIX_MAX || !*f->name)
		return fail(f, *f->name ? -ENAMETOOLONG : -EISDIR, "");
	int rc = open_all(f);
	if (rc < 0)
		return rc;
	if (f->out.len == 0) {
		rc = look(f);
		if (rc <= 0)
			return rc < 0 ? rc : settle(f);
		rc = next_batch(f);
		if (rc < 0)
			return rc;
		/* It was dropped under our eyes: look again. */
		if (f->out.len == 0) {
			rc = logread_refresh(f->lr);
			if (rc < 0)
				return fail(f, rc, "the log cannot be read");
			return rc > 0 || !is_at(&f->rec.from, &f->rec.to);
		}
	}
	rc = write_batch(f);
	return rc < 0 ? rc : 1;
}
