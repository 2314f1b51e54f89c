import { checkWinners, encodeWinners, signWinners, winnersHash } from "#shared/sprint/proof/winners.js";
import { devSigner, verify } from "#tests/shared/protocol/keys.js";
import type { ComputeAttack } from "../compute-attack.js";

const DIFFICULTY = 8;

/** Somebody else's wins, and one's own of the Sprint before, under one's own node seed of this one. */
export const reusedProof: ComputeAttack = {
  name: "reused-proof",
  description:
    "claims the wins of another host and of its own Sprint before; and hands in the other's signed proof as it is",
  play: async ({ tiny, seed }) => {
    const { network, node } = await tiny();
    const [own, other, before] = [node("eve", 1), node("ann", 1), node("eve", 0)];
    const stolen: number[] = [];
    for (const source of [other, before])
      stolen.push(...(await network.search(source, { first: 0, count: 2048 }, DIFFICULTY)));
    const claimed = [...new Set(stolen)].sort((a, b) => a - b);
    const lost = await network.losers(own, claimed, DIFFICULTY);
    const [ann, eve] = [devSigner(`//ann ${seed}`), devSigner(`//eve ${seed}`)];
    const copied = await signWinners(
      { network: "7".repeat(64), cycle: 3, difficulty: DIFFICULTY, nonces: 2048, wins: claimed },
      ann,
    );
    const expected = {
      ...{ network: copied.network, cycle: 4, hotkey: eve.address, difficulty: DIFFICULTY, hash: winnersHash(copied) },
      ...{ wins: claimed.length, nonces: 2048, included: 1, phase: { start: 0, end: 2 } },
    };
    const faults = [expected, { ...expected, cycle: 3 }].map((given) => {
      const checked = checkWinners(encodeWinners(copied), given, verify);
      return checked.ok ? "accepted" : checked.fault;
    });
    return {
      payoff: lost.length > 0 && !faults.includes("accepted") ? 0 : 1,
      alpha: null,
      beta: {
        of: "a reused win wins again",
        events: claimed.length - lost.length,
        trials: claimed.length,
        computed: 1 / DIFFICULTY,
      },
      stoppedBy: ["seeds of host and Sprint", ...faults],
    };
  },
};
