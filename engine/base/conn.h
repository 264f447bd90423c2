#ifndef SBX_CONN_H
#define SBX_CONN_H

/*
 * One non-blocking framed peer on a Unix stream socket, for both ends.
 * A frame is u32 length, u16 type, u16 zero, u32 id, then the payload; the
 * length counts the payload and is checked before anything is allocated.
 * Descriptors travel with the frame they were sent with.
 *
 * The queue towards the peer has a maximum.  A message over it is refused
 * with -EAGAIN and the sender decides (an engine sends state later, a client
 * gives up).  A peer that breaks the framing is closed with a reason; the
 * closed callback is the last that is called.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct conn;
struct loop;

enum {
	CONN_FRAME_MAX = 4 << 20,	/* payload, bytes */
	CONN_QUEUE_MAX = 8 << 20,	/* towards the peer, bytes */
	CONN_FDS_MAX = 8,		/* per frame */
};

struct conn_frame {
	uint16_t type;
	uint32_t id;
	const char *data;	/* valid during the callback */
	size_t len;
	int *fds;		/* set one to -1 to keep it; others close */
	int nfds;
};

typedef void conn_frame_fn(struct conn *c, const struct conn_frame *f,
			   void *arg);
/* why is "" when the peer simply left; the conn is freed after this call. */
typedef void conn_closed_fn(struct conn *c, const char *why, void *arg);

/* Takes fd.  NULL and errno on failure (fd is then closed). */
struct conn *conn_new(struct loop *l, int fd, conn_frame_fn *on_frame,
		      conn_closed_fn *on_closed, void *arg);
/* Closes without calling on_closed; what is queued is lost. */
void	conn_free(struct conn *c);
/* Closes once the queue is empty; no further frame is delivered. */
void	conn_finish(struct conn *c);

/* 0, -EAGAIN (queue full), -EMSGSIZE, -EPIPE.  Borrows (duplicates) fds. */
int	conn_send(struct conn *c, uint16_t type, uint32_t id, const void *data,
		  size_t len, const int *fds, int nfds);
size_t	conn_queued(const struct conn *c);	/* bytes not yet written */
/* Nothing of what is sent leaves until it is let go. */
void	conn_cork(struct conn *c);
void	conn_uncork(struct conn *c);
/* Another maximum than CONN_QUEUE_MAX; and how much of it is free. */
void	conn_allow(struct conn *c, size_t queue_max);
size_t	conn_room(const struct conn *c);
int	conn_peer_uid(const struct conn *c);	/* -1 when unknown */
/* Who has connected, or begun to listen there; 0 when unknown. */
pid_t	conn_peer_pid(const struct conn *c);

#endif
