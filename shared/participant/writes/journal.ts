import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import { type Log, silentLog } from "#shared/telemetry/log.js";

/** What a participant must not forget in a crash: one JSON document, validated, replaced atomically. */
export interface Journal<T> {
  readonly value: T;
  /** Replaces the document. Durable when it returns; where it cannot be written, it stays as it was, also in memory. @throws what writing throws */
  update(change: (value: T) => T): void;
  /**
   * The same for what can be found out again after a crash, such as the block that holds a write: where it cannot be written, it is kept in memory,
   * warned of, and written with the next change. Never throws for the disk.
   */
  note(change: (value: T) => T): void;
}

/** Opens `path`, or starts with the schema's defaults for `{}`. Throws JOURNAL_MALFORMED if the file is not a journal of this schema. */
export const openJournal = <T>(path: string, schema: z.ZodType<T>, log: Pick<Log, "warn"> = silentLog): Journal<T> => {
  const text = readFileIfAny(path);
  let value = parse(path, schema, text ?? "{}");
  return {
    get value() {
      return value;
    },
    update(change) {
      const changed = change(value);
      writeFileAtomic(path, JSON.stringify(changed));
      value = changed;
    },
    note(change) {
      value = change(value);
      try {
        writeFileAtomic(path, JSON.stringify(value));
      } catch (thrown) {
        log.warn("a journal cannot be written now", { path, reason: reasonOf(thrown) });
      }
    },
  };
};

const parse = <T>(path: string, schema: z.ZodType<T>, text: string): T => {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new BlockZeroError(
      "JOURNAL_MALFORMED",
      `${path} is not a journal of this version`,
      "restore it from a backup, or move it away to start anew (then do not restart inside a commit window)",
      { cause },
    );
  }
};

/** Cycles that a journal remembers. */
export const KEPT_CYCLES = 64;

/** The newest records, of records that are keyed by cycle. */
export const recent = <T>(records: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(
    Object.entries(records)
      .sort(([a], [b]) => Number.parseInt(b, 10) - Number.parseInt(a, 10))
      .slice(0, KEPT_CYCLES),
  );

/** Changes what a journal holds of a cycle; it keeps the newest cycles. */
export const withCycle =
  <E>(cycle: number, change: (entry: E | undefined) => E) =>
  <V extends { readonly cycles: Readonly<Record<string, E>> }>(value: V): V => ({
    ...value,
    cycles: recent({ ...value.cycles, [cycle]: change(value.cycles[cycle]) }),
  });

/** Sets some fields of what a journal holds of a cycle. */
const withFields = <E extends object>(cycle: number, fields: E) =>
  withCycle<E>(cycle, (entry) => ({ ...entry, ...fields }));

interface Journalled<E> {
  readonly journal: Pick<Journal<{ readonly cycles: Readonly<Record<string, E>> }>, "update" | "note">;
}

/** Writes down how far a cycle came, before what depends on it. @throws what writing throws */
export const mark = <E extends object>({ journal }: Journalled<E>, cycle: number, fields: NoInfer<E>): void =>
  journal.update(withFields<E>(cycle, fields));

/** The same for what the chain can tell again, as `Journal.note`. */
export const note = <E extends object>({ journal }: Journalled<E>, cycle: number, fields: NoInfer<E>): void =>
  journal.note(withFields<E>(cycle, fields));

/** Records that were written down before they were sent: `<cycle>/<record type>` → record text. */
export const intentionsSchema = z.record(z.string(), z.string()).default({});
