import type { Metagraph } from "#shared/chain/chain.js";
import type { Network } from "#shared/protocol/network.js";
import { rewardCurve } from "#shared/scoring/curves/reward-curve.js";
import { rank } from "#shared/scoring/ranking.js";
import { groupRewards } from "#shared/scoring/rewards.js";
import { toWeights } from "#shared/scoring/weights.js";
import { windowMean } from "#shared/scoring/window.js";
import type { AgreedScore } from "./journal.js";

/** [uid, u16] pairs from what was agreed over the window: mean score, rank within the group, reward curve. */
export const cycleWeights = (
  network: Network,
  metagraph: Metagraph,
  history: readonly AgreedScore[],
  cycle: number,
): readonly (readonly [number, number])[] => {
  const { rewards, burn, window } = network.scoring;
  const groups = new Map(Object.keys(network.groups).map((name) => [name, [] as (Contender & { uid: number })[]]));
  for (const { uid, hotkey } of metagraph.neurons) {
    const all = history.filter((entry) => entry.uid === uid && entry.hotkey === hotkey);
    const group = all.findLast(({ verdict }) => verdict === "scored")?.group;
    if (group == null) continue;
    // Groups differ in how much there is to learn: what was earned in another one does not count here.
    const own = all.filter((entry) => entry.verdict !== "scored" || entry.group === group);
    const score = windowMean({ history: own, hotkey, cycle, window });
    groups.get(group)?.push({ uid, hotkey, score, commitBlock: null, artifact: null });
  }
  const shares = groupRewards({
    groups: new Map([...groups].map(([name, miners]) => [name, rank(miners)])),
    curve: rewardCurve(rewards),
    burn,
    ownerUid: metagraph.neurons.find(({ hotkey }) => hotkey === metagraph.ownerHotkey)?.uid ?? 0,
  });
  return toWeights(shares);
};

type Contender = Parameters<typeof rank>[0][number];
