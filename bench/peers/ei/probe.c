/* The server of bench/peer as a C node on ei: the least that the wire takes. It finds the parts of a request and copies what has
 * to come back, without making values of it. It has no processes, no monitors and no order between connections to keep.
 *
 *   probe ALIVE COOKIE
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ei.h"

static ei_cnode node;
static atomic_llong sum;

/* reply answers with the tuple of the tag of the caller and the term of the given bytes. */
static void reply(int fd, erlang_pid *to, const char *tag, int tag_len, const char *term, int term_len, ei_x_buff *out) {
	out->index = 0;
	ei_x_encode_version(out);
	ei_x_encode_tuple_header(out, 2);
	ei_x_append_buf(out, tag, tag_len);
	ei_x_append_buf(out, term, term_len);
	ei_send(fd, to, out->buff, out->index);
}

/* answer deals with {'$gen_call', {Pid, Tag}, {echo, T} | get} and {'$gen_cast', {add, N}}. */
static void answer(int fd, const char *buf, ei_x_buff *out) {
	int at = 0, version, arity;
	char word[MAXATOMLEN_UTF8];
	if (ei_decode_version(buf, &at, &version) || ei_decode_tuple_header(buf, &at, &arity) || ei_decode_atom(buf, &at, word)) return;
	if (arity == 2 && strcmp(word, "$gen_cast") == 0) {
		long long n;
		if (ei_decode_tuple_header(buf, &at, &arity) || ei_decode_atom(buf, &at, word) || ei_decode_longlong(buf, &at, &n)) return;
		atomic_fetch_add(&sum, n);
		return;
	}
	if (arity != 3 || strcmp(word, "$gen_call") != 0) return;
	erlang_pid from;
	if (ei_decode_tuple_header(buf, &at, &arity) || ei_decode_pid(buf, &at, &from)) return;
	int tag = at;
	if (ei_skip_term(buf, &at)) return;
	int tag_len = at - tag;
	if (ei_decode_tuple_header(buf, &at, &arity) == 0) {
		if (ei_decode_atom(buf, &at, word)) return;
		int term = at;
		if (ei_skip_term(buf, &at)) return;
		reply(fd, &from, buf + tag, tag_len, buf + term, at - term, out);
		return;
	}
	char number[32];
	int len = 0;
	ei_encode_longlong(number, &len, atomic_load(&sum));
	reply(fd, &from, buf + tag, tag_len, number, len, out);
}

static void *serve(void *arg) {
	int fd = (int)(long)arg, got;
	erlang_msg msg;
	ei_x_buff in, out;
	ei_x_new(&in);
	ei_x_new(&out);
	while ((got = ei_xreceive_msg(fd, &msg, &in)) != ERL_ERROR) {
		if (got == ERL_MSG && (msg.msgtype == ERL_REG_SEND || msg.msgtype == ERL_SEND)) answer(fd, in.buff, &out);
		in.index = 0;
	}
	ei_x_free(&in);
	ei_x_free(&out);
	close(fd);
	return NULL;
}

int main(int argc, char **argv) {
	if (argc != 3) return 2;
	char name[MAXNODELEN + 1];
	snprintf(name, sizeof name, "%s@localhost", argv[1]);
	struct in_addr ip = {.s_addr = htonl(INADDR_LOOPBACK)};
	ei_init();
	if (ei_connect_xinit(&node, "localhost", argv[1], name, &ip, argv[2], 0) < 0) return 1;
	int port = 0, listener = ei_listen(&node, &port, 16);
	if (listener < 0 || ei_publish(&node, port) < 0) return 1;
	printf("ready %s %d\n", name, getpid());
	fflush(stdout);
	for (;;) {
		ErlConnect peer;
		int fd = ei_accept(&node, listener, &peer);
		if (fd < 0) continue;
		pthread_t thread;
		pthread_create(&thread, NULL, serve, (void *)(long)fd);
		pthread_detach(thread);
	}
}
