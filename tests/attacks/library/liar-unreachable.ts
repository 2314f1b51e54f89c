import type { Attack } from "../attack.js";
<<<<<<< HEAD

export const liarUnreachable: Attack = {
  name: "liar-unreachable",
  description:
    "takes one step; a validator with 49 % of the stake says that it could reach nobody else, and that it failed on its own miner",
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train({ steps: 1 }) }) }],
  lie: {
    entries: (measured, { attackers }) =>
      measured.map((entry) => ({
        ...entry,
        verdict: "abstained",
        reason: attackers.has(entry.uid) ? "validator_failed" : "unreachable",
        lossReduction: null,
        standardError: null,
        batches: null,
        growth: null,
        independence: null,
        score: 0,
      })),
=======
import { oneStep } from "./accomplice.js";
import { unscored } from "./unscored.js";
export const liarUnreachable: Attack = {
  name: "liar-unreachable",
  description:
    "takes one step; a validator with 49 % of the stake says of everybody else that their files cannot be had",
  submit: oneStep,
  lie: {
    entries: (measured, { attackers }) =>
      measured.map((entry) => (attackers.has(entry.uid) ? entry : unscored(entry, "unreachable"))),
>>>>>>> 15393d6 (More lies of validators: rejecting, unreachable, failing, omitting, silent)
  },
};
