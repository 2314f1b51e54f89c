import { type ErrorCode, hasCode } from "#shared/errors/error.js";

/** For `assert.throws` and `assert.rejects`: a fault of this code. */
export const coded =
  (code: ErrorCode, message = /^/) =>
  (thrown: unknown): boolean =>
    hasCode(thrown, code) && message.test(thrown.message);
