/* SPDX-License-Identifier: MIT */
/*
 * Files by name: how they are opened, what fails and why, against which directory, and how names change under open
 * files.
 */
#include <sched.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#include "tracee.h"

static const char *dir, *a, *b, *c;

static void modes(void)
{
	static const struct { int flags; const char *how; } v[] = {
		{ O_WRONLY | O_CREAT | O_EXCL, "write, create, exclusive" }, { O_RDONLY, "read" }, { O_RDWR, "read/write" },
		{ O_WRONLY | O_TRUNC, "write, truncate" }, { O_WRONLY | O_APPEND, "write, append" }, { O_PATH, "path only" },
		{ O_RDWR | O_CREAT | O_TRUNC, "read/write, create, truncate" },
	};

	for (unsigned i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		int fd = open(a, v[i].flags, 0640);

		CHECK(fd >= 0);
		expect("open %s (%s)", a, v[i].how);
		close(fd);
	}
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	CHECK(fd >= 0);
	expect("open %s (read, directory)", dir);
	close(fd);
}

static void failures(void)
{
	const char *none = in_dir("none"), *below = in_dir("a/below"), *loop = in_dir("loop");
	char longname[5000];

	CHECK(open(none, O_RDONLY) < 0);
	expect("open %s (read) ENOENT", none);
	CHECK(open(below, O_RDONLY) < 0);
	expect("open %s (read) ENOTDIR", below);
	CHECK(open(a, O_WRONLY | O_CREAT | O_EXCL, 0600) < 0);
	expect("open %s (write, create, exclusive) EEXIST", a);
	CHECK(open(dir, O_WRONLY) < 0);
	expect("open %s (write) EISDIR", dir);
	CHECK(symlink("loop", loop) == 0);
	expect("symlink loop → %s", loop);
	CHECK(open(loop, O_RDONLY) < 0);
	expect("open %s (read) ELOOP", loop);
	CHECK(unlink(loop) == 0);
	expect("unlink %s", loop);
	CHECK(open((char *)1, O_RDONLY) < 0 && errno == EFAULT);
	expect("open (name not readable) (read) EFAULT");
	CHECK(open("", O_RDONLY) < 0 && errno == ENOENT);
	expect("open \"\" (read) ENOENT");
	CHECK(access(none, R_OK) < 0);
	expect("access %s ENOENT", none);
	struct stat st;

	CHECK(stat(none, &st) < 0 && lstat(below, &st) < 0);
	expect("stat %s ENOENT", none);
	expect("stat %s ENOTDIR", below);
	char to[16];

	CHECK(readlink(a, to, sizeof(to)) < 0 && errno == EINVAL);	/* no link, which is an answer and no line */
	CHECK(unlink(none) < 0 && rmdir(a) < 0 && mkdir(a, 0700) < 0 && rename(none, a) < 0 && link(none, b) < 0 && chmod(none, 0600) < 0);
	expect("unlink %s ENOENT", none);
	expect("rmdir %s ENOTDIR", a);
	expect("mkdir %s EEXIST", a);
	expect("rename %s → %s ENOENT", none, a);
	expect("link %s → %s ENOENT", none, b);
	expect("chmod %s ENOENT", none);
	memset(longname, 'x', sizeof(longname) - 1);
	longname[sizeof(longname) - 1] = '\0';
	longname[0] = '/';
	CHECK(open(longname, O_RDONLY) < 0 && errno == ENAMETOOLONG);
	expect("open /xxx* (read) ENAMETOOLONG");
}

