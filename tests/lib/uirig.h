#ifndef SBX_TESTS_UIRIG_H
#define SBX_TESTS_UIRIG_H

/*
 * What an engine would send to a screen: frames straight into ui_frame(), and
 * the row of a process with nothing special about it.
 */
#include <stdint.h>
#include "engine/base/buf.h"
#include "engine/base/conn.h"
#include "engine/spec/proto.h"
#include "tui/ui.h"

/* Consumes b. */
static inline void
uirig_frame(struct ui *ui, uint16_t type, struct buf *b)
{
	struct conn_frame f = { .type = type, .data = buf_str(b),
				.len = b->len };

	ui_frame(ui, &f);
	buf_fini(b);
}

static inline void
uirig_send_row(struct ui *ui, const struct proc_row *p)
{
	struct buf b = BUF_INIT(65536);

	proto_put_row(&b, p);
	uirig_frame(ui, PROTO_ROW, &b);
}

/* name and group are borrowed. */
static inline struct proc_row
uirig_row(uint32_t id, const char *name, const char *group, enum status status)
{
	return (struct proc_row){
		.id = id, .order = id, .name = name, .desc = "",
		.group = group, .command = "node server.js", .cwd = "/shop",
		.user = "", .url = "", .reason = "", .waits = "",
		.stop_step = "", .depends = "", .file = "sbxrc",
		.status = status, .ports = "", .title = "", .watches = "",
		.ready = true, .run = 1,
	};
}

#endif
