import type { ErrorCode } from "#shared/errors/error.js";

/** Values of a line; a `code` is of the registry, so that a reader finds it in docs/errors.md. */
export type LogFields = { readonly code?: ErrorCode | undefined; readonly [field: string]: unknown };

/** What a part of the program may say. `pino` implements it; tests may collect. Fields carry values, messages do not. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Says nothing. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
