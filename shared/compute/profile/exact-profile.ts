import { EXACT_DIALS, flopsOf, parametersOf } from "#shared/sprint/exact/dials.js";
import { outputDigest } from "#shared/sprint/exact/output-digest.js";
import { openSprintNetwork } from "#shared/sprint/exact/prover.js";
import { nodeSeed } from "#shared/sprint/exact/seeds.js";
import { settleByRecomputation } from "#shared/sprint/proof/votes.js";
import { checkWinners, maxWinnersBytes } from "#shared/sprint/proof/winners.js";
import { winsWeight } from "#shared/sprint/proof/wins-weight.js";
import type { SprintProfile } from "./profile.js";

/** Integers with the same bits on every device: a proof lists its wins, and one that does not win makes it invalid, by everybody's own recomputation. */
export const exactProfile: SprintProfile = {
  size: (dials) => {
    const of = EXACT_DIALS[dials];
    return { parameters: parametersOf(of), processorBytes: 1, flops: flopsOf(of) };
  },
  open: async ({ dials, signal, ...options }) => {
    const network = await openSprintNetwork({ ...options, dials: EXACT_DIALS[dials], ...(signal && { signal }) });
    return {
      batch: network.batch,
      search: ({ publicKey, inputs, difficulty }, range) =>
        network.search(nodeSeed(publicKey, inputs), range, difficulty),
      losers: ({ publicKey, inputs, difficulty }, nonces) =>
        network.losers(nodeSeed(publicKey, inputs), nonces, difficulty),
      digests: async ({ publicKey, inputs }, nonces) =>
        (await network.outputs(nodeSeed(publicKey, inputs), nonces)).map(outputDigest),
      dispose: network.dispose,
    };
  },
  maxBytes: ({ wins }) => maxWinnersBytes(wins),
  check: (bytes, promised, verify) => {
    const checked = checkWinners(bytes, promised, verify);
    if (!checked.ok) return checked;
    const { wins, hardware } = checked.value;
    return {
      ok: true,
      value: { wins, hardware, items: wins.length, claimed: (places) => places.map((at) => wins[at]!) },
    };
  },
  items: ({ wins }) => wins,
  test: ({ sample }) => ({ size: sample, reject: 1 }),
  settle: settleByRecomputation,
  measure: ({ wins }, difficulty) => winsWeight(wins, difficulty),
};
