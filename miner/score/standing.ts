import { selectForMerge } from "#shared/merge/selection.js";
import { placeIn } from "#shared/protocol/voting/place.js";
import { type CycleOutcomes, readOutcomes, readWindow } from "#shared/replay/cycle-outcomes.js";
import { planMerge } from "#shared/replay/merge-plan.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import { type AgreedScore, groupStandings, standingShares } from "#shared/rewards/cycle-weights.js";
import { paidPart } from "#shared/rewards/progress.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";
import { lowerMedian } from "#shared/util/lower-median.js";
import { gateNow } from "./gated-pay.js";
import type { ExpectedStanding } from "./report.js";

export interface Scored {
  /** Null where it is not known who submits it. */
  readonly hotkey: string | null;
  readonly group: string;
  /** One of each draw. */
  readonly scores: readonly number[];
  /** Ends what is recomputed of Sprints, with its reason. */
  readonly signal?: AbortSignal;
}

/** Stands for a hotkey that nobody has registered. */
const NEWCOMER = "newcomer";

/**
 * Where an update with such a score would have stood in the last cycle that is over, in place of what its miner submitted then; null
 * before there is one.
 *
 * @throws BlockZeroError STATE_DISCARDED where the chain no longer knows that cycle
 */
export const expectedStanding = async (
  subnet: Pick<OpenedSubnet, "source" | "head" | "first" | "last">,
  { hotkey: known, group, scores, signal }: Scored,
): Promise<ExpectedStanding | null> => {
  const { source, head, first, last: cycle } = subnet;
  if (cycle < first) return null;
  const hotkey = known ?? NEWCOMER;
  const { chain, network } = source;
  const metagraph = await chain.metagraph(network.netuid);
  const said = await readOutcomes(source, cycle, head);
  const { history, progress, unknown } = await readWindow(source, cycle, head, [said]);

  const registered = metagraph.neurons.find((neuron) => neuron.hotkey === hotkey);
  const uid = registered?.uid ?? Math.max(-1, ...metagraph.neurons.map((neuron) => neuron.uid)) + 1;
  const holders = registered ? metagraph : { ...metagraph, neurons: [...metagraph.neurons, { uid, hotkey }] };
  const score = lowerMedian(scores);
  const own: AgreedScore = { cycle, uid, hotkey, group, verdict: "scored", score, independence: 1 };
  const others = history.filter((entry) => entry.cycle !== cycle || entry.hotkey !== hotkey);
  const standings = groupStandings(network, holders, [...others, own], cycle);
  const ranked = standings.get(group) ?? [];
  const at = ranked.findIndex((one) => one.hotkey === hotkey);
  const mean = ranked[at]?.score ?? 0;

  const { window } = network.scoring;
  const paid = (name: string) => paidPart(progress, name, { cycle, window });
  const rivals = said.outcomes.filter(
    (one) => one.group === group && one.verdict === "scored" && one.hotkey !== hotkey,
  );
  const gated = await gateNow(subnet, hotkey, signal);
  const placeOf = (score: number) => placeIn(rivals, { group, score });
  return {
    cycle,
    group,
    place: placeOf(score),
    bestPlace: placeOf(Math.max(...scores)),
    worstPlace: placeOf(Math.min(...scores)),
    of: rivals.length + 1,
    mergedShare: await mergedShare(source, said, { hotkey, group, score }),
    window: { cycles: network.scoring.window, score: mean, place: mean > 0 ? at + 1 : null, of: ranked.length },
    payShare: standingShares(network, holders, standings, { paid, ...gated?.parts }).get(uid) ?? 0,
    sprint: gated?.own ?? null,
    unknown,
  };
};

/** Its share of the group's mean if it had been there. */
const mergedShare = async (
  source: OpenedSubnet["source"],
  { cycle, outcomes }: CycleOutcomes,
  { hotkey, group, score }: Pick<AgreedScore, "hotkey" | "score"> & { readonly group: string },
): Promise<number | null> => {
  const { top_n } = source.network.scoring;
  const others = planMerge(
    outcomes.filter((one) => one.hotkey !== hotkey),
    await readSubmissions(source, cycle),
    Number.POSITIVE_INFINITY,
  );
  const rivals = (others.merged.get(group) ?? []).map(({ hotkey, score, independence, artifact }) => ({
    hotkey,
    group,
    score,
    independence,
    artifact,
  }));
  const own = { hotkey, group, score, independence: 1, artifact: "~" };
  const selected = selectForMerge([...rivals, own], top_n).get(group) ?? [];
  return selected.find((one) => one.hotkey === hotkey)?.share ?? null;
};
