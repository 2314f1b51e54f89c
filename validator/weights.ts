import { setWeights } from "#shared/chain/call.js";
import type { Metagraph } from "#shared/chain/chain.js";
import { BlockZeroError } from "#shared/errors.js";
import type { Participant } from "#shared/participant/join.js";
import { writeOnce } from "#shared/participant/write-once.js";
import type { Network } from "#shared/protocol/network.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import { rank } from "#shared/scoring/ranking.js";
import { groupRewards, topNTakeMost } from "#shared/scoring/rewards.js";
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
  const { top_n: topN, rank_ratio: ratio, window } = network.scoring;
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
    curve: topNTakeMost({ topN, ratio }),
    ownerUid: metagraph.neurons.find(({ hotkey }) => hotkey === metagraph.ownerHotkey)?.uid ?? 0,
  });
  return toWeights(shares);
};

type Contender = Parameters<typeof rank>[0][number];

/** Sets weights once inside the window of blocks, and reads them back. @returns the block. @throws WEIGHTS_MISSED. */
export const setWeightsOnce = async (
  participant: Participant,
  weights: readonly (readonly [number, number])[],
  window: BlockRange,
): Promise<number> => {
  const { chain, network, signer, uid } = participant;
  const { block, reason } = await writeOnce(participant, {
    window,
    included: async () => {
      const neuron = (await chain.metagraph(network.netuid)).neurons.find((other) => other.uid === uid);
      return neuron && neuron.lastUpdate >= window.start ? neuron.lastUpdate : null;
    },
    send: async () => {
      const { weightsVersion } = await chain.hyperParameters(network.netuid);
      await chain.submit(setWeights(network.netuid, weights, weightsVersion), signer);
    },
    failure: "weights not set, will retry inside the window",
  });
  if (block !== null) return block;
  throw new BlockZeroError(
    "WEIGHTS_MISSED",
    `weights were not set before block ${window.end}: ${reason}`,
    "check that this hotkey has a validator permit, and that the weights rate limit is shorter than a cycle",
  );
};
