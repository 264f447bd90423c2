/* GET .../screen: what a terminal shows, as text.  The picture comes when it is
 * asked for. */
#include "http_ext.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "client/model.h"
#include "client/screenjson.h"
#include "http_api.h"
#include "http_json.h"
#include "http_link.h"
#include "http_request.h"

struct look {
	struct http_request *request;
	struct link_watch *watch;
	struct link_screen *screen;
};

static void
on_end(struct http_request *r, void *arg)
{
	struct look *l = arg;
	(void)r;

	http_link_unwatch(l->watch);
	http_link_screen_drop(l->screen);
	free(l);
}

static void
answer(struct http_request *r, const struct model_proc *p)
{
	struct buf b = BUF_INIT(HTTP_EXT_ANSWER_MAX);
	struct jsonout j;

	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "name", p->row->name);
	screenjson_head(&j, p->screen);
	screenjson_lines(&j, "lines", p->screen);
	jsonout_close(&j);
	http_ext_send(r, &j);
	buf_fini(&b);
}

static void
on_news(struct model_proc *p, unsigned what, void *arg)
{
	struct look *l = arg;
	struct http_request *r = l->request;

	if (!(what & LINK_GONE) && !(p && p->screen))
		return;
	http_on_end(r, NULL, NULL);
	if (what & LINK_GONE)
		http_no_process(r, http_param(r, "id"));
	else
		answer(r, p);
	on_end(r, l);
}

void
http_ext_screen(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct model_proc *p = http_ext_proc(r, api);

	if (!p)
		return;
	if (!p->row->tty || !p->row->rows) {
		http_problem(r, HTTP_E_CONFLICT, "'%s' has no terminal",
			     p->row->name);
		return;
	}
	if (p->screen) {
		answer(r, p);
		return;
	}
	struct look *l = mem_alloc(sizeof *l);
	*l = (struct look){ .request = r };
	http_on_end(r, on_end, l);
	l->watch = http_link_watch(api->link, p->id, on_news, l);
	l->screen = http_link_screen(api->link, p->id);
}
