#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/sys.h"

/* By name, for kernels that cannot open the peer of a master. */
static int
slave_by_name(int master)
{
	char name[64];

	int r = ptsname_r(master, name, sizeof name);
	if (r != 0)
		return -r;
	return sys_open(name, O_RDWR | O_NOCTTY, 0);
}

int
pty_open(uint16_t rows, uint16_t cols)
{
	int unlock = 0;

	int master = sys_open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
	if (master < 0)
		return master;
	int r = ioctl(master, TIOCSPTLCK, &unlock) < 0
			? -errno
			: pty_resize(master, rows, cols);
	if (r < 0) {
		sys_close(master);
		return r;
	}
	return master;
}

int
pty_slave(int master)
{
#ifdef TIOCGPTPEER
	int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
#endif
	return slave_by_name(master);
}

int
pty_claim(int slave)
{
	struct termios t;

	if (ioctl(slave, TIOCSCTTY, 0) < 0 || tcgetattr(slave, &t) < 0)
		return -errno;
	/* Erasing in the line editor of the kernel by characters, not bytes. */
	t.c_iflag |= IUTF8;
	return tcsetattr(slave, TCSANOW, &t) < 0 ? -errno : 0;
}

int
pty_resize(int master, uint16_t rows, uint16_t cols)
{
	struct winsize w = {
		.ws_row = rows ? rows : 24,
		.ws_col = cols ? cols : 80,
	};

	return ioctl(master, TIOCSWINSZ, &w) < 0 ? -errno : 0;
}
