import { readOutcomes } from "#shared/replay/cycle-outcomes.js";
import { isGone } from "#shared/replay/is-gone.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";
import { lowerMedian } from "#shared/util/lower-median.js";

/** Who trained a group in the last cycle that is over. */
export interface Crowding {
  readonly cycle: number;
  /** Registered miners that revealed an update for it. */
  readonly miners: number;
  /** Scores that the validators agreed on, nats; null where nobody was scored. */
  readonly scores: { readonly least: number; readonly median: number; readonly most: number } | null;
}

/** By group; null before a cycle is over, or where the chain no longer knows it. */
export const readCrowding = async ({
  source,
  head,
  first,
  last: cycle,
}: Pick<OpenedSubnet, "source" | "head" | "first" | "last">): Promise<ReadonlyMap<string, Crowding> | null> => {
  if (cycle < first) return null;
  try {
    const submissions = await readSubmissions(source, cycle, head);
    const { outcomes } = await readOutcomes(source, cycle, head);
    return new Map(
      Object.keys(source.network.groups).map((group) => {
        const scores = outcomes
          .filter((one) => one.group === group && one.verdict === "scored")
          .map(({ score }) => score)
          .sort((a, b) => a - b);
        const miners = submissions.filter(({ reveal }) => reveal?.group === group).length;
        const spread =
          scores.length > 0 ? { least: scores[0]!, median: lowerMedian(scores), most: scores.at(-1)! } : null;
        return [group, { cycle, miners, scores: spread }];
      }),
    );
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
    return null;
  }
};
