/* Makes faults at the system calls by which a program changes files below one folder.
 *
 * Loaded with LD_PRELOAD; a program arms it through shim_arm() (bench/faults/shim.py). It counts the
 * calls that write, flush, create, cut, rename or remove there, and at one of them it kills the
 * process (before the call; or after half of a write, or after the whole call), lets the call fail,
 * or holds a flush up. It can also keep a log of all that was done, with the data, from which a
 * power cut that forgets what was not flushed is made (bench/faults/forgetting.py).
 *
 * Calls that the library does not make through the names below are not seen: mmap is not among
 * them, SQLite uses none here (no memory map, and an exclusive lock needs no shared memory).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASS, KILL_BEFORE, KILL_TORN, FAIL_ONCE, FAIL_FROM, HOLD_FLUSHES };
enum { GO, TORN, FAIL };
enum { MOST_FILES = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_length;
static int mode = PASS;
static long due, calls;
static int failing_with;
static int log_file = -1;
static char *paths[MOST_FILES];

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* Watch a folder, real path without a final slash; start to count anew. at: the first call is 0;
 * for HOLD_FLUSHES the microseconds. */
void shim_arm(const char *where, int how, long at, int error) {
    pthread_mutex_lock(&lock);
    snprintf(folder, sizeof folder, "%s", where);
    folder_length = strlen(folder);
    mode = how;
    due = at;
    failing_with = error;
    calls = 0;
    pthread_mutex_unlock(&lock);
}

long shim_calls(void) { return calls; }

/* Keep a log in an open file; -1 ends it. */
void shim_log(int file) { log_file = file; }

static void put(const void *data, size_t length) {
    REAL(write);
    const char *from = data;
    while (length) {
        ssize_t done = real(log_file, from, length);
        if (done <= 0) _exit(99);
        from += done;
        length -= (size_t)done;
    }
}

static void keep(char kind, const char *path, int64_t where, const void *data, size_t length) {
    if (log_file < 0) return;
    uint16_t path_length = (uint16_t)strlen(path);
    uint32_t data_length = (uint32_t)length;
    pthread_mutex_lock(&lock);
    put(&kind, 1);
    put(&path_length, 2);
    put(&where, 8);
    put(&data_length, 4);
    put(path, path_length);
    put(data, length);
    pthread_mutex_unlock(&lock);
}

/* Write something of the program's own into the log, between the calls. */
void shim_note(const void *data, size_t length) { keep('n', "", 0, data, length); }

static int below(const char *path) {
    return folder_length && !strncmp(path, folder, folder_length) &&
           (path[folder_length] == '/' || !path[folder_length]);
}

static const char *path_of(int file) {
    return file >= 0 && file < MOST_FILES ? paths[file] : NULL;
}

static int step(int flush) {
    pthread_mutex_lock(&lock);
    long number = calls++;
    int how = mode;
    pthread_mutex_unlock(&lock);
    if (how == HOLD_FLUSHES && flush) usleep((useconds_t)due);
    if (how == KILL_BEFORE && number == due) kill(getpid(), SIGKILL);
    if (how == KILL_TORN && number == due) return TORN;
    if ((how == FAIL_ONCE && number == due) || (how == FAIL_FROM && number >= due)) {
        errno = failing_with;
        return FAIL;
    }
    return GO;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    pause();
}

static int64_t place_of(int file) {
    struct stat found;
    if (fcntl(file, F_GETFL) & O_APPEND) return fstat(file, &found) ? 0 : found.st_size;
    return lseek(file, 0, SEEK_CUR);
}

ssize_t write(int file, const void *data, size_t length) {
    REAL(write);
    const char *path = path_of(file);
    if (!path) return real(file, data, length);
    int what = step(0);
    if (what == FAIL) return -1;
    int64_t place = place_of(file);
    ssize_t done = real(file, data, what == TORN ? length / 2 : length);
    if (what == TORN) die();
    if (done > 0) keep('w', path, place, data, (size_t)done);
    return done;
}

