#include "details_page.h"

#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/mem.h"
#include "engine/client/client.h"
#include "engine/client/model.h"
#include "ui.h"

/* The answer of the engine to "details", taken apart. */

static void
add_member(struct page_facts *f, const struct detailrow *fact)
{
	struct page_member *m = &f->members[f->member_count];

	if (f->member_count == PAGE_MEMBERS_MAX ||
	    !detailrow_member(fact, &m->is))
		return;
	m->permille = -1;
	f->member_count++;
}

/* How much of a core since the last answer. */
static void
find_rates(struct page_facts *f, const struct page_facts *old)
{
	uint64_t ms = f->at_ms - old->at_ms;

	for (size_t i = 0; ms && i < f->member_count; i++)
		for (size_t k = 0; k < old->member_count; k++) {
			struct page_member *m = &f->members[i];
			const struct page_member *o = &old->members[k];
			if (m->is.pid == o->is.pid &&
			    m->is.cpu_us >= o->is.cpu_us)
				m->permille = (int)((m->is.cpu_us -
						     o->is.cpu_us) / ms);
		}
}

void
page_facts_take(struct page_facts *f, const char *text, uint64_t now_ms)
{
	struct page_facts old = *f;
	size_t cap = 0;

	*f = (struct page_facts){ .text = mem_str(text), .at_ms = now_ms };
	char *at = f->text;
	for (struct detailrow row; detailrow_next(&at, &row); f->count++) {
		if (f->count == cap) {
			f->facts = mem_grow(f->facts, cap, cap + 64,
					    sizeof(*f->facts));
			cap += 64;
		}
		f->facts[f->count] = row;
		add_member(f, &row);
	}
	find_rates(f, &old);
	page_facts_fini(&old);
}

void
page_facts_fini(struct page_facts *f)
{
	free(f->text);
	free(f->facts);
}

const char *
page_fact_text(const struct page_facts *f, const char *kind, const char *a)
{
	for (size_t i = 0; i < f->count; i++)
		if (!strcmp(f->facts[i].kind, kind) &&
		    (!a || !strcmp(f->facts[i].a, a)))
			return f->facts[i].b;
	return "";
}

const char *
page_rule(const struct page_facts *f, const char *word)
{
	return page_fact_text(f, "rule", word);
}

void
page_ask(struct ui *ui, const struct model_proc *p, client_answer_fn *fn)
{
	char *names[] = { (char *)p->row->name, NULL };
	struct proto_request q = { .verb = PROTO_V_DETAILS, .names = names };

	if (ui->client)
		client_request(ui->client, &q, fn, ui);
}

uint32_t
page_answer(const struct client_answer *a)
{
	if (a->err || !a->reply || a->reply->code || a->reply->id_count != 1)
		return 0;
	return a->reply->ids[0];
}
