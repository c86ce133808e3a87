/* SPDX-License-Identifier: MIT */
/*
 * A run whose facts are known, for bench/peers.py: known DIR PORT.  In DIR are
 * alpha-file (12345 bytes) and sub/relative-file; at PORT of localhost a server
 * reads 23456 bytes and answers with 34567.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SENT = 23456, RECEIVED = 34567 };

static void read_all(const char *path)
{
	char block[65536];
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		err(1, "%s", path);
	while (read(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static int connect_to(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((unsigned short)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void talk(int port)
{
	static char block[65536];
	int fd = connect_to(port);
	size_t got = 0;
	ssize_t n;

	if (fd < 0)
		err(1, "connect");
	if (send(fd, block, SENT, 0) != SENT)
		err(1, "send");
	while (got < RECEIVED && (n = recv(fd, block, sizeof(block), MSG_WAITALL)) > 0)
		got += (size_t)n;
	close(fd);
	connect_to(1);
}

static void child(const char *word)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (strcmp(word, "fork-only") == 0)
			_exit(66);
		execl("/proc/self/exe", "known-child", word, (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		err(1, "fork");
	wait(NULL);
}

int main(int argc, char **argv)
{
	struct stat st;

	if (argc == 2) {	/* a child */
		if (strcmp(argv[1], "argument-one") == 0)
			return 77;
		raise(SIGUSR1);
	}
	if (argc != 3)
		errx(2, "usage: known DIR PORT");
	if (chdir(argv[1]) < 0)
		err(1, "%s", argv[1]);
	read_all("alpha-file");
	open("missing-one", O_RDONLY);
	stat("missing-two", &st);
	if (chdir("sub") < 0)
		err(1, "sub");
	read_all("relative-file");
	talk(atoi(argv[2]));
	child("argument-one");
	child("argument-two");
	child("fork-only");
	return 0;
}
