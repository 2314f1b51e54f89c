import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { hashSchema } from "#shared/protocol/hash.js";
import { MAX_CYCLE } from "#shared/protocol/records.js";
import { signatureSchema } from "#shared/protocol/signing.js";
import type { Slot } from "./statement.js";

/** What was signed for each slot. */
export interface SignedJournal {
  /**
   * The signature of a message for a slot: the one that was given before, or a new one, which is on disk before it is returned.
   *
   * @param message SHA-256 of the signed bytes, 64 hex digits
   * @param sign    makes the signature, 64 bytes
   * @throws BlockZeroError SIGNER_CONFLICT if the slot holds something else, SIGNER_REFUSED if it is too old or one too many, SIGNER_JOURNAL_FAILED
   */
  signOnce(slot: Slot, message: string, sign: () => Uint8Array): Uint8Array;
  close(): void;
}

export interface JournalOptions {
  readonly path: string;
  /** Whose signatures it holds, SS58. */
  readonly hotkey: string;
  /** Makes what was written durable; tests fail it. */
  readonly sync?: (file: number) => void;
  /** The file is written anew when it has so many more lines than twice what there is to remember. */
  readonly spareLines?: number;
  /** Cycles that are remembered of each family. Older ones are refused. */
  readonly keptCycles?: number;
  /** Families that there may be at all. */
  readonly knownFamilies?: number;
}

const KEPT_CYCLES = 1024;

/** Families whose cycles are remembered: networks times kinds. Of others it is remembered up to which cycle they were signed. */
export const MAX_FAMILIES = 256;

/** All families: a network file has a dozen, and an owner may change it every day. */
export const MAX_KNOWN_FAMILIES = 16_384;

/** Parts of a cycle that are remembered: a program names them as it likes. */
export const MAX_PARTS = 64;

const SPARE_LINES = 20_000;

const headSchema = z.strictObject({ kind: z.literal("blockzero/signed/1"), hotkey: z.string() });
const entrySchema = z.strictObject({
  family: z.string().max(300),
  cycle: z.int().min(0).max(MAX_CYCLE),
  part: z.string().max(100),
  content: hashSchema,
  message: hashSchema,
  signature: signatureSchema,
});
/** Cycles up to this one were forgotten. */
const floorSchema = z.strictObject({ family: z.string().max(300), floor: z.int().min(0).max(MAX_CYCLE) });

type Entry = z.infer<typeof entrySchema>;

interface Family {
  /** Cycle → part → entry. */
  readonly cycles: Map<number, Map<string, Entry>>;
  floor: number;
}

/**
 * Opens a journal, one JSON object a line. A line that a crash cut off is the last one, and its signature was never given: it is dropped.
 *
 * @throws BlockZeroError JOURNAL_MALFORMED, SIGNER_JOURNAL_FAILED
 */
