/* A C node on ei with a server called peer. It serves one connection after the other; it knows processes no more than any C node.
 *
 *   cnode NAME@localhost COOKIE [NODE]     connects to NODE by itself if one is given, and ends with its input
 *
 * What it answers, as a gen_server of OTP would be called:
 *   {echo, T}                  T
 *   {call, Name, T}            what the server Name of the calling node replies to T
 *   {rpc, M, F, Args}          what M:F(Args) is on the calling node
 *   self                       its pid
 *   die                        nothing: the program ends
 * and {is_auth, Node} to net_kernel, so that it can be pinged.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ei.h"

static ei_cnode node;

/* receive waits for the next message and leaves its bytes in x. */
static void receive(int fd, erlang_msg *msg, ei_x_buff *x) {
	int got;
	do {
		x->index = 0;
		if ((got = ei_xreceive_msg(fd, msg, x)) == ERL_ERROR) exit(3);
	} while (got != ERL_MSG);
}

/* send_reply sends {Tag, Term} to the pid of a caller. */
static void send_reply(int fd, erlang_pid *to, const char *tag, int tag_len, const char *term, int term_len) {
	ei_x_buff out;
	ei_x_new_with_version(&out);
	ei_x_encode_tuple_header(&out, 2);
	ei_x_append_buf(&out, tag, tag_len);
	ei_x_append_buf(&out, term, term_len);
	if (ei_send(fd, to, out.buff, out.index)) exit(4);
	ei_x_free(&out);
}

/* call calls the server name of the peer as gen_server:call/2 of OTP before aliases does, and leaves {Tag, Reply} in x. */
static void call(int fd, char *name, const char *request, int len, ei_x_buff *x) {
	erlang_msg msg;
	erlang_ref ref;
	ei_x_buff out;
	ei_make_ref(&node, &ref);
	ei_x_new_with_version(&out);
	ei_x_encode_tuple_header(&out, 3);
	ei_x_encode_atom(&out, "$gen_call");
	ei_x_encode_tuple_header(&out, 2);
	ei_x_encode_pid(&out, ei_self(&node));
	ei_x_encode_ref(&out, &ref);
	ei_x_append_buf(&out, request, len);
	if (ei_reg_send(&node, fd, name, out.buff, out.index)) exit(5);
	ei_x_free(&out);
	do receive(fd, &msg, x);
	while (msg.msgtype != ERL_SEND);
}

/* term_end returns where the term that begins at index at of buf ends. */
static int term_end(const char *buf, int at) {
	if (ei_skip_term(buf, &at)) exit(6);
	return at;
}

/* answer deals with {'$gen_call', {Pid, Tag}, Request}; everything else is passed over. */
static void answer(int fd, const char *buf) {
	int at = 0, version, arity, type, size;
	char word[MAXATOMLEN_UTF8], name[MAXATOMLEN_UTF8], function[MAXATOMLEN_UTF8];
	erlang_pid from;
	ei_x_buff x;
	if (ei_decode_version(buf, &at, &version) || ei_decode_tuple_header(buf, &at, &arity) || arity != 3 ||
		ei_decode_atom(buf, &at, word) || strcmp(word, "$gen_call") || ei_decode_tuple_header(buf, &at, &arity) ||
		ei_decode_pid(buf, &at, &from)) return;
	int tag = at, tag_len = term_end(buf, at) - at;
	at += tag_len;
	if (ei_get_type(buf, &at, &type, &size)) return;
	if (type == ERL_ATOM_EXT) {
		int len = 0;
		char pid[MAXNODELEN + 64];
		if (ei_decode_atom(buf, &at, word) || strcmp(word, "self")) exit(0);
		ei_encode_pid(pid, &len, ei_self(&node));
		send_reply(fd, &from, buf + tag, tag_len, pid, len);
		return;
	}
	if (ei_decode_tuple_header(buf, &at, &arity) || ei_decode_atom(buf, &at, word)) return;
	if (strcmp(word, "is_auth") == 0) {
		int len = 0;
		char yes[16];
		ei_encode_atom(yes, &len, "yes");
		send_reply(fd, &from, buf + tag, tag_len, yes, len);
	} else if (strcmp(word, "echo") == 0) {
		send_reply(fd, &from, buf + tag, tag_len, buf + at, term_end(buf, at) - at);
	} else if (strcmp(word, "call") == 0 && ei_decode_atom(buf, &at, name) == 0) {
		ei_x_new(&x);
		call(fd, name, buf + at, term_end(buf, at) - at, &x);
		int reply = 0;
		ei_decode_version(x.buff, &reply, &version);
		ei_decode_tuple_header(x.buff, &reply, &arity);
		reply = term_end(x.buff, reply);
		send_reply(fd, &from, buf + tag, tag_len, x.buff + reply, term_end(x.buff, reply) - reply);
		ei_x_free(&x);
	} else if (strcmp(word, "rpc") == 0 && ei_decode_atom(buf, &at, name) == 0 && ei_decode_atom(buf, &at, function) == 0) {
		ei_x_new(&x);
		if (ei_rpc(&node, fd, name, function, buf + at, term_end(buf, at) - at, &x) < 0) exit(7);
		send_reply(fd, &from, buf + tag, tag_len, x.buff, term_end(x.buff, 0));
		ei_x_free(&x);
	}
}

static void serve(int fd) {
	erlang_msg msg;
	ei_x_buff in;
	ei_x_new(&in);
	for (;;) {
		int got;
		in.index = 0;
		if ((got = ei_xreceive_msg(fd, &msg, &in)) == ERL_ERROR) break;
		if (got == ERL_MSG && (msg.msgtype == ERL_REG_SEND || msg.msgtype == ERL_SEND)) answer(fd, in.buff);
	}
	ei_x_free(&in);
	close(fd);
}

static void *guard(void *unused) {
	char c;
	while (read(0, &c, 1) > 0) {}
	exit(0);
	return unused;
}

int main(int argc, char **argv) {
	if (argc < 3) return 2;
	char alive[MAXNODELEN + 1];
	snprintf(alive, sizeof alive, "%.*s", (int)strcspn(argv[1], "@"), argv[1]);
	struct in_addr ip = {.s_addr = htonl(INADDR_LOOPBACK)};
	pthread_t thread;
	pthread_create(&thread, NULL, guard, NULL);
	ei_init();
	if (ei_connect_xinit(&node, "localhost", alive, argv[1], &ip, argv[2], 0) < 0) return 1;
	int port = 0, listener = ei_listen(&node, &port, 16);
	if (listener < 0 || ei_publish(&node, port) < 0) return 1;
	int fd = -1;
	if (argc > 3 && (fd = ei_connect(&node, argv[3])) < 0) return 1;
	puts("ready");
	fflush(stdout);
	if (fd >= 0) serve(fd);
	for (;;) {
		ErlConnect peer;
		fd = ei_accept(&node, listener, &peer);
		if (fd >= 0) serve(fd);
	}
}
