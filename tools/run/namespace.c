/* SPDX-License-Identifier: MIT */
/* namespace.c - see namespace.h. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "namespace.h"
#include "program.h"

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(RUN_FAILED, "%s", path);
	close(fd);
}

/* The same user and group as outside, and no others. */
static void map_ids(uid_t user, gid_t group)
{
	char line[64];

	write_file("/proc/self/setgroups", "deny");
	snprintf(line, sizeof(line), "%u %u 1", user, user);
	write_file("/proc/self/uid_map", line);
	snprintf(line, sizeof(line), "%u %u 1", group, group);
	write_file("/proc/self/gid_map", line);
}

/* The root folder of a chroot() need not be a mount point; any other is. */
static bool is_root_mounted(void)
{
	struct statx root;

	return !statx(AT_FDCWD, "/", 0, 0, &root) && root.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* What is mounted outside later is still seen, what is mounted here is not seen there. */
static int separate_mounts(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
}

/*
 * In a chroot whose root folder is no mount point no path names the mount that it is in. So this
 * process moves to the root of its namespace for that, and back.
 */
static int separate_mounts_of_chroot(void)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int ret, error;

	if (root < 0 || folder < 0 || self < 0 || setns(self, CLONE_NEWNS))
		err(RUN_FAILED, "cannot leave this chroot, whose root folder is no mount point, "
				"to make its mounts a namespace's own");
	ret = separate_mounts();
	error = errno;
	if (fchdir(root) || chroot(".") || fchdir(folder))
		err(RUN_FAILED, "cannot return to this chroot");
	close(root);
	close(folder);
	close(self);
	errno = error;
	return ret;
}

static void enter_user_namespace(void)
{
	uid_t user = geteuid();
	gid_t group = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		err(RUN_FAILED,
		    "user namespaces are not allowed %s, "
		    "and an unprivileged mount namespace needs one",
		    is_root_mounted() ? "here" : "in a chroot");
	map_ids(user, group);
	if (separate_mounts())
		err(RUN_FAILED,
		    "mounts in user namespaces are not allowed here (AppArmor may forbid them)");
}

void namespace_enter(void)
{
	if (!unshare(CLONE_NEWNS)) {
		if (is_root_mounted() ? separate_mounts() : separate_mounts_of_chroot())
			err(RUN_FAILED, "cannot make the mounts a namespace's own");
	} else if (errno == EPERM) {
		enter_user_namespace();
	} else {
		err(RUN_FAILED, "cannot make a mount namespace");
	}
}

/* A mount of what is at path, attached nowhere. */
static int clone_tree(int folder, const char *name)
{
	return (int)syscall(SYS_open_tree, folder, name,
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE |
				    AT_SYMLINK_NOFOLLOW);
}

