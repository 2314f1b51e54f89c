import { scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

const SHORT = 0.01;

/** As many as are honest, in a network whose steps all take several updates. */
export const shortTogether: Attack = {
  name: "short-together",
  description:
    "one training under as many hotkeys as others mine, a hundredth of it each, so that half of what is merged is short",
  honest: 2,
  identities: 2,
  network: (network) => ({
    ...network,
    scoring: { ...network.scoring, top_n: 4 },
    training: {
      ...network.training,
      outer: {
        ...network.training.outer,
        steps: network.training.outer.steps.map((step) => (step.along === "best" ? { ...step, along: "all" } : step)),
      },
    },
  }),
  submit: async ({ identities, train, forge }) => {
    const tensors = scaled(await train(), SHORT);
    return identities.map((miner) => ({ forged: forge({ miner, tensors }) }));
  },
};
