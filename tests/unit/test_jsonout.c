#include "tests/lib/rnd.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>

#include "engine/base/base64.h"
#include "engine/base/buf.h"
#include "engine/base/jsonout.h"
#include "engine/base/utf8.h"

TEST(shape)
{
	struct buf b = BUF_INIT(4096);
	struct jsonout j;
	jsonout_begin(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "name", "web");
	jsonout_int(&j, "low", INT64_MIN);
	jsonout_uint(&j, "high", UINT64_MAX);
	jsonout_bool(&j, "yes", true);
	jsonout_null(&j, "none");
	jsonout_array(&j, "list");
	jsonout_int(&j, NULL, 1);
	jsonout_object(&j, NULL);
	jsonout_close(&j);
	jsonout_array(&j, NULL);
	jsonout_close(&j);
	jsonout_close(&j);
	jsonout_keyn(&j, "a\"b", 3, "x", 1);
	jsonout_close(&j);
	EQ_INT(jsonout_end(&j), 0);
	EQ_STR(buf_str(&b), "{\"name\":\"web\",\"low\":-9223372036854775808,"
	       "\"high\":18446744073709551615,\"yes\":true,\"none\":null,"
	       "\"list\":[1,{},[]],\"a\\\"b\":\"x\"}");
	buf_fini(&b);
}

TEST(strings)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} rows[] = {
		{ "", 0, "\"\"" },
		{ "a/b", 3, "\"a/b\"" },
		{ "\"\\\n\t\r", 5, "\"\\\"\\\\\\n\\t\\r\"" },
		{ "\0\x1f\x7f\x1b", 4, "\"\\u0000\\u001f\\u007f\\u001b\"" },
		{ "caf\xc3\xa9 \xe2\x9c\x93", 9,
		  "\"caf\xc3\xa9 \xe2\x9c\x93\"" },
		{ "\xc2\x9b" "31m", 5, "\"\\u009b31m\"" },
		{ "\xe2\x80\xae" "a\xe2\x80\xa8" "b\xd8\x9c", 10,
		  "\"\\u202ea\\u2028b\\u061c\"" },
		{ "a\xff" "b", 3, "\"a\xef\xbf\xbd" "b\"" },
		{ "\xe2\x9c", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", 3,
		  "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = BUF_INIT(4096);
		struct jsonout j;
		jsonout_begin(&j, &b);
		jsonout_stringn(&j, NULL, rows[i].in, rows[i].len);
		EQ_INT(jsonout_end(&j), 0);
		EQ_STR(buf_str(&b), rows[i].out);
		buf_fini(&b);
	}
}

/* Whatever goes in, a strict reader takes it, and valid text comes back. */
TEST(random_bytes_are_always_valid_json)
{
	struct buf b = BUF_INIT(1 << 16), bytes = BUF_INIT(1 << 16);
	for (unsigned n = 1; n <= 20000; n++) {
		char in[64];
		size_t len = 0, want = rnd(40);
		struct jsonout j;
		seed = n * 0x9e3779b97f4a7c15ull;
		while (len < want) {
			if (rnd(3))
				in[len++] = (char)rnd(256);
			else
				len += (size_t)utf8_encode(rnd(0x110000),
							   in + len);
		}
		buf_clear(&b);
		jsonout_begin(&j, &b);
		jsonout_object(&j, NULL);
		jsonout_stringn(&j, "s", in, len);
		jsonout_bytes(&j, "text", "data", in, len);
		jsonout_keyn(&j, in, len, in, len);
		jsonout_close(&j);
		EQ_INT(jsonout_end(&j), 0);
		json_error_t e;
		json_t *root = json_loadb(b.data, b.len, JSON_ALLOW_NUL, &e);
		/* A NUL in a key is the one thing jansson will not have. */
		if (!root && memchr(in, 0, len))
			continue;
		if (!root)
			TEST_FAIL("%s in %s", e.text, b.data);
		json_t *text = json_object_get(root, "text");
		json_t *data = json_object_get(root, "data");
		OK(!text != !data);
		EQ_INT(text != NULL, utf8_valid(in, len));
		if (text) {
			EQ_MEM(json_string_value(text),
			       json_string_length(text), in, len);
		} else {
			buf_clear(&bytes);
			EQ_INT(base64_decode(&bytes, json_string_value(data),
					     json_string_length(data)), 0);
			EQ_MEM(bytes.data, bytes.len, in, len);
		}
		json_decref(root);
	}
	buf_fini(&b);
	buf_fini(&bytes);
}

