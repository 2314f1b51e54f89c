import { join } from "node:path";
import { z } from "zod";
import { readFileIfAny } from "#shared/files/atomic-file.js";
import { bestEffortLines } from "#shared/files/best-effort-lines.js";
import { hashSchema } from "#shared/protocol/hash.js";
import type { Race } from "#shared/scoring/racing/race.js";

/**
 * Losses that this validator has measured in the current cycle, kept across a restart, so that nothing is measured twice. A disk that takes nothing
 * costs no more than that.
 */
export interface LossBook {
  /** @param artifact null for the model itself @returns the losses of the first batches, without a gap */
  losses(seed: string, artifact: string | null): readonly number[];
  /** Appends losses to the known ones. */
  add(seed: string, artifact: string | null, losses: readonly number[]): void;
}

const entrySchema = z.object({
  base: hashSchema,
  seed: hashSchema,
  artifact: hashSchema.nullable(),
  from: z.int().min(0),
  /** Null stands for a loss that is not finite. */
  losses: z.array(z.number().nullable()),
});

const FILE = "losses.jsonl";

/**
 * Opens the losses for one model and the seeds of one cycle. All other losses are dropped, so the file never holds more than one cycle.
 *
 * @param folder the validator's own
 */
export const openLossBook = (folder: string, base: string, seeds: readonly string[]): LossBook => {
  const path = join(folder, FILE);
  const known = new Map<string, number[]>();
  const kept: string[] = [];
  for (const line of (readFileIfAny(path) ?? "").split("\n")) {
    const entry = parse(line);
    if (entry?.base !== base || !seeds.includes(entry.seed)) continue;
    const losses = listOf(known, entry.seed, entry.artifact);
    if (entry.from !== losses.length) continue;
    losses.push(...entry.losses.map((loss) => loss ?? Number.NaN));
    kept.push(line);
  }
  const lines = bestEffortLines(path);
  lines.replace(kept);
  return {
    losses: (seed, artifact) => listOf(known, seed, artifact),
    add(seed, artifact, losses) {
      const list = listOf(known, seed, artifact);
      lines.append(JSON.stringify({ base, seed, artifact, from: list.length, losses }));
      list.push(...losses);
    },
  };
};

/** A line that was cut short when the program was killed is skipped. */
const parse = (line: string): z.infer<typeof entrySchema> | null => {
  try {
    return entrySchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
};

const listOf = (known: Map<string, number[]>, seed: string, artifact: string | null): number[] => {
  const key = `${seed} ${artifact}`;
  const list = known.get(key) ?? [];
  known.set(key, list);
  return list;
};

/** A race that measures only what the book lacks. */
export const remembering = <T extends { readonly artifact: string }>(
  race: Race<T>,
  book: LossBook,
  seed: string,
): Race<T> => {
  const through = async (
    artifact: string | null,
    [from, to]: readonly [number, number],
    measure: (from: number) => Promise<readonly number[] | null>,
  ): Promise<readonly number[] | null> => {
    const known = book.losses(seed, artifact);
    if (known.length < to) {
      const measured = await measure(known.length);
      if (!measured) return null;
      book.add(seed, artifact, measured);
    }
    return book.losses(seed, artifact).slice(from, to);
  };
  const knownOf = (of: T | null) => book.losses(seed, of?.artifact ?? null).length;
  /** Those of which the book lacks some of these batches, and from where on: one pass begins for all of them with the first that one lacks. */
  const lackingOf = (those: readonly (T | null)[], from: number, to: number) => {
    const lacking = those.filter((of) => knownOf(of) < to);
    return { lacking, first: Math.max(from, Math.min(to, ...lacking.map(knownOf))) };
  };
  return {
    ...race,
    before: async (from, to) => (await through(null, [from, to], (first) => race.before(first, to))) ?? [],
    after: (contender, from, to) =>
      through(contender.artifact, [from, to], (first) => race.after(contender, first, to)),
    unknown: (those, from, to) => {
      const { lacking, first } = lackingOf(those, from, to);
      return lacking.length * (to - first);
    },
    ...(race.ahead && {
      ahead: async (those: readonly (T | null)[], from: number, to: number) => {
        const { lacking, first } = lackingOf(those, from, to);
        if (lacking.length > 0) await race.ahead!(lacking, first, to);
      },
    }),
  };
};
