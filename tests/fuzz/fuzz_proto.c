/* Everything that comes over the socket, from either side. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/msg.h"
#include "engine/spec/proto.h"
#include "engine/spec/setpack.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err e = ERR_INIT;
	if (len == 0)
		return 0;
	const void *body = data + 1;
	len--;
	switch (data[0] % 8) {
	case 0: {
		struct proto_hello h;
		proto_get_hello(body, len, &h);
		break;
	}
	case 1: {
		struct proto_request q;
		if (proto_get_request(body, len, &q) == 0)
			proto_request_fini(&q);
		break;
	}
	case 2: {
		struct proto_reply r;
		if (proto_get_reply(body, len, &r) == 0)
			proto_reply_fini(&r);
		break;
	}
	case 3: {
		struct proc_row r;
		if (proto_get_row(body, len, &r) == 0)
			proc_row_free(proc_row_dup(&r));
		break;
	}
	case 4: {
		struct proto_value v;
		struct msg_reader r;
		msg_open(&r, body, len);
		while (proto_get_value(&r, &v) == 0)
			;
		break;
	}
	case 5: {
		struct proto_screen s;
		struct msg_reader r;
		msg_open(&r, body, len);
		proto_get_screen(&r, &s);
		break;
	}
	case 6: {
		struct proto_add a;
		if (proto_get_add(body, len, &a) == 0)
			proto_add_fini(&a);
		break;
	}
	default: {
		struct setpack s;
		if (setpack_get(body, len, &s, &e) == 0)
			setpack_fini(&s);
	}
	}
	return 0;
}