static void directories(void)
{
	const char *sub = in_dir("sub"), *deep = in_dir("sub/deep"), *f = in_dir("sub/deep/f");
	int fd, d;
	pid_t pid;

	CHECK(mkdir(sub, 0755) == 0 && mkdirat(AT_FDCWD, "sub/deep", 0755) == 0);
	expect("mkdir %s", sub);
	expect("mkdir %s", deep);
	d = open("sub", O_RDONLY | O_DIRECTORY);
	expect("open %s (read, directory)", sub);
	CHECK((fd = openat(d, "deep/../deep/./f", O_CREAT | O_WRONLY, 0600)) >= 0);
	expect("open %s (write, create)", f);
	close(fd);
	CHECK(chdir("sub/deep") == 0);
	expect("chdir %s", deep);
	CHECK((fd = open("f", O_RDONLY)) >= 0);
	expect("open %s (read)", f);
	close(fd);
	CHECK(fchdir(d) == 0);
	expect("chdir %s", sub);
	CHECK((fd = open("./deep//f", O_RDONLY)) >= 0);
	expect("open %s (read)", f);
	close(fd);
	/* /proc/self/fd names what is open */
	char by[64];

	snprintf(by, sizeof(by), "/proc/self/fd/%d/deep/f", d);
	CHECK((fd = open(by, O_RDONLY)) >= 0);
	expect("open %s (read)", f);
	close(fd);
	snprintf(by, sizeof(by), "/proc/self/fd/%d", d);
	CHECK((fd = open(by, O_RDONLY | O_DIRECTORY)) >= 0);
	expect("open %s (read, directory)", sub);
	close(fd);
	/* a child has its own working directory, one with CLONE_FS ours */
	pid = fork();
	if (pid == 0) {
		CHECK(chdir("/") == 0);
		expect("chdir /");
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	CHECK(reap(pid) == 0);
	CHECK(access("deep", F_OK) == 0 && access("none", F_OK) < 0);
	expect("access %s/none ENOENT", sub);
	pid = (pid_t)syscall(SYS_clone, CLONE_FS | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		CHECK(chdir(dir) == 0);
		expect("chdir %s", dir);
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	CHECK(reap(pid) == 0);
	CHECK(access("none", F_OK) < 0);
	expect("access %s/none ENOENT", dir);
	CHECK(chdir("none") < 0);
	expect("chdir %s/none ENOENT", dir);
	close(d);
	CHECK(unlinkat(AT_FDCWD, "sub/deep/f", 0) == 0 && unlinkat(AT_FDCWD, "sub/deep", AT_REMOVEDIR) == 0 && rmdir("sub") == 0);
	expect("unlink %s", f);
	expect("rmdir %s", deep);
	expect("rmdir %s", sub);
}

/* What `..` means after a symbolic link only the kernel knows; a working directory is where the link leads. */
static void links(void)
{
	const char *deep = in_dir("deep"), *in = in_dir("deep/in"), *link = in_dir("link"), *f = in_dir("deep/f"),
		   *g = in_dir("deep/in/g");
	int fd, d;

	CHECK(mkdir(deep, 0755) == 0 && mkdir(in, 0755) == 0 && symlink("deep/in", link) == 0);
	expect("mkdir %s", deep);
	expect("mkdir %s", in);
	expect("symlink deep/in → %s", link);
	CHECK((fd = open("link/../f", O_RDWR | O_CREAT, 0600)) >= 0);
	expect("open %s (read/write, create)", f);
	CHECK(write(fd, "x", 1) == 1);
	expect("write 1 B to %s", f);
	checkpoint("fd", "linked");
	close(fd);
	CHECK((fd = open("link/g", O_RDWR | O_CREAT, 0600)) >= 0);	/* as it was named */
	expect("open %s/g (read/write, create)", link);
	close(fd);
	CHECK(chdir("link") == 0);
	expect("chdir %s", link);
	CHECK((fd = open("g", O_RDONLY)) >= 0);
	expect("open %s (read)", g);
	close(fd);
	CHECK((fd = open("../f", O_RDONLY)) >= 0);
	expect("open %s (read)", f);
	close(fd);
	CHECK(chdir(dir) == 0 && (d = open("link", O_PATH | O_DIRECTORY)) >= 0 && fchdir(d) == 0);
	expect("chdir %s", dir);
	expect("open %s (path only)", link);
	expect("chdir %s", link);
	CHECK(access("none", F_OK) < 0);
	expect("access %s/none ENOENT", in);
	CHECK(chdir("../../link/..") == 0);
	expect("chdir %s", deep);
	CHECK(chdir(dir) == 0 && unlink(f) == 0 && unlink(g) == 0 && unlink(link) == 0 && rmdir(in) == 0 && rmdir(deep) == 0);
	expect("chdir %s", dir);
	expect("unlink %s", f);
	expect("unlink %s", g);
	expect("unlink %s", link);
	expect("rmdir %s", in);
	expect("rmdir %s", deep);
	close(d);
}

static void names(void)
{
	int fd = open(a, O_RDWR | O_CREAT | O_TRUNC, 0600), other;

	CHECK(fd >= 0 && write(fd, "12345", 5) == 5);
	expect("open %s (read/write, create, truncate)", a);
	expect("write 5 B to %s", a);
	/* the open file goes by its new name */
	CHECK(rename(a, b) == 0);
	expect("rename %s → %s", a, b);
	CHECK(write(fd, "6", 1) == 1);
	expect("write 1 B to %s", b);
	CHECK((other = open(a, O_RDWR | O_CREAT, 0600)) >= 0);
	expect("open %s (read/write, create)", a);
	CHECK(syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */) == 0);
	expect("rename %s → %s", a, b);
	CHECK(write(fd, "78", 2) == 2 && write(other, "abc", 3) == 3);
	expect("write 2 B to %s", a);
	expect("write 3 B to %s", b);
	checkpoint("fd", "renamed");
	/* and, deleted, stays what it is */
	CHECK(unlink(a) == 0);
	expect("unlink %s", a);
	CHECK(write(fd, "9", 1) == 1);
	expect("write 1 B to %s*", a);
	checkpoint("fd", "deleted");
	CHECK(link(b, c) == 0);
	expect("link %s → %s", b, c);
	CHECK(unlink(c) == 0);
	expect("unlink %s", c);
	CHECK(rename(b, b) == 0);
	expect("rename %s → %s", b, b);
	close(fd);
	close(other);
}

/*
 * A deleted file moves with the directory it was in, as the kernel's names do, until that is deleted, too: another
 * directory of that name has nothing to do with it.
 */
static void names_of_deleted(void)
{
	const char *was = in_dir("was"), *now = in_dir("now"), *late = in_dir("late"), *in = in_dir("was/in");
	int fd, path, tmp;

	CHECK(mkdir(was, 0700) == 0 && (fd = open(in, O_RDWR | O_CREAT, 0600)) >= 0 && (path = open(in, O_PATH)) >= 0);
	CHECK((tmp = open(was, O_RDWR | O_TMPFILE, 0600)) >= 0);
	expect("mkdir %s", was);
	expect("open %s (read/write, create)", in);
	expect("open %s (path only)", in);
	expect("open %s (read/write, temporary)", was);
	CHECK(unlink(in) == 0 && rename(was, now) == 0);
	expect("unlink %s", in);
	expect("rename %s → %s", was, now);
	checkpoint("fd", "moved while deleted");
	CHECK(write(fd, "1", 1) == 1);
	expect("write 1 B to %s/in (deleted)", now);
	CHECK(rmdir(now) == 0 && mkdir(now, 0700) == 0 && rename(now, late) == 0);
	expect("rmdir %s", now);
	expect("mkdir %s", now);
	expect("rename %s → %s", now, late);
	checkpoint("fd", "another directory of that name");
	CHECK(write(fd, "2", 1) == 1);
	expect("write 1 B to %s/in (deleted)", now);
	CHECK(rmdir(late) == 0);
	expect("rmdir %s", late);
	close(fd);
	close(path);
	close(tmp);
}

static void attributes(void)
{
	const struct timespec t[2] = { { 1, 0 }, { 2, 0 } };
	int fd = open(b, O_RDWR);

	expect("open %s (read/write)", b);
	CHECK(chmod(b, 0644) == 0 && fchmod(fd, 0600) == 0);
	expect("chmod %s", b);
	expect("chmod %s", b);
	CHECK(chown(b, (uid_t)-1, (gid_t)-1) == 0 && fchown(fd, (uid_t)-1, (gid_t)-1) == 0);
	expect("chown %s", b);
	expect("chown %s", b);
	CHECK(truncate(b, 100) == 0 && ftruncate(fd, 50) == 0);
	expect("truncate %s (100 B)", b);
	expect("truncate %s (50 B)", b);
	CHECK(posix_fallocate(fd, 0, 200) == 0);
	expect("allocate %s (200 B)", b);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0)
		expect("punch hole in %s (4.0 KB)", b);
	else
		expect("punch hole in %s (4.0 KB) EOPNOTSUPP", b);
	CHECK(syscall(SYS_execveat, AT_FDCWD, b, (char *[]){ "x", NULL }, NULL, 0x10000 /* AT_EXECVE_CHECK */) < 0);
	/* before Linux 6.14 no such flag */
	expect("exec check %s %s", b, errno == EACCES ? "EACCES" : "EINVAL");
	CHECK(utimensat(AT_FDCWD, b, t, 0) == 0 && futimens(fd, t) == 0);
	expect("utimes %s", b);
	expect("utimes %s", b);
	CHECK(fsync(fd) == 0 && fdatasync(fd) == 0);
	expect("sync %s", b);
	expect("sync %s", b);
	/* not every filesystem has extended attributes; they are no live lines */
	char xattr[64];

	if (setxattr(b, "user.x", "y", 1, XATTR_CREATE) == 0) {
		expect_call("setxattr(\"%s\", \"user.x\", \"y\", 1, XATTR_CREATE) = 0", b);
		CHECK(lsetxattr(b, "user.x", "yz", 2, XATTR_REPLACE) == 0 && fsetxattr(fd, "user.z", "", 0, 0) == 0);
		expect_call("lsetxattr(\"%s\", \"user.x\", \"yz\", 2, XATTR_REPLACE) = 0", b);
		expect_call("fsetxattr(%d<%s>, \"user.z\", \"\", 0, 0) = 0", fd, b);
		CHECK(getxattr(b, "user.x", xattr, sizeof(xattr)) == 2 && fgetxattr(fd, "user.x", xattr, 0) == 2);
		expect_call("getxattr(\"%s\", \"user.x\", \"yz\", 64) = 2", b);
		expect_call("fgetxattr(%d<%s>, \"user.x\", %p, 0) = 2", fd, b, (void *)xattr);
		CHECK(listxattr(b, xattr, sizeof(xattr)) >= 14 && flistxattr(fd, NULL, 0) >= 14);
		expect_call("listxattr(\"%s\", *, 64) = *", b);
		expect_call("flistxattr(%d<%s>, NULL, 0) = *", fd, b);
		CHECK(removexattr(b, "user.x") == 0 && fremovexattr(fd, "user.z") == 0);
		expect_call("removexattr(\"%s\", \"user.x\") = 0", b);
		expect_call("fremovexattr(%d<%s>, \"user.z\") = 0", fd, b);
		CHECK(lgetxattr(b, "user.x", xattr, sizeof(xattr)) < 0 && errno == ENODATA);
		expect_call("lgetxattr(\"%s\", \"user.x\", *, 64) = -1 ENODATA (No data available)", b);
	}
	CHECK(mknod(c, S_IFIFO | 0600, 0) == 0);
	expect("mknod %s", c);
	CHECK(unlink(c) == 0);
	expect("unlink %s", c);
	close(fd);
}

