#ifndef SBX_DETAILS_PAGE_H
#define SBX_DETAILS_PAGE_H

/*
 * The pages of the details of a process: lines that are made anew for each
 * picture from its row, its values, its events and what the engine told
 * (engine/details.c).  A line has a dim label and a text, sometimes a second
 * pair in the right half, sometimes a curve.  PAGE_SIDE is what a pane beside
 * the log shows.  Pure of keys and scrolling.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/base/base.h"
#include "engine/client/client.h"
#include "engine/spec/detailrow.h"

struct model_proc;
struct pen;
struct proc_row;
struct proto_value;
struct ui;

enum { PAGE_LINES_MAX = 4096, PAGE_MEMBERS_MAX = 200 };

enum page_tab {
	PAGE_OVERVIEW, PAGE_ENV, PAGE_TREE, PAGE_WATCHES, PAGE_PROBES,
	PAGE_EVENTS, PAGE_TABS,
	PAGE_SIDE = PAGE_TABS
};

struct page_line {
	char *label, *text, *label2, *text2;	/* ours; may be NULL */
	const struct proto_value *curve;	/* at its right end, or NULL */
	int choice;		/* pid of the member, place of the watch from
				 * 1 that it is about; 0: none */
	bool strong;
	bool wide;		/* the text has the place of the label too */
};

struct page {
	struct page_line *lines;
	size_t count, cap;
	int cols;		/* there are for a line */
	bool side;		/* sections with their lines below them */
};

/* One process of the tree. */
struct page_member {
	struct detailrow_member is;	/* texts are of the answer */
	int permille;		/* of a core; -1: not known yet */
};

/* What the engine told.  All zero before its first answer. */
struct page_facts {
	char *text;
	struct detailrow *facts;
	size_t count;
	struct page_member members[PAGE_MEMBERS_MAX];
	size_t member_count;
	uint64_t at_ms;		/* clock_ms() of the answer */
};

/* Takes the answer apart; figures are since the last one. */
void	page_facts_take(struct page_facts *f, const char *text,
			uint64_t now_ms);
void	page_facts_fini(struct page_facts *f);
/* The text of the first fact of a kind, and of that a where it is given; ""
 * if there is none. */
const char *page_fact_text(const struct page_facts *f, const char *kind,
			   const char *a);
/* What its definition says of a word, as in the sbxrc. */
const char *page_rule(const struct page_facts *f, const char *word);

/* Lines at the end of a page; what they give is there until the next one. */
struct page_line *page_add(struct page *page, const char *label,
			   const char *text);
struct page_line *page_addf(struct page *page, const char *label,
			    const char *fmt, ...) SBX_PRINTF(3, 4);
/* The whole text, line by line; long ones go on where a word ends. */
void	page_add_text(struct page *page, const char *label, const char *text);
/* A blank line, only between parts and not twice. */
void	page_gap(struct page *page);
/* The rules that are asked, and how that went: as a row of signs, oldest
 * first; all: each result too (details_checks.c). */
void	page_add_checks(struct page *page, const struct ui *ui,
			const struct proc_row *r, const struct page_facts *f,
			bool all);
void	page_add_curve(struct page *page, const struct ui *ui,
		       const struct page_facts *f);

const char *page_tab_name(enum page_tab tab);
/* reveal: secrets too. */
void	page_make(struct page *page, enum page_tab tab, struct ui *ui,
		  const struct model_proc *p, const struct page_facts *f,
		  bool reveal);
void	page_fini(struct page *page);
/* One line at the row y of the pen's clip. */
void	page_draw(struct ui *ui, const struct pen *p, int y,
		  const struct page_line *l);

/* Asks the engine for the facts of p; fn gets the answer and ui. */
void	page_ask(struct ui *ui, const struct model_proc *p,
		 client_answer_fn *fn);
/* Whose answer it is; 0: none that can be used. */
uint32_t page_answer(const struct client_answer *a);

#endif
