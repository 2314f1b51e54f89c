import { type ErrorCode, reasonOf } from "#shared/errors/error.js";
import { expectedFault } from "#shared/errors/file-fault.js";

type FaultFields = Readonly<{ code: ErrorCode; reason: string; prevention: string }>;

/** The log fields of a fault: what failed, and what would have prevented it. */
export const faultFields = (thrown: unknown): FaultFields => {
  const reason = reasonOf(thrown);
  const expected = expectedFault(thrown);
  if (expected) return { code: expected.code, reason, prevention: expected.hint };
  return { code: "INTERNAL", reason, prevention: "this is a bug in BlockZero, please report it" };
};
