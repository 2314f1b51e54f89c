import { join } from "node:path";
import { z } from "zod";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import type { Model } from "#shared/merge/merge-model.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { hashSchema } from "#shared/protocol/hash.js";
import {
  type EarlierUpdate,
  isKnown,
  knownCycles,
  type Revealed,
  revealedIn,
  sameWeights,
} from "#shared/replay/earlier-updates.js";
import { lineageAtHand } from "#shared/replay/lineage.js";
import type { CycleSource } from "#shared/replay/source.js";
import { orAbort } from "#shared/util/deadline.js";
import type { Gated } from "./gather.js";

/** Cycle → the updates of it that passed the gates. */
const schema = z.record(
  z.string(),
  z.array(z.object({ group: z.string(), hotkey: z.string(), artifact: hashSchema, tensors: hashSchema })),
);
type Known = z.infer<typeof schema>;

const fileOf = (home: string): string => join(home, "updates.json");

/** A file that cannot be read is as none: the chain may still know. */
const knownIn = (home: string): Known => {
  try {
    return schema.parse(JSON.parse(readFileIfAny(fileOf(home)) ?? "{}"));
  } catch {
    return {};
  }
};

/** The updates of earlier cycles that nobody may submit again: those of the last ones, and those for weights that their group still has. */
export interface EarlierUpdates {
  readonly updates: readonly EarlierUpdate[];
  /** Writes down what passed the gates in this cycle, and forgets what counts no more. */
  keep(gated: readonly Gated[]): void;
}

/** What past cycles are asked about. */
export interface PastAsked {
  readonly cycle: number;
  /** Hash of the model that the cycle starts from. */
  readonly base: string;
  /** Aborts when there is no time left to ask chain and servers. */
  readonly until: AbortSignal;
}

/**
 * That model and its ancestors, as far back as their manifests can be had in time. Whoever begins anew has to be given them: a manifest that nobody
 * has, or only servers that send little, costs no report.
 *
 * @param onMissing told why one of them cannot
 */
export const ancestorsInTime = (
  { models, signal }: Pick<Participant, "models" | "signal">,
  { base, until }: Pick<PastAsked, "base" | "until">,
  onMissing?: (fault: BlockZeroError) => void,
): AsyncIterable<Model> =>
  lineageAtHand(
    base,
    async (hash) => {
      try {
        return await models.manifest(hash, until);
      } catch (thrown) {
        signal.throwIfAborted();
        if (!until.aborted || isFetchFault(thrown)) throw thrown;
        throw new BlockZeroError(
          "FETCH_TIMEOUT",
          `nobody sent the manifest of model ${hash} in time`,
          "it is asked for again in the next cycle",
        );
      }
    },
    onMissing,
  );

/**
 * Those that this validator gated itself, and of cycles that it missed those that chain and servers still have. Where
 * neither has them nobody can know here that an update is one of them.
 */
export const earlierUpdates = async (participant: Participant, asked: PastAsked): Promise<EarlierUpdates> => {
  const { cycle, until } = asked;
  const { home, log } = participant;
  const known = knownIn(home);
  const same = await sameWeights(ancestorsInTime(participant, asked));
  const source = cycleSource(participant, { until });
  const { cycles: past } = await knownCycles(source, cycle, same);
  const updates: EarlierUpdate[] = [];
  // The newest first, whose updates are the likeliest to come again: time may not be enough for all.
  for (const earlier of past.toReversed()) {
    const own = known[earlier]?.map((update) => ({ ...update, cycle: earlier }));
    const before = same.baseOf(earlier);
    const isAsked = !own && before !== null && !until.aborted;
    const recalled = isAsked ? await recallUpdates(participant, source, { cycle: earlier, base: before, until }) : null;
    if (recalled?.isWhole) known[earlier] = recalled.updates.map(({ cycle: _, ...update }) => update);
    const all = own ?? recalled?.updates ?? [];
    updates.unshift(...all.filter((update) => isKnown(cycle, same, update)));
  }
  const keep = (gated: readonly Gated[]) => {
    const now = gated.flatMap(({ submission, result }) =>
      result.ok
        ? [
            {
              group: result.update.group,
              hotkey: submission.hotkey,
              artifact: result.update.artifact,
              tensors: result.update.tensorsHash,
            },
          ]
        : [],
    );
    const kept = past.flatMap((each) => (known[each] ? [[each, known[each]] as const] : []));
    try {
      writeFileAtomic(fileOf(home), JSON.stringify(Object.fromEntries([...kept, [cycle, now]])));
    } catch (thrown) {
      log.warn("updates of this cycle not written down: repeats of them may go unnoticed", {
        cycle,
        reason: reasonOf(thrown),
      });
    }
  };
  return { updates, keep };
};

/**
 * What was revealed in a cycle in which this validator gated nothing. Null if it cannot be had, or not in time: a node
 * may stall on each old state. Throws only on the participant's abort.
 */
const recallUpdates = async (
  { signal, log }: Participant,
  source: CycleSource,
  { cycle, base, until }: { readonly cycle: number; readonly base: string; readonly until: AbortSignal },
): Promise<Revealed | null> => {
  try {
    return await orAbort(revealedIn(source, cycle, base), until);
  } catch (thrown) {
    signal.throwIfAborted();
    log.info("updates of a past cycle are not to be had: repeats of them go unnoticed", {
      cycle,
      reason: reasonOf(thrown),
    });
    return null;
  }
};
