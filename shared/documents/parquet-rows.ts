import { type ChildProcess, fork } from "node:child_process";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";
import { orAbort, withDeadline } from "#shared/util/deadline.js";
import { damagedParquet } from "./parquet-groups.js";
import type { Row } from "./row.js";

/** What the child process is to read. */
export interface ParquetRequest {
  readonly path: string;
  readonly columns: readonly string[];
}

/** What it answers whenever it is asked; `read`: bytes read from the file since it was. */
export type FromParquet =
  | { readonly type: "rows"; readonly rows: readonly Row[]; readonly read: number }
  | { readonly type: "end"; readonly read: number }
  | { readonly type: "failed"; readonly code: ErrorCode; readonly message: string; readonly hint: string };

export interface ParquetOptions {
  /** Told of the bytes read from the file. */
  readonly onRead?: ((bytes: number) => void) | undefined;
  /** What its values may take in memory, MiB. */
  readonly heapMiB?: number;
  /** How long a lot is waited for, milliseconds. */
  readonly lotMs?: number;
  /** Ends the reading, and the wait for a lot. */
  readonly signal?: AbortSignal | undefined;
}

/** The module that reads, for a process of its own: it is given a request, and answers each message with the next lot. */
export const PARQUET_PROCESS = new URL("./parquet-process.js", import.meta.url);

/** A row group's columns of 512 MiB, as strings. */
const HEAP_MIB = 4096;

/** A row group has to be read, expanded and decoded for its first lot, which takes a minute or two. */
const LOT_MS = 600_000;

/**
 * The rows of a parquet file with the columns that are asked for, in lots. They are read in a child process: what a page says of itself is not
 * bounded by its length, and may end the process that believes it, or keep it for ever.
 *
 * @throws BlockZeroError DATASET_NOT_FOUND, DATASET_MALFORMED, DATASET_TOO_LARGE
 */
export async function* parquetRows(
  path: string,
  columns: readonly string[],
  { onRead, heapMiB = HEAP_MIB, lotMs = LOT_MS, signal }: ParquetOptions = {},
): AsyncGenerator<readonly Row[]> {
  const request: ParquetRequest = { path, columns };
  const child = fork(PARQUET_PROCESS, [JSON.stringify(request)], {
    execArgv: [`--max-old-space-size=${heapMiB}`],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const late = (): Error => damagedParquet(path, `no row within ${lotMs / 1000} s`);
  try {
    while (true) {
      signal?.throwIfAborted();
      const said = await withDeadline(lotMs, late, () => {
        const asked = ask(child, path);
        return signal ? orAbort(asked, signal) : asked;
      });
      if (said.type === "failed") throw new BlockZeroError(said.code, said.message, said.hint);
      onRead?.(said.read);
      if (said.type === "end") return;
      yield said.rows;
    }
  } finally {
    child.kill("SIGKILL");
  }
}

/** Asks for the next rows. */
const ask = (child: ChildProcess, path: string): Promise<FromParquet> =>
  new Promise((resolve, reject) => {
    const ended = (how: string): void => {
      child.off("message", answered);
      reject(damagedParquet(path, `its reader ended (${how})`));
    };
    const failed = ({ message }: Error): void => ended(message);
    const exited = (status: number | null, signal: NodeJS.Signals | null): void => ended(signal ?? `status ${status}`);
    const answered = (answer: unknown): void => {
      child.off("error", failed).off("exit", exited);
      resolve(answer as FromParquet);
    };
    if (child.exitCode !== null || child.signalCode !== null) return exited(child.exitCode, child.signalCode);
    child.once("message", answered).once("error", failed).once("exit", exited);
    child.send("next", () => {});
  });
