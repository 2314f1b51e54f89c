import { reachOf } from "#shared/protocol/network-file/outer-step.js";
import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";

export const liarCrawls: Attack = {
  name: "liar-crawls",
  description:
    "takes one step; of the steps that are better a validator with 49 % of the stake approves the shortest alone, and names it as the best",
  submit: oneStep,
  lie: {
    votes: (measured, { steps }) =>
      measured.map((vote) => {
        if (vote === null || vote.better.length === 0) return vote;
        const least = vote.better.reduce((a, b) => (reachOf(steps[b - 1]!) < reachOf(steps[a - 1]!) ? b : a));
        return { better: [least], best: least };
      }),
  },
};
