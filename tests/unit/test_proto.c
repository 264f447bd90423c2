#include "tests/lib/test.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/msg.h"
#include "engine/spec/proto.h"
#include "engine/spec/rundir.h"
#include "engine/spec/setpack.h"
#include "engine/spec/spec.h"

static struct proc_row
sample_row(void)
{
	return (struct proc_row){
		.id = 7, .order = 2, .name = "api", .reason = "exit 3",
		.status = STATUS_BACKOFF, .tty = true, .exit_code = 3,
		.exit_signal = -1, .pid = 4121, .run = 1ull << 40,
		.started_at_ms = -5, .rows = 24, .cols = 80,
		.ports = "8080 9090", .watches = "errors slow",
	};
}

TEST(row_round_trip_and_every_cut)
{
	struct buf b = BUF_INIT(1 << 16);
	struct proc_row in = sample_row(), out;
	EQ_INT(proto_put_row(&b, &in), 0);
	for (size_t cut = 0; cut < b.len; cut++)
		OK(proto_get_row(b.data, cut, &out) < 0);
	EQ_INT(proto_get_row(b.data, b.len, &out), 0);
	EQ_STR(out.name, "api");
	EQ_STR(out.desc, "");
	EQ_STR(out.ports, "8080 9090");
	EQ_INT(out.status, STATUS_BACKOFF);
	EQ_INT(out.exit_signal, -1);
	EQ_INT(out.started_at_ms, -5);
	OK(out.run == 1ull << 40 && out.tty && !out.core);
	struct proc_row *copy = proc_row_dup(&out);
	buf_fini(&b);
	EQ_STR(copy->watches, "errors slow");
	proc_row_free(copy);
}

TEST(row_with_an_unknown_status_is_refused)
{
	struct buf b = BUF_INIT(1 << 16);
	struct proc_row in = sample_row(), out;
	EQ_INT(proto_put_row(&b, &in), 0);
	b.data[0] = 99;
	OK(proto_get_row(b.data, b.len, &out) < 0);
	buf_fini(&b);
}

TEST(request_and_reply_round_trip)
{
	struct buf b = BUF_INIT(1 << 16);
	char *names[] = { "web", "db*", NULL };
	struct proto_request q = { .verb = PROTO_V_STOP, .number = -9,
				   .key = UINT64_MAX,
				   .for_ms = 5000, .names = names }, got;
	EQ_INT(proto_put_request(&b, &q), 0);
	EQ_INT(proto_get_request(b.data, b.len, &got), 0);
	EQ_INT(got.number, -9);
	EQ_STR(got.names[1], "db*");
	OK(got.names[2] == NULL);
	proto_request_fini(&got);
	for (size_t cut = 0; cut < b.len; cut++)
		OK(proto_get_request(b.data, cut, &got) < 0);

	buf_clear(&b);
	uint32_t ids[] = { 3, 1, 4 };
	struct proto_reply r = { .code = ERR_FAILED, .text = "no",
				 .ids = ids, .id_count = 3 }, back;
	EQ_INT(proto_put_reply(&b, &r), 0);
	EQ_INT(proto_get_reply(b.data, b.len, &back), 0);
	EQ_INT(back.id_count, 3);
	EQ_INT(back.ids[2], 4);
	proto_reply_fini(&back);
	/* A count that the message cannot hold is not believed. */
	memset(b.data + b.len - 16, 0xff, 4);
	OK(proto_get_reply(b.data, b.len, &back) < 0);
	buf_fini(&b);
}

TEST(hello_of_another_version_still_names_it)
{
	struct buf b = BUF_INIT(100);
	struct proto_hello h;
	msg_put_u32(&b, PROTO_MAGIC);
	msg_put_u32(&b, 77);
	OK(proto_get_hello(b.data, b.len, &h) < 0);
	EQ_INT(h.magic, PROTO_MAGIC);
	EQ_INT(h.version, 77);
	buf_fini(&b);
}

