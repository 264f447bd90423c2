#ifndef SBX_SERVETTY_H
#define SBX_SERVETTY_H

/*
 * Frames of clients that are about terminals, what they show and how large
 * they are, and all that is typed (serve.c has the table): one function a
 * kind of frame (spec/proto.h).
 */

struct conn_frame;
struct peer;

void	servetty_screen_watch(struct peer *c, const struct conn_frame *f);
void	servetty_screen_also(struct peer *c, const struct conn_frame *f);
void	servetty_scrollback_get(struct peer *c, const struct conn_frame *f);
void	servetty_snapshot_get(struct peer *c, const struct conn_frame *f);
void	servetty_resize(struct peer *c, const struct conn_frame *f);
void	servetty_key(struct peer *c, const struct conn_frame *f);
void	servetty_paste(struct peer *c, const struct conn_frame *f);
void	servetty_mouse(struct peer *c, const struct conn_frame *f);
void	servetty_focus(struct peer *c, const struct conn_frame *f);
void	servetty_input(struct peer *c, const struct conn_frame *f);

#endif
