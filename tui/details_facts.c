#include "details_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base.h"
#include "engine/client.h"
#include "engine/mem.h"
#include "engine/model.h"
#include "ui.h"

/* The answer of the engine to "details", taken apart. */

static const char *
next_field(char **s)
{
	char *field = *s, *end = strchr(field, PROTO_FIELD_END);

	if (!end)
		return "";
	*end = 0;
	*s = end + 1;
	return field;
}

static void
add_member(struct page_facts *f, const struct page_fact *fact)
{
	struct page_member *m = &f->members[f->member_count];

	if (f->member_count == PAGE_MEMBERS_MAX ||
	    sscanf(fact->a, "%d %d", &m->pid, &m->ppid) != 2 ||
	    sscanf(fact->b, "%" SCNu64 " %" SCNu64, &m->cpu_us,
		   &m->rss_bytes) != 2)
		return;
	m->command = fact->c;
	m->ports = fact->b;
	for (int i = 0; i < 2; i++)
		m->ports += strcspn(m->ports, " "),
			m->ports += *m->ports == ' ';
	m->left = !strcmp(fact->kind, "left");
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
			if (m->pid == o->pid && m->cpu_us >= o->cpu_us)
				m->permille =
					(int)((m->cpu_us - o->cpu_us) / ms);
		}
}

void
page_facts_take(struct page_facts *f, const char *text, uint64_t now_ms)
{
	struct page_facts old = *f;
	size_t cap = 0;

	*f = (struct page_facts){ .text = mem_str(text), .at_ms = now_ms };
	for (char *s = f->text, *end; (end = strchr(s, PROTO_RECORD_END));
	     s = end + 1) {
		*end = 0;
		if (f->count == cap) {
			f->facts = mem_grow(f->facts, cap, cap + 64,
					    sizeof(*f->facts));
			cap += 64;
		}
		struct page_fact *fact = &f->facts[f->count++];
		fact->kind = next_field(&s);
		fact->a = next_field(&s);
		fact->b = next_field(&s);
		fact->c = next_field(&s);
		if (!strcmp(fact->kind, "tree") || !strcmp(fact->kind, "left"))
			add_member(f, fact);
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
