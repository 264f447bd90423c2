#ifndef SBX_HTTP_WS_H
#define SBX_HTTP_WS_H

/*
 * The server's end of a WebSocket over a connected socket whose handshake is
 * done; the only file that knows the library.  No extension, no compression.
 *
 * What is queued towards the peer has a maximum: whoever sends keeps what
 * does not fit and goes on in on_room.  Messages, their pieces and control
 * frames of the peer have limits too; what breaks a rule of the protocol or a
 * limit ends the connection with the code that says so.  A peer that takes
 * nothing for WS_STALL_MS is let go.
 *
 * Pings are answered here.  Hooks may call everything in here, also for the
 * same w; on_closed is the last that is called, w is freed behind it.
 */

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct ws;

enum {
	WS_QUEUE_MAX = 1 << 20,		/* bytes towards the peer */
	WS_MESSAGE_MAX = 1 << 20,	/* bytes of one from the peer */
	WS_PIECES_MAX = 4096,		/* frames of a message */
	WS_STALL_MS = 60 * 1000,
	WS_GOODBYE_MS = 2000,		/* for the peer's answer to a close */
	WS_KEY_MAX = 29,		/* of ws_accept_key, with its NUL */
};

struct ws_hooks {
	void (*on_message)(struct ws *w, bool text, const char *data,
			   size_t len, void *arg);
	/* Half of the queue is free again. */
	void (*on_room)(struct ws *w, void *arg);
	void (*on_closed)(struct ws *w, void *arg);
};

/* Takes fd, a non-blocking socket; early: bytes that came with the handshake.
 * NULL and errno; then fd is closed.  Calls no hook yet. */
struct ws *ws_new(struct loop *l, int fd, const char *early, size_t len,
		  const struct ws_hooks *hooks, void *arg);
/* At once, without a word and without on_closed.  NULL is fine. */
void	ws_free(struct ws *w);

/* One message.  0, -EAGAIN (no room), -EPIPE (closing, or the peer left). */
int	ws_send(struct ws *w, bool text, const void *data, size_t len);
/* A message of that length fits now. */
bool	ws_has_room(const struct ws *w, size_t len);
/* A close frame without a code behind all that is queued. */
void	ws_close(struct ws *w);
/* Back-pressure: nothing is read while it is on. */
void	ws_pause(struct ws *w, bool on);

/* What Sec-WebSocket-Accept is for this Sec-WebSocket-Key.  0; -EINVAL: that
 * is no key. */
int	ws_accept_key(const char *key, char out[WS_KEY_MAX]);

#endif