#define PWRITE(name, offset_type) \
    ssize_t name(int file, const void *data, size_t length, offset_type place) { \
        REAL(name); \
        const char *path = path_of(file); \
        if (!path) return real(file, data, length, place); \
        int what = step(0); \
        if (what == FAIL) return -1; \
        ssize_t done = real(file, data, what == TORN ? length / 2 : length, place); \
        if (what == TORN) die(); \
        if (done > 0) keep('w', path, place, data, (size_t)done); \
        return done; \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define WITH_FILE(name, kind, flush, where, parameters, arguments) \
    int name parameters { \
        REAL(name); \
        const char *path = path_of(file); \
        if (!path) return real arguments; \
        int what = step(flush); \
        if (what == FAIL) return -1; \
        int done = real arguments; \
        if (what == TORN) die(); \
        if (!done) keep(kind, path, where, "", 0); \
        return done; \
    }
WITH_FILE(fsync, 's', 1, 0, (int file), (file))
WITH_FILE(fdatasync, 's', 1, 0, (int file), (file))
WITH_FILE(ftruncate, 't', 0, size, (int file, off_t size), (file, size))
WITH_FILE(ftruncate64, 't', 0, size, (int file, off64_t size), (file, size))
WITH_FILE(fallocate, 'g', 0, place + size, (int file, int how, off_t place, off_t size),
          (file, how, place, size))
WITH_FILE(fallocate64, 'g', 0, place + size, (int file, int how, off64_t place, off64_t size),
          (file, how, place, size))

/* These return the error instead of setting it. */
#define ALLOCATE(name, type) \
    int name(int file, type place, type size) { \
        REAL(name); \
        const char *path = path_of(file); \
        if (!path) return real(file, place, size); \
        int what = step(0); \
        if (what == FAIL) return errno; \
        int done = real(file, place, size); \
        if (what == TORN) die(); \
        if (!done) keep('g', path, place + size, "", 0); \
        return done; \
    }
ALLOCATE(posix_fallocate, off_t)
ALLOCATE(posix_fallocate64, off64_t)

int rename(const char *from, const char *to) {
    REAL(rename);
    if (!below(from) && !below(to)) return real(from, to);
    int what = step(0);
    if (what == FAIL) return -1;
    int done = real(from, to);
    if (what == TORN) die();
    if (done) return done;
    keep('r', from, 0, to, strlen(to));
    for (int file = 0; file < MOST_FILES; file++)
        if (paths[file] && !strcmp(paths[file], from)) paths[file] = strdup(to);
    return 0;
}

int unlink(const char *path) {
    REAL(unlink);
    if (!below(path)) return real(path);
    int what = step(0);
    if (what == FAIL) return -1;
    int done = real(path);
    if (what == TORN) die();
    if (!done) keep('u', path, 0, "", 0);
    return done;
}

int mkdir(const char *path, mode_t rights) {
    REAL(mkdir);
    if (!below(path)) return real(path, rights);
    int what = step(0);
    if (what == FAIL) return -1;
    int done = real(path, rights);
    if (what == TORN) die();
    if (!done) keep('d', path, 0, "", 0);
    return done;
}

/* Only what creates or cuts counts as a call. */
#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t rights = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (!below(path)) return real(path, flags, rights); \
        struct stat found; \
        int made = flags & O_CREAT && stat(path, &found); \
        int what = made || flags & O_TRUNC ? step(0) : GO; \
        if (what == FAIL) return -1; \
        int file = real(path, flags, rights); \
        if (what == TORN) die(); \
        if (file < 0) return file; \
        if (file < MOST_FILES) paths[file] = strdup(path); \
        if (made) keep('c', path, 0, "", 0); \
        else if (flags & O_TRUNC) keep('t', path, 0, "", 0); \
        return file; \
    }
OPEN(open)
OPEN(open64)

int close(int file) {
    REAL(close);
    if (file >= 0 && file < MOST_FILES) paths[file] = NULL; /* strings are not freed: few */
    return real(file);
}
