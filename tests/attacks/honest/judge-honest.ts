import { table } from "#shared/cli/table.js";
import { CODEC_NAMES } from "#shared/protocol/codec-name.js";
import type { HonestWork } from "../arena/honest-work.js";
import type { ModelName } from "../arena/models/arena-model.js";
import { models } from "../arena/models/index.js";
import { openScope } from "../arena/scope.js";
import { judgeReal, REAL } from "./real.js";
import { judgeSimulated } from "./simulated.js";

/** Simulated submissions, all codecs together. */
const SIMULATED = 10_000;

export interface HonestResult {
  readonly submissions: string;
  readonly work: HonestWork;
}

/** Judges 10,000 simulated and some 500 real submissions of honest miners. */
export const judgeHonest = async (model: ModelName, seed: string): Promise<readonly HonestResult[]> => {
  const results: HonestResult[] = [];
  const live = async (work: (scope: ReturnType<typeof openScope>) => Promise<readonly HonestResult[]>) => {
    const scope = openScope();
    try {
      results.push(...(await work(scope)));
    } finally {
      await scope.close();
    }
  };
  for (const codec of CODEC_NAMES)
    await live(async (scope) => {
      const work = await judgeSimulated(scope, { codec, seed, submissions: SIMULATED / CODEC_NAMES.length });
      return [{ submissions: `simulated, ${codec}`, work }];
    });
  for (const stage of REAL.stages)
    await live(async (scope) => {
      const works = await judgeReal(scope, { ...REAL, model: models[model], seed, stage });
      return works.map(({ rate, work }) => ({
        submissions: `real, ${stage} of the pretraining, ${rate} times the learning rate`,
        work,
      }));
    });
  return results;
};

export const honestTable = (results: readonly HonestResult[]): string =>
  table([
    ["submissions of honest miners", "all", "rejected", "abstained", "score 0"],
    ...results.map(({ submissions, work }) => [
      submissions,
      ...[work.submissions, work.rejected, work.abstained, work.worthless].map(String),
    ]),
  ]);
