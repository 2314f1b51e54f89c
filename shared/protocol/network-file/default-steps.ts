import type { OuterStep } from "./outer-step.js";

/** Default candidate steps, if the network file gives none. docs/learning.md has the figures behind them. */
export const DEFAULT_STEPS: OuterStep[] = [
  { along: "merged", lr: 0.25, momentum: 0 },
  { along: "merged", lr: 1, momentum: 0 },
  { along: "merged", lr: 2, momentum: 0 },
  { along: "merged", lr: 0.7, momentum: 0.9 },
  { along: "all", lr: 0.5, momentum: 0 },
  { along: "all", lr: 1, momentum: 0 },
  { along: "all", lr: 0.7, momentum: 0.9 },
  { along: "best", lr: 1, momentum: 0 },
];
