import { type ErrorCode, hasCode } from "#shared/errors/error.js";

/** For `assert.throws` and `assert.rejects`: a fault of this code whose message has all of these. */
export const coded =
  (code: ErrorCode, ...told: readonly (RegExp | string)[]) =>
  (thrown: unknown): boolean =>
    hasCode(thrown, code) &&
    told.every((part) => (typeof part === "string" ? thrown.message.includes(part) : part.test(thrown.message)));