TEST(set_round_trip_checks_every_spec)
{
	struct buf b = BUF_INIT(1 << 20);
	struct err e = ERR_INIT;
	char *argv[] = { "sleep", "5", NULL };
	char *environment[] = { "PATH=/bin", NULL }, *none[] = { NULL };
	char *members[] = { "one", NULL };
	struct spec_args a = { .name = "one", .argv = argv, .cwd = "/" };
	struct spec *spec = spec_from_args(&a, &e);
	OK(spec);
	struct setpack_group group = { "g", members, none, NULL };
	struct setpack s = { .name = "shop", .dir = "/srv", .rc_path = "",
			     .environ = environment, .settings = none,
			     .groups = &group, .group_count = 1,
			     .specs = &spec, .spec_count = 1 }, got;
	EQ_INT(setpack_put(&b, &s), 0);
	EQ_INT(setpack_get(b.data, b.len, &got, &e), 0);
	EQ_STR(got.name, "shop");
	EQ_STR(got.specs[0]->argv[1], "5");
	EQ_STR(got.groups[0].members[0], "one");
	OK(spec_equal(got.specs[0], spec));
	setpack_fini(&got);
	for (size_t cut = 0; cut < b.len; cut += 3)
		OK(setpack_get(b.data, cut, &got, &e) < 0);
	spec_free(spec);
	buf_fini(&b);
}

TEST(rundir_names_sets_apart_and_refuses_long_paths)
{
	char base[] = "/tmp/sbx-test-XXXXXX";
	struct err e = ERR_INIT;
	struct rundir a, z;
	OK(mkdtemp(base));
	setenv("XDG_RUNTIME_DIR", base, 1);
	setenv("XDG_STATE_HOME", base, 1);
	EQ_INT(rundir_init(&a, NULL, base, &e), 0);
	EQ_INT(rundir_init(&z, NULL, "/tmp", &e), 0);
	OK(strcmp(a.sock_path, z.sock_path) != 0);
	OK(a.hash != z.hash && a.hash >> 31 == 0);
	EQ_INT(rundir_make(&a, &e), 0);
	struct stat st;
	OK(stat(a.run_dir, &st) == 0);
	EQ_INT(st.st_mode & 0777, 0700);
	rundir_fini(&a);
	rundir_fini(&z);

	char *deep = mem_fmt("%s/%0100d", base, 1);
	setenv("XDG_RUNTIME_DIR", deep, 1);
	OK(rundir_init(&a, NULL, base, &e) < 0);
	OK(strstr(e.text, "too long"));
	OK(rundir_init(&a, "/nowhere/sbxrc", NULL, &e) < 0);
	free(deep);
	char *rm = mem_fmt("rm -rf %s", base);
	OK(system(rm) == 0);
	free(rm);
}

static int
flags_of(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_CLOEXEC), flags = 0;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		flags = 0;
	close(fd);
	return flags;
}

/* As our own would be, were it not made by rundir_make(). */
static bool
takes_flag(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_CLOEXEC);
	int flags = flags_of(dir) | FS_TOPDIR_FL;
	bool takes = fd >= 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;

	close(fd);
	return takes;
}

TEST(rundir_keeps_the_files_of_sets_apart)
{
	char base[] = "/tmp/sbx-test-XXXXXX";
	struct err e = ERR_INIT;
	struct rundir r;
	OK(mkdtemp(base));
	char *run = mem_fmt("%s/run", base), *state = mem_fmt("%s/state", base);
	char *of_sets = mem_fmt("%s/sbx", state);
	setenv("XDG_RUNTIME_DIR", run, 1);
	setenv("XDG_STATE_HOME", state, 1);
	EQ_INT(rundir_init(&r, NULL, base, &e), 0);
	EQ_INT(rundir_make(&r, &e), 0);
	EQ_INT(flags_of(r.state_dir) & FS_TOPDIR_FL, 0);
	OK((flags_of(of_sets) & FS_TOPDIR_FL) || !takes_flag(base));
	EQ_INT(rundir_make(&r, &e), 0);
	rundir_fini(&r);
	free(of_sets);
	free(run);
	free(state);
	char *rm = mem_fmt("rm -rf %s", base);
	OK(system(rm) == 0);
	free(rm);
}

TEST_MAIN()