static void copies(void)
{
	int in = open(b, O_RDONLY), out = open(a, O_RDWR | O_CREAT, 0600), p[2];
	struct iovec iov[2] = { { "abc", 3 }, { "defg", 4 } };
	char buf[64];
	loff_t off = 0;

	expect("open %s (read)", b);
	expect("open %s (read/write, create)", a);
	CHECK(sendfile(out, in, NULL, 20) == 20);
	expect("copy 20 B from %s to %s", b, a);
	CHECK(copy_file_range(in, NULL, out, NULL, 10, 0) == 10);
	expect("copy 10 B from %s to %s", b, a);
	CHECK(pipe(p) == 0);
	CHECK(splice(in, &off, p[1], NULL, 5, 0) == 5);
	expect("copy 5 B from %s to pipe:*", b);
	CHECK(splice(p[0], NULL, out, NULL, 5, 0) == 5);
	expect("copy 5 B from pipe:* to %s", a);
	int q[2];

	CHECK(pipe(q) == 0 && write(p[1], "tee", 3) == 3);
	expect("write 3 B to pipe:*");
	CHECK(tee(p[0], q[1], 10, 0) == 3);
	expect("copy 3 B from pipe:* to pipe:*");
	CHECK(read(q[0], buf, sizeof(buf)) == 3 && read(p[0], buf, sizeof(buf)) == 3);	/* it is in both */
	expect("read 3 B from pipe:*");
	expect("read 3 B from pipe:[*]");		/* another pattern: lines of the same one are merged */
	close(q[0]);
	close(q[1]);
	CHECK(vmsplice(p[1], iov, 2, 0) == 7);
	expect("write 7 B to pipe:*");
	CHECK(read(p[0], buf, 7) == 7);
	expect("read 7 B from pipe:*");
	checkpoint("fd", "copied");
	CHECK(writev(out, iov, 2) == 7 && pwrite(out, "xy", 2, 3) == 2 && pwritev(out, iov, 1, 0) == 3);
	expect("write 7 B to %s", a);
	expect("write 2 B to %s", a);
	expect("write 3 B to %s", a);
	CHECK(pread(out, buf, 9, 0) == 9 && preadv(out, iov, 0, 0) == 0);
	expect("read 9 B from %s", a);
	expect("read 0 B from %s", a);
	/* short, and failed */
	CHECK(lseek(out, -4, SEEK_END) >= 0 && read(out, buf, sizeof(buf)) == 4 && read(out, buf, 1) == 0);
	expect("read 4 B from %s", a);
	expect("read 0 B from %s", a);
	CHECK(write(in, "x", 1) < 0 && syscall(SYS_read, out, 1, 1) == 0);
	expect("write to %s EBADF", b);
	expect("read 0 B from %s", a);
	checkpoint("fd", "moved");
	CHECK(write(p[1], "z", 1) == 1);
	expect("write 1 B to pipe:*");
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	CHECK(write(p[1], "z", 1) < 0 && errno == EPIPE);
	expect("write to pipe:* EPIPE");
	expect("signal SIGPIPE from pid %d (ignored)", getpid());
	close(p[1]);
	close(in);
	close(out);
}

int main(void)
{
	dir = in_dir("");
	*((char *)dir + strlen(dir) - 1) = '\0';	/* no slash at its end */
	a = in_dir("a");
	b = in_dir("b");
	c = in_dir("c");
	tracee_begin();
	modes();
	failures();
	directories();
	links();
	names();
	names_of_deleted();
	attributes();
	copies();
	tracee_end();
}
