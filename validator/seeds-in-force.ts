import { BlockZeroError } from "#shared/errors/error.js";
import { areSeedsInForce } from "#shared/participant/await-seeds.js";
import { faultFields } from "#shared/participant/fault-fields.js";
import { makeLasting } from "#shared/participant/make-lasting.js";
import type { Participant } from "#shared/participant/participant.js";
import { MAX_REPORT_BYTES, parseReport, type Report } from "#shared/protocol/report.js";
import type { SeedQuestion } from "#shared/replay/evaluation-seeds.js";

/** What was measured on batches that seeds drew. */
interface Measured {
  /** Null if nothing was. */
  readonly seeds: Report["seeds"] | null;
}

/**
 * Measures until the seeds that it was measured by are the chain's: once more where a fork replaced the block that they are made of.
 *
 * @param last block at which nothing is begun any more, since the record must go out
 * @param kept what was measured before a restart, if anything was
 * @throws BlockZeroError EVALUATION_SEED_REPLACED where no time is left for that
 */
export const measureBySeeds = async <T extends Measured>(
  participant: Participant,
  { last, kept = null, ...question }: SeedQuestion & { readonly last: number; readonly kept?: T | null },
  measure: () => Promise<T>,
): Promise<T> => {
  const { clock, log } = participant;
  return makeLasting<T>({
    kept,
    make: measure,
    isInForce: async ({ seeds }) => seeds === null || areSeedsInForce(participant, question, seeds),
    onReplaced: () => {
      const replaced = seedsReplaced(question);
      if (clock.head.number >= last) throw replaced;
      log.warn("measured once more", { cycle: question.cycle, ...faultFields(replaced) });
    },
  });
};

/** Why the report that this validator signed counts for nothing. Null if the chain still has the seeds that it names, or if its bytes are gone. */
export const ownReportReplaced = async (
  participant: Participant,
  cycle: number,
  hash: string,
): Promise<BlockZeroError | null> => {
  const report = await ownReport(participant, hash);
  if (report === null) return null;
  const question = { cycle, purpose: "evaluate" } as const;
  return (await areSeedsInForce(participant, question, report.seeds)) ? null : seedsReplaced(question);
};

/** The report that this validator signed. Null if its bytes are gone. */
export const ownReport = async ({ blobs, signal }: Participant, hash: string): Promise<Report | null> => {
  const what = "this validator's own report";
  const bytes = await blobs.get({ hash, what, maxBytes: MAX_REPORT_BYTES, locations: [], signal }).catch(() => null);
  signal.throwIfAborted();
  const report = bytes && parseReport(bytes);
  return report?.ok ? report.value : null;
};

/** Why what was measured by a cycle's seeds counts for nothing. */
export const seedsReplaced = ({ cycle, purpose }: SeedQuestion): BlockZeroError =>
  new BlockZeroError(
    "EVALUATION_SEED_REPLACED",
    `a fork replaced the block that the seeds of the ${purpose} phase of cycle ${cycle} are made of`,
    "nothing to do: other validators decide this cycle, if there are any, and the next one has seeds of its own",
  );
