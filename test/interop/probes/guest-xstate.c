/*
 * Preloaded into user-mode-linux 6.1 on processors with AMX. It hands a process its floating point state back with
 * PTRACE_SETREGSET and 2696 bytes; since AMX the state is longer, and the kernel takes all of it or nothing (EFAULT: the guest's
 * first process dies). What user-mode-linux does not know of is zero: its processes never asked for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PEEK_FIRST 1
#define PEEK_LAST 3
#define GETREGSET 0x4204
#define SETREGSET 0x4205
#define NT_X86_XSTATE 0x202

static char whole[65536] __attribute__((aligned(64)));

long ptrace(int request, ...) {
  va_list list;
  va_start(list, request);
  long pid = va_arg(list, long), address = va_arg(list, long), data = va_arg(list, long);
  va_end(list);
  if (request == SETREGSET && address == NT_X86_XSTATE) {
    struct iovec *given = (struct iovec *)data, all = {whole, sizeof whole};
    if (syscall(SYS_ptrace, GETREGSET, pid, address, &all) < 0) return -1;
    if (all.iov_len > given->iov_len) {
      memset(whole + given->iov_len, 0, all.iov_len - given->iov_len);
      memcpy(whole, given->iov_base, given->iov_len);
      return syscall(SYS_ptrace, request, pid, address, &all);
    }
  }
  if (request < PEEK_FIRST || request > PEEK_LAST) {
    return syscall(SYS_ptrace, request, pid, address, data);
  }
  /* The system call writes what it has read to an address, the library's function returns it. */
  long value = 0;
  if (syscall(SYS_ptrace, request, pid, address, &value) < 0) return -1;
  errno = 0;
  return value;
}
