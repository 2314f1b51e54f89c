import type { Attack } from "../attack.js";

const U16_MAX = 65_535;

/** Agreed scores follow from the others' reports, whoever measured them. */
export const TALLYING_PAYS = "weights that follow from the others' reports are those that the others set";

/** No miner attacks: what is looked at is what validators are paid that do nothing. */
export const idleValidators: Attack = {
  name: "idle-validators",
  description:
    "of four validators with equal stake one writes no record and mirrors the weights of another, and one gives everybody the score of the cycle before",
  stakes: { vera: 2500, vito: 2500, mallory: 2500, sid: 2500 },
  silent: { sid: "mirrored" },
  idle: ["sid", "mallory"],
  submit: async () => [],
  lie: {
    entries: (measured, { earlier }) =>
      measured.map((entry) => {
        const before = earlier?.entries.find(({ uid }) => uid === entry.uid);
        if (entry.artifact === null || before?.verdict !== "scored") return entry;
        return { ...before, artifact: entry.artifact };
      }),
    baseline: (measured, { earlier }) => earlier?.baseline ?? measured,
    weights: (reported) => {
      const best = Math.max(...reported.map(({ score }) => score));
      return reported.flatMap(({ uid, score }) => (score > 0 ? [[uid, Math.ceil(U16_MAX * (score / best))]] : []));
    },
  },
};

/** Nor here, where what the others report is all that a validator needs. */
export const tallyingValidator: Attack = {
  name: "tallying-validator",
  description:
    "of three validators with equal stake one measures nothing and writes no record: it tallies the others' reports, and sets the weights that follow",
  stakes: { vera: 2500, vito: 2500, sid: 2500 },
  silent: { sid: "tallied" },
  known: { idle: TALLYING_PAYS },
  submit: async () => [],
};
