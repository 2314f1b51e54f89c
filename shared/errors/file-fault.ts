import { constants } from "node:os";
import { BlockZeroError, reasonOf } from "./error.js";

/** Calls of the system that read a file or a folder, as Node names them. `open` does both. */
const READING: ReadonlySet<unknown> = new Set(
  "access fstat lstat opendir read readlink realpath scandir stat statfs".split(" "),
);

/** Such that change one. */
const WRITING: ReadonlySet<unknown> = new Set(
  "chmod chown close copyfile fchmod fdatasync fsync ftruncate link mkdir mkdtemp rename rm rmdir symlink unlink utime write".split(
    " ",
  ),
);

/** What the system answers where a disk or its rights do not allow a call. */
const REFUSED: ReadonlySet<unknown> = new Set("EACCES EDQUOT EFBIG EIO ENOSPC EPERM EROFS".split(" "));

/** What it answers where a disk that is mounted from elsewhere is away. Of `read` and `write` sockets have the same. */
const AWAY: ReadonlySet<unknown> = new Set("EHOSTDOWN EHOSTUNREACH ENODEV ENOTCONN EREMOTEIO ETIMEDOUT".split(" "));

/** And where it came back as another one. Node has no name for it: its code is "Unknown system error -116". */
const STALE = -constants.errno.ESTALE;

/** What it answers where a name leads to nothing, or to something else. */
const MISNAMED: ReadonlySet<unknown> = new Set("EEXIST EISDIR ELOOP ENAMETOOLONG ENOENT ENOTDIR".split(" "));

/** What it answers to a process that has too many files open. */
const EXHAUSTED: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE"]);

/** What was thrown as a fault that a program expects: one of its own, or what the system answered to work on a file; null for anything else. */
export const expectedFault = (thrown: unknown): BlockZeroError | null =>
  thrown instanceof BlockZeroError ? thrown : fileFault(thrown);

const fileFault = (thrown: unknown): BlockZeroError | null => {
  if (!(thrown instanceof Error)) return null;
  const { code, errno, syscall: call } = thrown as NodeJS.ErrnoException;
  const isOfFile = call === "open" || READING.has(call) || WRITING.has(call);
  const fault = (isRead: boolean, hint: string): BlockZeroError =>
    new BlockZeroError(isRead ? "FILE_UNREADABLE" : "FILE_UNWRITABLE", reasonOf(thrown), hint, { cause: thrown });
  if (REFUSED.has(code) && READING.has(call)) return fault(true, NAMES);
  if (REFUSED.has(code) && (isOfFile || call === undefined))
    return fault(false, "free space there, or let this user write it");
  const isAway = AWAY.has(code) && call !== "read" && call !== "write";
  if ((isAway || errno === STALE) && isOfFile)
    return fault(READING.has(call), "look at the disk: it is mounted from elsewhere, and does not answer");
  if (MISNAMED.has(code) && isOfFile) return fault(!WRITING.has(call) && code !== "EEXIST", NAMES);
  return EXHAUSTED.has(code) && isOfFile ? fault(true, "let this user open more files: ulimit -n") : null;
};

const NAMES = "check its name and permissions";
