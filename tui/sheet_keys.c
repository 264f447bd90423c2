#include "sheet.h"

#include <string.h>
#include <strings.h>
#include "command.h"
#include "engine/base/base.h"
#include "engine/conf/actions.h"
#include "engine/conf/keymap.h"

/*
 * Keys that are bound for a mode of a sheet.  What moves, searches or closes
 * is a key of the sheet itself, under whatever key it was bound; everything
 * else is a command as it is elsewhere.
 */

static const struct {
	enum action_id id;
	struct key key;		/* of sheets */
	struct key text;	/* of those where text is typed; sym 0: none */
} own[] = {
	{ ACTION_LINE_DOWN, { SYM_DOWN, 0 }, { SYM_DOWN, 0 } },
	{ ACTION_LINE_UP, { SYM_UP, 0 }, { SYM_UP, 0 } },
	{ ACTION_LEFT, { SYM_LEFT, 0 }, { SYM_LEFT, 0 } },
	{ ACTION_RIGHT, { SYM_RIGHT, 0 }, { SYM_RIGHT, 0 } },
	{ ACTION_TOP, { 'g', 0 }, { SYM_HOME, 0 } },
	{ ACTION_BOTTOM, { 'G', 0 }, { SYM_END, 0 } },
	{ ACTION_HALF_DOWN, { 'd', KEY_CTRL }, { SYM_PGDN, 0 } },
	{ ACTION_HALF_UP, { 'u', KEY_CTRL }, { SYM_PGUP, 0 } },
	{ ACTION_PAGE_DOWN, { SYM_PGDN, 0 }, { SYM_PGDN, 0 } },
	{ ACTION_PAGE_UP, { SYM_PGUP, 0 }, { SYM_PGUP, 0 } },
	{ ACTION_NEXT_PANE, { SYM_TAB, 0 }, { SYM_TAB, 0 } },
	{ ACTION_PREVIOUS_PANE, { SYM_TAB, KEY_SHIFT },
	  { SYM_TAB, KEY_SHIFT } },
	{ ACTION_OPEN, { SYM_ENTER, 0 }, { SYM_ENTER, 0 } },
	{ ACTION_ESCAPE, { SYM_ESC, 0 }, { SYM_ESC, 0 } },
	{ ACTION_BACK, { SYM_ESC, 0 }, { SYM_ESC, 0 } },
	{ ACTION_LEAVE, { SYM_ESC, 0 }, { SYM_ESC, 0 } },
	{ ACTION_COPY, { 'y', 0 }, { 0, 0 } },
	{ ACTION_FIND, { '/', 0 }, { 0, 0 } },
	{ ACTION_NEXT, { 'n', 0 }, { 0, 0 } },
	{ ACTION_PREVIOUS, { 'N', 0 }, { 0, 0 } },
	{ ACTION_MARK, { ' ', 0 }, { 0, 0 } },
};

static enum mode
mode_of(const struct sheet *sh)
{
	for (int m = MODE_SELECT; m < MODE_ALL; m++)
		if (!strcasecmp(sh->ops->word, mode_name((enum mode)m)))
			return (enum mode)m;
	return MODE_ALL;
}

bool
sheet_bound(struct ui *ui, struct key k)
{
	const struct sheet_ops *ops = ui->sheet->ops;
	bool text = ops->paste != NULL;
	const char *command;

	/* Sheets without a mode of their own may take text too. */
	if (text && key_is_text(k))
		return false;
	if (!keymap_has(ui->keymap, mode_of(ui->sheet), k, &command))
		return false;
	const struct action_row *a = command ? action_find(command) : NULL;
	for (size_t i = 0; a && i < ARRAY_LEN(own); i++) {
		struct key to = text ? own[i].text : own[i].key;
		if (a->id != own[i].id || !to.sym)
			continue;
		ops->key(ui, ui->sheet, to);
		return true;
	}
	if (command)
		command_run(ui, command);
	return true;
}