TEST(doubles)
{
	static const struct {
		double v;
		const char *out;
	} rows[] = {
		{ 0, "0" }, { 1.5, "1.5" }, { 0.1, "0.1" }, { -3, "-3" },
		{ 1e300, "1e+300" }, { 1.0 / 3, "0.3333333333333333" },
		{ NAN, "null" }, { INFINITY, "null" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = BUF_INIT(100);
		struct jsonout j;
		jsonout_begin(&j, &b);
		jsonout_double(&j, NULL, rows[i].v);
		EQ_STR(buf_str(&b), rows[i].out);
		buf_fini(&b);
	}
}

TEST(times_are_given_twice)
{
	struct buf b = BUF_INIT(200);
	struct jsonout j;
	setenv("TZ", "UTC", 1);
	jsonout_begin(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_time(&j, "started_at", 1772362942123);
	jsonout_close(&j);
	EQ_STR(buf_str(&b), "{\"started_at\":\"2026-03-01T11:02:22.123+00:00\","
	       "\"started_at_ms\":1772362942123}");
	buf_fini(&b);
}

TEST(a_full_buffer_is_told)
{
	struct buf b = BUF_INIT(10);
	struct jsonout j;
	jsonout_begin(&j, &b);
	jsonout_array(&j, NULL);
	jsonout_string(&j, NULL, "more than ten bytes");
	jsonout_close(&j);
	EQ_INT(jsonout_end(&j), -EMSGSIZE);
	OK(b.len <= 10);
	buf_fini(&b);
}

TEST(camel_case_keys)
{
	struct buf b = BUF_INIT(1000);
	struct jsonout j;

	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_int(&j, "exit_code", 1);
	jsonout_int(&j, "created_at_ms", 2);
	jsonout_int(&j, "p95", 3);
	jsonout_int(&j, "line_base64", 4);
	jsonout_string(&j, "name", "as_it_is");
	jsonout_keyn(&j, "my_group", 8, "x_y", 3);
	jsonout_close(&j);
	EQ_INT(jsonout_end(&j), 0);
	EQ_STR(buf_str(&b), "{\"exitCode\":1,\"createdAtMs\":2,\"p95\":3,"
	       "\"lineBase64\":4,\"name\":\"as_it_is\","
	       "\"my_group\":\"x_y\"}");
	buf_fini(&b);
}

TEST(base64_vectors)
{
	static const char *const rows[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xff\xfe\xfd", "//79" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = BUF_INIT(100);
		EQ_INT(base64_encode(&b, rows[i][0], strlen(rows[i][0])), 0);
		EQ_STR(buf_str(&b), rows[i][1]);
		buf_clear(&b);
		EQ_INT(base64_decode(&b, rows[i][1], strlen(rows[i][1])), 0);
		EQ_STR(buf_str(&b), rows[i][0]);
		buf_fini(&b);
	}
}

TEST(base64_refuses)
{
	static const char *const rows[] = {
		"Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zh==", "Zm9=", "Zm 9",
		"Zm9v\n", "Zm9-", "=Zg=", "Zg=v",
	};
	struct buf b = BUF_INIT(100);
	buf_adds(&b, "kept");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int r = base64_decode(&b, rows[i], strlen(rows[i]));
		if (r != -EINVAL)
			TEST_FAIL("'%s' gives %d", rows[i], r);
		EQ_STR(buf_str(&b), "kept");
	}
	EQ_INT(base64_decode(&b, "Zm\0v", 4), -EINVAL);
	buf_fini(&b);
	buf_init(&b, 3);
	EQ_INT(base64_encode(&b, "x", 1), -EMSGSIZE);
	buf_fini(&b);
}

TEST(base64_round_trip)
{
	struct buf b = BUF_INIT(4096), back = BUF_INIT(4096);
	for (unsigned n = 1; n <= 3000; n++) {
		char in[100];
		size_t len = n % sizeof in;
		seed = n * 0x9e3779b97f4a7c15ull;
		for (size_t i = 0; i < len; i++)
			in[i] = (char)rnd(256);
		buf_clear(&b);
		buf_clear(&back);
		EQ_INT(base64_encode(&b, in, len), 0);
		EQ_INT(base64_decode(&back, b.data, b.len), 0);
		EQ_MEM(back.data, back.len, in, len);
	}
	buf_fini(&b);
	buf_fini(&back);
}

TEST_MAIN()
