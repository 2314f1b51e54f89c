import { BlockZeroError, type ErrorCode, reasonOf } from "#shared/errors/error.js";

/** What the system answers to a write that a disk or its rights do not allow. */
const UNWRITABLE: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO"]);

type FaultFields = Readonly<{ code: ErrorCode; reason: string; prevention: string }>;

/** The log fields of a fault: what failed, and what would have prevented it. */
export const faultFields = (thrown: unknown): FaultFields => {
  const reason = reasonOf(thrown);
  if (thrown instanceof BlockZeroError) return { code: thrown.code, reason, prevention: thrown.hint };
  if (thrown instanceof Error && "code" in thrown && UNWRITABLE.has(thrown.code))
    return { code: "FILE_UNWRITABLE", reason, prevention: "free space there, or let this user write it" };
  return { code: "INTERNAL", reason, prevention: "this is a bug in BlockZero, please report it" };
};
