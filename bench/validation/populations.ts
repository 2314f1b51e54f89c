import { type DrawField, recordedField, simulatedField } from "./fields.js";
import type { RecordedGroup } from "./recording.js";

/** Miners whose races are compared, and how many of them are paid. */
export interface Cast {
  readonly name: string;
  readonly miners: number;
  readonly topN: number;
  readonly draw: DrawField;
}

const simulated = [
  { miners: 16, topN: 4, noise: 0.25, skills: 4 },
  { miners: 64, topN: 8, noise: 0.25, skills: 4 },
  { miners: 64, topN: 8, noise: 0.25, skills: 10 },
  { miners: 256, topN: 16, noise: 0.5, skills: 4 },
];

export const simulatedCasts = (): readonly Cast[] =>
  simulated.map(({ topN, ...population }) => ({
    name: `simulated, ${100 * population.noise} % noise, skills 1–${population.skills}`,
    miners: population.miners,
    topN,
    draw: simulatedField(population),
  }));

export const recordedCasts = (groups: readonly RecordedGroup[], topN = 4): readonly Cast[] =>
  groups.map((group) => ({
    name: `${group.group} after ${group.pretraining} steps`,
    miners: group.updates.length,
    topN,
    draw: recordedField(group, group.updates.length),
  }));
