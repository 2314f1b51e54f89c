import type { ErrorEntries } from "./entry.js";

/** Codes that stand on log lines only. */
export const warnings = {
  DATA_FEW: {
    meaning: "A miner's own text has so few documents that the model learns them by heart.",
    remedy: "Give more text, or lower `data_weight`.",
  },
  EVALUATION_FAILED: {
    meaning: "The validator could not judge some updates by its own fault, and abstained on their miners.",
    remedy: "Mend what the line names, such as a full disk; where time was short give it more of the machine.",
  },
  EVALUATION_SHORT: {
    meaning: "The validator measured updates or candidate steps on fewer batches than the network names.",
    remedy: "Give it more of the machine, or the network longer evaluate and choose phases.",
  },
  GROUP_SCORED_NOTHING: {
    meaning:
      "A group took a step though no update of it has a score above 0, and its pool goes by the scores of earlier cycles.",
    remedy: "Lower the miners' learning rate, or give them larger batches: see [learning.md](learning.md).",
  },
  GROUP_STOOD_STILL: {
    meaning: "A group took no step: its model stays, and its miners are not paid for the cycle.",
    remedy:
      "See the reason on the line and [learning.md](learning.md). Where it goes on for cycles while the miners' own losses fall, see [shard-modes.md](shard-modes.md#over-cycles).",
  },
  GROUP_UNDECIDED: {
    meaning:
      "A group took no step, as too few validators voted on its steps, or none judged its updates: its model stays, and the cycle is left out of its miners' pay.",
    remedy:
      "See the reason on the line, and why validators send no report or ballot, or cannot measure the group: `steps not measured`, `EVALUATION_SHORT` and lines that begin with `missed` in their logs.",
  },
  PULSE_MISSING: {
    meaning: "The chain lacks the beacon's pulse that opens timelocked weights.",
    remedy: "Compare `drand.*` with the beacon that the chain follows.",
  },
  REFERENCE_ROSE: {
    meaning:
      "The agreed model is surely worse on a group's reference text than the best one that this validator measured before.",
    remedy:
      "See what the cycles' steps gained and cost elsewhere (`measured steps` in the log): steps of other groups may add to this one's loss where it has no miners of its own. It decides nothing.",
  },
  START_CHECK: {
    meaning: "A check at a program's start found something that may stop it later.",
    remedy: "Do what the line says; `blockzero doctor` looks at more.",
  },
  UPDATE_SHORTENED: {
    meaning:
      "The miner's update is longer than the network takes, or clearly raises the loss on held-out text where a part of it lowers it. A part of its length is committed.",
    remedy: "Lower the learning rate: what a training does beyond that length is lost.",
  },
  UPDATE_UNACCEPTABLE: {
    meaning: "Validators would reject the miner's update, so it is not committed.",
    remedy: "Do what the line says; `commit_anyway: true` commits it all the same.",
  },
  UPDATE_WORSE: {
    meaning:
      "The miner's update raises the loss on held-out text, and no part of its length surely lowers it, so it is not committed.",
    remedy: "Lower the learning rate or check the data; `commit_anyway: true` commits it all the same.",
  },
  WEIGHTS_REFUSED: {
    meaning: "Timelocked weights were not taken when they were to open.",
    remedy:
      "See the reason on the line: the validator permit, the weights version and `drand.*`. The next cycle's weights take their place.",
  },
  WITNESS_MEMORY: {
    meaning: "A validator has too little memory for trainings of its own, so independence goes by the updates alone.",
    remedy: "Lower evaluation.memory_gib, or use a machine with more memory: `blockzero-validator plan` says how much.",
  },
  WITNESS_SHORT: {
    meaning: "A validator had too little time for trainings of its own, so independence goes by the updates alone.",
    remedy: "Give it a faster device, or have the owner lower scoring.witness.steps.",
  },
} as const satisfies ErrorEntries;