static int attach_tree(int tree, const char *path)
{
	return (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

/* Something of a folder that is being covered. */
struct entry {
	struct entry *next;
	mode_t mode;
	int tree;     /* what is there, but for a link */
	char *target; /* of a link */
	char name[];
};

static struct entry *take_entry(int folder, const char *name)
{
	struct entry *entry = calloc(1, sizeof(*entry) + strlen(name) + 1);
	char target[PATH_MAX];
	struct stat stat;
	ssize_t length;

	if (!entry)
		err(RUN_FAILED, NULL);
	strcpy(entry->name, name);
	entry->tree = -1;
	if (fstatat(folder, name, &stat, AT_SYMLINK_NOFOLLOW))
		goto err_free;
	entry->mode = stat.st_mode;
	if (S_ISLNK(stat.st_mode)) {
		length = readlinkat(folder, name, target, sizeof(target) - 1);
		entry->target = length < 0 ? NULL : strndup(target, (size_t)length);
		if (!entry->target)
			goto err_free;
		return entry;
	}
	entry->tree = clone_tree(folder, name);
	if (entry->tree >= 0)
		return entry;
err_free:
	/* What cannot be opened here could not be used before either. */
	free(entry);
	return NULL;
}

static struct entry *take_entries(const char *path)
{
	struct entry *entries = NULL, *entry;
	DIR *folder = opendir(path);
	struct dirent *found;

	while (folder && (found = readdir(folder))) {
		if (!strcmp(found->d_name, ".") || !strcmp(found->d_name, ".."))
			continue;
		entry = take_entry(dirfd(folder), found->d_name);
		if (!entry)
			continue;
		entry->next = entries;
		entries = entry;
	}
	if (folder)
		closedir(folder);
	return entries;
}

static void put_entry(const char *folder, struct entry *entry)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s/%s", folder, entry->name) < 0)
		err(RUN_FAILED, NULL);
	if (entry->target) {
		if (symlink(entry->target, path))
			warn("%s", path);
	} else {
		if (S_ISDIR(entry->mode)) {
			mkdir(path, 0755);
		} else {
			fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
			if (fd >= 0)
				close(fd);
		}
		if (attach_tree(entry->tree, path))
			warn("%s", path);
		close(entry->tree);
	}
	free(path);
	free(entry->target);
	free(entry);
}

/* The filesystems in memory that folders are covered with. */
static dev_t *covers;
static unsigned int cover_count;

static bool is_covered(const char *path)
{
	struct stat folder;
	bool is = false;

	if (stat(path, &folder))
		err(RUN_FAILED, "%s", path);
	for (unsigned int i = 0; i < cover_count; i++)
		is |= covers[i] == folder.st_dev;
	return is;
}

/* The owner and the permissions of what is covered. */
static void copy_permissions(const char *path, const struct stat *folder)
{
	mode_t mode = folder->st_mode & 07777;

	/* An owner whom this user namespace does not know cannot own it: it is the user's, then. */
	if (chown(path, folder->st_uid, folder->st_gid))
		mode = (mode & 07077) | (mode & 07) << 6 | S_IRUSR | S_IXUSR;
	if (chmod(path, mode))
		warn("%s", path);
}

static void remember_cover(const char *path)
{
	struct stat folder;

	covers = reallocarray(covers, cover_count + 1, sizeof(*covers));
	if (!covers || stat(path, &folder))
		err(RUN_FAILED, "%s", path);
	covers[cover_count++] = folder.st_dev;
}

/* Where the working folder is one that has been covered, the cover becomes it. */
static void enter_again(void)
{
	char folder[PATH_MAX];

	/* It may have been removed, or be out of sight: then it stays what it is. */
	if (!getcwd(folder, sizeof(folder)) || folder[0] != '/' || chdir(folder))
		return;
}

/* Covers a folder with one in memory in which everything is that is in it. */
static void cover(const char *path)
{
	struct entry *entries = take_entries(path), *next;
	struct stat folder;

	if (stat(path, &folder) || mount("tmpfs", path, "tmpfs", MS_NOSUID, NULL))
		err(RUN_FAILED, "cannot cover %s", path);
	copy_permissions(path, &folder);
	remember_cover(path);
	for (; entries; entries = next) {
		next = entries->next;
		put_entry(path, entries);
	}
	enter_again();
}

/* Makes the folders from the end of existing on, and the file. */
static void make_file(char *path, size_t existing)
{
	char *slash = path + existing;
	int fd;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			err(RUN_FAILED, "%s", path);
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		err(RUN_FAILED, "%s", path);
	close(fd);
}

/* The length of the part of path that is a folder. */
static size_t nearest_folder(const char *path)
{
	char folder[PATH_MAX];
	struct stat stat;
	char *slash;

	strcpy(folder, path);
	while ((slash = strrchr(folder, '/')) && slash != folder) {
		*slash = '\0';
		if (!lstat(folder, &stat) && S_ISDIR(stat.st_mode))
			return (size_t)(slash - folder);
	}
	return 0;
}

void namespace_map(const char *node, const char *path)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, node, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	char file[PATH_MAX], folder[PATH_MAX];
	struct stat stat;
	size_t length;

	if (tree < 0)
		err(RUN_FAILED, "%s", node);
	if (path[0] != '/' || strlen(path) >= sizeof(file) || path[strlen(path) - 1] == '/')
		errx(RUN_FAILED, "--map takes the path of a file, from the root on: '%s'", path);
	strcpy(file, path);
	if (lstat(path, &stat)) {
		length = nearest_folder(path);
		if (!length)
			errx(RUN_FAILED, "--map: nothing can be put into the root folder: '%s'",
			     path);
		snprintf(folder, sizeof(folder), "%.*s", (int)length, path);
		if (!is_covered(folder))
			cover(folder);
		make_file(file, length);
	} else if (S_ISDIR(stat.st_mode)) {
		errx(RUN_FAILED, "--map: %s is a folder", path);
	}
	if (attach_tree(tree, path))
		err(RUN_FAILED, "cannot map %s", path);
	close(tree);
}
