#include "keepmsg.h"

#include <errno.h>

#include "base/buf.h"
#include "base/msg.h"
#include "base/sys.h"

/* The wire order behind magic and type; pack and unpack both walk it. */
#define FIELDS(X)                                                              \
	X(u32, fd_mask)                                                        \
	X(u32, flags)                                                          \
	X(u64, slot)                                                           \
	X(u64, tag)                                                            \
	X(u32, version)                                                        \
	X(u32, count)                                                          \
	X(u32, pid)                                                            \
	X(u32, state)                                                          \
	X(u32, step)                                                           \
	X(u32, error)                                                          \
	X(u32, status)                                                         \
	X(u32, signo)                                                          \
	X(u16, rows)                                                           \
	X(u16, cols)                                                           \
	X(u64, start_us)                                                       \
	X(u64, end_us)                                                         \
	X(u64, user_us)                                                        \
	X(u64, sys_us)                                                         \
	X(u64, maxrss_bytes)

#define u16_type uint16_t
#define u32_type uint32_t
#define u64_type uint64_t

int
keepmsg_pack(const struct keepmsg *m, struct buf *out)
{
	int bad;

	buf_clear(out);
	bad = msg_put_u32(out, KEEP_MAGIC);
	bad |= msg_put_u32(out, (uint32_t)m->type);
#define PUT(kind, name) bad |= msg_put_##kind(out, (kind##_type)m->name);
	FIELDS(PUT)
#undef PUT
	return bad ? -EMSGSIZE : 0;
}

int
keepmsg_unpack(struct keepmsg *m, const void *data, size_t len)
{
	struct msg_reader r;

	*m = (struct keepmsg){ 0 };
	if (len < KEEP_LEN || len > KEEP_LEN + KEEP_BEHIND_MAX)
		return -EPROTO;
	msg_open(&r, data, KEEP_LEN);
	uint32_t magic = msg_u32(&r);
	uint32_t type = msg_u32(&r);
	/* Signed fields travel as their bits. */
#define GET(kind, name) m->name = (__typeof__(m->name))msg_##kind(&r);
	FIELDS(GET)
#undef GET
	if (!msg_done(&r) || magic != KEEP_MAGIC || type == 0 ||
	    type >= KEEP_TYPES || (len > KEEP_LEN && type != KEEP_SPAWN))
		return -EPROTO;
	m->type = (enum keep_type)type;
	return 0;
}

void
keep_fds_init(struct keep_fds *f)
{
	for (int i = 0; i < KEEP_FDS; i++)
		f->fd[i] = -1;
}

void
keep_fds_close(struct keep_fds *f, uint32_t mask)
{
	for (int i = 0; i < KEEP_FDS; i++) {
		if (!(mask & 1u << i))
			continue;
		sys_close(f->fd[i]);
		f->fd[i] = -1;
	}
}

uint32_t
keep_fds_list(const struct keep_fds *f, int *out, int *count)
{
	uint32_t mask = 0;

	*count = 0;
	for (int i = 0; i < KEEP_FDS; i++) {
		if (f->fd[i] < 0)
			continue;
		mask |= 1u << i;
		out[(*count)++] = f->fd[i];
	}
	return mask;
}

void
keep_fds_take(struct keep_fds *f, uint32_t mask, const int *in, int count)
{
	int next = 0;

	keep_fds_init(f);
	for (int i = 0; i < KEEP_FDS && next < count; i++)
		if (mask & 1u << i)
			f->fd[i] = in[next++];
	while (next < count)
		sys_close(in[next++]);
}
