/* Asks the kernel for all listening unix sockets with their names and queues; anybody may, in their own network namespace. */
#include "saude/fila.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LISTENING (1U << 10) /* TCP_LISTEN, which unix sockets have too */
#define WAIT_US   200000     /* the kernel answers at once */
#define SUFFIX    ".sock"

struct question {
	struct nlmsghdr header;
	struct unix_diag_req request;
};

struct diag {
	const char *directory;
	struct fila *filas;
	size_t count;
};

/* The pool whose socket has this name, of `len` bytes; NULL when it is another's. */
static struct fila *fila_of(const struct diag *diag, const char *name, size_t len)
{
	size_t place = strlen(diag->directory);

	if (len <= place || memcmp(name, diag->directory, place) != 0 || name[place] != '/')
		return NULL;
	name += place + 1;
	len -= place + 1;
	for (size_t i = 0; i < diag->count; i++) {
		size_t pool = strlen(diag->filas[i].pool);
		if (len == pool + strlen(SUFFIX) && memcmp(name, diag->filas[i].pool, pool) == 0 &&
		    memcmp(name + pool, SUFFIX, strlen(SUFFIX)) == 0)
			return &diag->filas[i];
	}
	return NULL;
}

/* One socket. While a supervisord is replaced a pool may have two of its name. */
static void socket_read(const struct diag *diag, const struct nlmsghdr *message)
{
	const struct unix_diag_msg *socket = NLMSG_DATA(message);
	const char *at = (const char *)(socket + 1);
	const char *end = (const char *)message + message->nlmsg_len;
	struct unix_diag_rqlen queue = {0};
	struct fila *fila = NULL;

	while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
		const struct nlattr *attribute = (const void *)at;
		const char *value = at + sizeof(*attribute);
		if (attribute->nla_len < sizeof(*attribute) || attribute->nla_len > end - at)
			break;
		size_t len = attribute->nla_len - sizeof(*attribute);
		if (attribute->nla_type == UNIX_DIAG_NAME)
			fila = fila_of(diag, value, strnlen(value, len));
		else if (attribute->nla_type == UNIX_DIAG_RQLEN && len >= sizeof(queue))
			memcpy(&queue, value, sizeof(queue));
		at += NLA_ALIGN(attribute->nla_len);
	}
	if (fila != NULL)
		fila->length = (fila->length < 0 ? 0 : fila->length) + queue.udiag_rqueue;
}

/* Reads the answer, in several messages, to its end; false when it is an error, or late. */
static bool answer_read(int fd, const struct diag *diag)
{
	static _Alignas(struct nlmsghdr) char bytes[32768]; /* as much as the kernel sends at once */

	for (;;) {
		ssize_t received = recv(fd, bytes, sizeof(bytes), 0);
		if (received <= 0)
			return false;
		unsigned left = (unsigned)received;
		for (const struct nlmsghdr *message = (const struct nlmsghdr *)bytes; NLMSG_OK(message, left);
		     message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return true;
			if (message->nlmsg_type == NLMSG_ERROR ||
			    message->nlmsg_len < NLMSG_LENGTH(sizeof(struct unix_diag_msg)))
				return false;
			socket_read(diag, message);
		}
	}
}

bool fila_read(const char *directory, struct fila *filas, size_t count)
{
	const struct question question = {
	    .header = {.nlmsg_len = sizeof(question),
	               .nlmsg_type = SOCK_DIAG_BY_FAMILY,
	               .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	    .request = {.sdiag_family = AF_UNIX,
	                .udiag_states = LISTENING,
	                .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN},
	};
	const struct timeval wait = {.tv_usec = WAIT_US};
	const struct diag diag = {directory, filas, count};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	for (size_t i = 0; i < count; i++)
		filas[i].length = -1;
	if (fd < 0)
		return false;
	bool told = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
	            send(fd, &question, sizeof(question), 0) == (ssize_t)sizeof(question) && answer_read(fd, &diag);
	close(fd);
	return told;
}
