/*
 * What is answered from the model alone: health, list.
 */

#include "http_api.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "client/model.h"
#include "http_json.h"
#include "http_link.h"
#include "http_request.h"

enum { LIST_MAX = 64 << 20 };

void
http_op_health(struct http_request *r, void *arg)
{
	struct buf b = BUF_INIT(64);
	(void)arg;

	buf_adds(&b, "{\"status\":\"ok\"}");
	http_json(r, 200, &b);
}

static int
by_id(const void *a, const void *b)
{
	const struct model_proc *p = *(struct model_proc *const *)a;
	const struct model_proc *q = *(struct model_proc *const *)b;

	return p->id < q->id ? -1 : p->id > q->id;
}

/* Every process is the user's; the other two words are known, and mean
 * nobody. */
static int
read_owner(struct http_request *r, bool *nobody)
{
	const char *owner = http_query(r, "owner");

	*nobody = owner && strcmp(owner, "user") != 0;
	if (http_query_bad(r) || (*nobody && strcmp(owner, "desktop") != 0 &&
				  strcmp(owner, "system") != 0)) {
		http_plain(r, 400, "'owner' in the query has to be user, "
			   "desktop or system");
		return -1;
	}
	return 0;
}

void
http_op_list(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct model *m = http_link_model(api->link);
	size_t count = model_count(m);
	struct buf b = BUF_INIT(LIST_MAX);
	struct jsonout j;
	bool nobody;

	if (read_owner(r, &nobody) < 0)
		return;
	struct model_proc **procs = mem_array(count + 1, sizeof(*procs));
	for (size_t i = 0; i < count; i++)
		procs[i] = model_at(m, i);
	qsort(procs, count, sizeof(*procs), by_id);
	jsonout_begin(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_array(&j, "processes");
	for (size_t i = 0; i < count && !nobody; i++)
		http_api_info(&j, NULL, api, procs[i]->row);
	jsonout_close(&j);
	jsonout_close(&j);
	free(procs);
	if (jsonout_end(&j) == 0) {
		http_json(r, 200, &b);
		return;
	}
	buf_fini(&b);
	http_problem(r, HTTP_E_STREAM, "the list is too long");
}
