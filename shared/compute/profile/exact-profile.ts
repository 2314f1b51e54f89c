import { MAX_NONCES } from "#shared/protocol/records.js";
import { EXACT_DIALS, flopsOf, parametersOf } from "#shared/sprint/exact/dials.js";
import { openSprintNetwork } from "#shared/sprint/exact/prover.js";
import { nodeSeed } from "#shared/sprint/exact/seeds.js";
import { accusedNonces, settleByRecomputation } from "#shared/sprint/proof/votes.js";
import { checkWinners, maxWinnersBytes } from "#shared/sprint/proof/winners.js";
import { winsWeight } from "#shared/sprint/proof/wins-weight.js";
import { NO_DIGESTS, type SprintProfile } from "./profile.js";
import { recomputedBy } from "./recomputed.js";

/**
 * Integers with the same bits on every device: a proof lists its wins, and one that does not win makes it invalid, by everybody's own recomputation.
 */
export const exactProfile: SprintProfile = {
  size: (dials) => {
    const of = EXACT_DIALS[dials];
    return { parameters: parametersOf(of), processorBytes: 1, flops: flopsOf(of), batch: 1 };
  },
  mostNonces: MAX_NONCES,
  open: async ({ sprint, signal, ...options }) => {
    const dials = EXACT_DIALS[sprint.dials];
    const network = await openSprintNetwork({ ...options, dials, ...(signal && { signal }) });
    return {
      batch: network.batch,
      search: async ({ publicKey, inputs, difficulty }, range) => ({
        wins: await network.search(nodeSeed(publicKey, inputs), range, difficulty),
        digests: NO_DIGESTS,
      }),
      losers: ({ publicKey, inputs, difficulty }, { nonces }) =>
        network.losers(nodeSeed(publicKey, inputs), nonces, difficulty),
      recompute: async ({ publicKey, inputs, difficulty }, nonces) => {
        const node = nodeSeed(publicKey, inputs);
        const outputs = await network.outputs(node, nonces);
        return nonces.map((nonce, i) => recomputedBy({ node, nonce, difficulty }, outputs[i]!));
      },
      dispose: network.dispose,
    };
  },
  maxBytes: ({ wins }) => maxWinnersBytes(wins),
  check: (bytes, { expected }, verify) => {
    const checked = checkWinners(bytes, expected, verify);
    if (!checked.ok) return checked;
    const { wins, hardware } = checked.value;
    const claimed = (places: readonly number[]) => ({ nonces: places.map((at) => wins[at]!), digests: NO_DIGESTS });
    return { ok: true, value: { wins, hardware, items: wins.length, claimed } };
  },
  items: ({ wins }) => wins,
  test: ({ sample }) => ({ size: sample, reject: 1 }),
  failure: { reason: "no_win", text: ([nonce]) => `nonce ${nonce} does not win` },
  accused: accusedNonces,
  settle: settleByRecomputation,
  measure: ({ wins }, { difficulty }) => winsWeight(wins, difficulty),
};
