#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include "engine/child/anchor.h"
#include "engine/cli/cli.h"
#include "engine/core/engine.h"
#include "keylist.h"
#include "tables.h"
#include "terminfo.h"
#include "tui.h"

/* Three programs in one: the screen and the command line, and the two that
 * the first of them starts. */
int
main(int argc, char **argv)
{
	static const struct cli_hooks hooks = { terminfo_doctor,
						keylist_print };
	struct cli_open open;

	if (argc == 3 && !strcmp(argv[1], "__anchor"))
		return anchor_main(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "__engine"))
		return engine_main(argv[2]);
	if (tables_asked(argc, argv))
		return tables_main(argc, argv);
	int code = cli_main(argc, argv, &hooks, &open);
	if (code == CLI_OPEN_SCREEN) {
		/* What processes print is UTF-8 also where LANG is not set:
		 * widths have to be counted right. */
		if (MB_CUR_MAX == 1)
			setlocale(LC_CTYPE, "C.UTF-8");
		code = tui_open(&open);
	}
	cli_open_fini(&open);
	return code;
}