export const openSignedJournal = ({
  path,
  hotkey,
  sync = fsyncSync,
  spareLines = SPARE_LINES,
  keptCycles = KEPT_CYCLES,
  knownFamilies = MAX_KNOWN_FAMILIES,
}: JournalOptions): SignedJournal => {
  /** In the order of their last entries, which the file has too. */
  const families = new Map<string, Family>();
  /** Of families whose cycles are forgotten the newest one. */
  const floors = new Map<string, number>();
  let lines = 0;
  const remember = (entry: Entry): void => {
    const family = families.get(entry.family) ?? { cycles: new Map(), floor: floors.get(entry.family) ?? -1 };
    floors.delete(entry.family);
    families.delete(entry.family);
    families.set(entry.family, family);
    const parts = family.cycles.get(entry.cycle) ?? new Map<string, Entry>();
    family.cycles.set(entry.cycle, parts);
    parts.set(entry.part, entry);
    while (family.cycles.size > keptCycles) {
      const oldest = Math.min(...family.cycles.keys());
      family.cycles.delete(oldest);
      family.floor = Math.max(family.floor, oldest);
    }
    // Of a network file that was in force long ago nothing is asked any more.
    const [stalest] = families;
    if (families.size > MAX_FAMILIES && stalest !== undefined) {
      const [name, { cycles, floor }] = stalest;
      floors.set(name, Math.max(floor, ...cycles.keys()));
      families.delete(name);
    }
    lines += 1;
  };

  const text = (): string => {
    const kept: object[] = [{ kind: "blockzero/signed/1", hotkey }];
    for (const [family, floor] of floors) kept.push({ family, floor });
    for (const [family, { cycles, floor }] of families) {
      if (floor >= 0) kept.push({ family, floor });
      for (const parts of cycles.values()) kept.push(...parts.values());
    }
    lines = kept.length;
    return kept.map((line) => `${JSON.stringify(line)}\n`).join("");
  };

  const kept = failing(path, () => readJournal(path));
  if (kept === null) failing(path, () => writeFileAtomic(path, text()));
  else {
    const [head, ...rest] = kept.lines;
    const parsed = headSchema.safeParse(head);
    if (!parsed.success) throw malformed(path, "its first line does not say whose it is");
    if (parsed.data.hotkey !== hotkey) throw malformed(path, `it is ${parsed.data.hotkey}'s, not ${hotkey}'s`);
    for (const [i, line] of rest.entries()) {
      const floor = floorSchema.safeParse(line);
      if (floor.success) {
        floors.set(floor.data.family, floor.data.floor);
        continue;
      }
      const entry = entrySchema.safeParse(line);
      if (!entry.success) throw malformed(path, `line ${i + 2} is none of its own`);
      remember(entry.data);
    }
  }

  let file = failing(path, () => openSync(path, "r+"));
  let length = kept?.length ?? Buffer.byteLength(text());
  let isTorn = true;
  /** Why the open file may not be the one at `path` any more. */
  let lost: unknown;

  /** Whether the open file is the one at `path`. */
  const isInPlace = (): boolean => {
    const there = statSync(path, { throwIfNoEntry: false });
    const own = fstatSync(file);
    return there?.ino === own.ino && there.dev === own.dev;
  };

  /** What is written to a file that others have moved, removed or changed is not there after a restart. */
  const mustBeInPlace = (): void => {
    const isSame = isInPlace();
    if (isSame && (isTorn || fstatSync(file).size === length)) return;
    throw new BlockZeroError(
      "SIGNER_JOURNAL_FAILED",
      `${path} was ${isSame ? "changed by another program" : "moved or removed"} while the signer uses it`,
      "stop the signer and put the file back; without it wait for the cycle's end before starting anew",
    );
  };

  /** Cuts off what a failed write left. Whatever stands there, its signature was never given. */
  const mend = (): void => {
    if (!isTorn) return;
    ftruncateSync(file, length);
    sync(file);
    isTorn = false;
  };

  const append = (entry: Entry): void => {
    mustBeInPlace();
    mend();
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    isTorn = true;
    for (let done = 0; done < line.length; ) done += writeSync(file, line, done, line.length - done, length + done);
    sync(file);
    isTorn = false;
    length += line.length;
  };

  /** Replaces the file by what is remembered. Where the new one cannot be written, it stays, and is replaced after as many lines more. */
  const writeAnew = (): void => {
    const content = text();
    try {
      writeFileAtomic(path, content);
      const former = file;
      file = openSync(path, "r+");
      closeSync(former);
    } catch (thrown) {
      if (isInPlace()) return;
      lost = thrown;
      throw thrown;
    }
    length = Buffer.byteLength(content);
  };

  failing(path, mend);

  return {
    signOnce: (slot, message, sign) => {
      if (lost !== undefined) throw failed(path, lost);
      const family = families.get(slot.family);
      const isNew = family === undefined && !floors.has(slot.family);
      if (isNew && families.size + floors.size >= knownFamilies)
        throw refusal(`more than ${knownFamilies} kinds of statements and networks`);
      const parts = family?.cycles.get(slot.cycle);
      const known = parts?.get(slot.part);
      if (known !== undefined && known.content !== slot.content)
        throw new BlockZeroError(
          "SIGNER_CONFLICT",
          `something else was signed before for ${nameOf(slot)}`,
          "find the other program that signs with this hotkey",
        );
      if (known?.message === message) return Buffer.from(known.signature, "hex");
      if (known === undefined && slot.cycle <= (family?.floor ?? floors.get(slot.family) ?? -1))
        throw refusal(`${nameOf(slot)}: cycle ${slot.cycle} is older than what the journal remembers`);
      if (known === undefined && parts !== undefined && parts.size >= MAX_PARTS)
        throw refusal(`more than ${MAX_PARTS} writes of one kind in cycle ${slot.cycle}`);
      const signature = sign();
      const entry = { ...slot, message, signature: Buffer.from(signature).toString("hex") };
      failing(path, () => append(entry));
      remember(entry);
      if (lines > spareLines + 2 * (floors.size + countOf(families))) failing(path, writeAnew);
      return signature;
    },
    close: () => closeSync(file),
  };
};

const countOf = (families: ReadonlyMap<string, Family>): number =>
  [...families.values()].flatMap(({ cycles }) => [...cycles.values()]).reduce((sum, parts) => sum + parts.size, 0);

const nameOf = ({ family, cycle, part }: Slot): string =>
  `${family.split("/").at(-1)} of cycle ${cycle}${part === "" ? "" : ` (${part})`}`;

/** The whole lines of a journal and where they end; null if there is no file. */
const readJournal = (path: string): { readonly lines: readonly unknown[]; readonly length: number } | null => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
  const lines: unknown[] = [];
  let length = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    const line = end === -1 ? undefined : parsedLine(bytes.subarray(start, end));
    if (line === undefined) {
      // Only what was being written when the machine stopped may be unreadable, and nothing was written after it.
      const isLast = end === -1 || !hasLine(bytes.subarray(end + 1));
      if (!isLast) throw malformed(path, `line ${lines.length + 1} cannot be read, and others follow it`);
      break;
    }
    lines.push(line);
    length = end + 1;
    start = end + 1;
  }
  return { lines, length };
};

const parsedLine = (bytes: Uint8Array): object | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
};

const hasLine = (bytes: Buffer): boolean =>
  bytes
    .toString("utf8")
    .split("\n")
    .some((line) => parsedLine(Buffer.from(line)) !== undefined);

const failing = <T>(path: string, work: () => T): T => {
  try {
    return work();
  } catch (thrown) {
    throw thrown instanceof BlockZeroError ? thrown : failed(path, thrown);
  }
};

const failed = (path: string, cause: unknown): BlockZeroError =>
  new BlockZeroError(
    "SIGNER_JOURNAL_FAILED",
    `${path} cannot be written: ${reasonOf(cause)}`,
    "free space there, or let this user write it, then start the signer anew",
    { cause },
  );

const refusal = (problem: string): BlockZeroError =>
  new BlockZeroError("SIGNER_REFUSED", problem, "see docs/signer.md for what the journal remembers");

const malformed = (path: string, problem: string): BlockZeroError =>
  new BlockZeroError(
    "JOURNAL_MALFORMED",
    `${path}: ${problem}`,
    "restore it from a backup; without it a cycle may be signed twice: then wait for the cycle's end before starting anew",
  );
