import type { Attack } from "../attack.js";
import { unscored } from "./unscored.js";

/** Needs no stake of its own to be half: who is away is in the voting stake for some cycles more. */
export const liarUnreachableWhileAway: Attack = {
  name: "liar-unreachable-while-away",
  description:
    "trains honestly; from the third cycle on one honest validator with 15 % of the stake is away, and one with 40 % says that it could reach nobody but its own miner",
  // A window that is full of good cycles before.
  network: (network) => ({ ...network, scoring: { ...network.scoring, window: 2 } }),
  stakes: { vera: 4500, vito: 1500, mallory: 4000 },
  away: { vito: 3 },
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train() }) }],
  lie: {
    entries: (measured, { attackers }) =>
      measured.map((entry) =>
        entry.verdict === "scored" && !attackers.has(entry.uid) ? unscored(entry, "unreachable") : entry,
      ),
  },
};
