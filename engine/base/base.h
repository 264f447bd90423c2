#ifndef SBX_BASE_H
#define SBX_BASE_H

/*
 * What every file may use: attributes, array length, container_of and an
 * intrusive doubly linked list.  No functions with state, no system calls.
 */

#include <stddef.h>

#define SBX_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define SBX_MUST __attribute__((warn_unused_result))
#define SBX_NORETURN __attribute__((noreturn))
#define SBX_UNUSED __attribute__((unused))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member)                                        \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/*
 * The smaller and the greater of two.  Each is asked once, so a call may stand
 * there; both should be of one type.  The names differ each time because one
 * may stand in the other.
 */
#define SBX_MIN(a, b) SBX_PICK(a, <, b, SBX_NAME(__COUNTER__))
#define SBX_MAX(a, b) SBX_PICK(a, >, b, SBX_NAME(__COUNTER__))
#define SBX_PICK(a, less, b, name) SBX_PICK_(a, less, b, name)
#define SBX_PICK_(a, less, b, name)                                            \
	__extension__({                                                        \
		__auto_type name##_a = (a);                                    \
		__auto_type name##_b = (b);                                    \
		name##_a less name##_b ? name##_a : name##_b;                  \
	})
#define SBX_NAME(n) SBX_NAME_(n)
#define SBX_NAME_(n) sbx_pick_##n

/* A list head is a node that points at itself when the list is empty. */
struct list {
	struct list *prev, *next;
};

static inline void
list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline int
list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void
list_add_tail(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* Safe on a node that is in no list, as long as it was initialised. */
static inline void
list_del(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#define list_each(pos, head)                                                   \
	for (struct list *pos = (head)->next; pos != (head); pos = pos->next)

/* Allows the current node to be removed and freed inside the loop. */
#define list_each_safe(pos, tmp, head)                                         \
	for (struct list *pos = (head)->next, *tmp = pos->next;                \
	     pos != (head); pos = tmp, tmp = pos->next)

#endif
