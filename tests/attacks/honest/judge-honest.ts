import { table } from "#shared/cli/table.js";
import { CODEC_NAMES } from "#shared/protocol/codec-name.js";
import { percent } from "#shared/util/percent.js";
import { type HonestWork, sumOfWork } from "../arena/honest-work.js";
import type { ModelName } from "../arena/models/arena-model.js";
import { models } from "../arena/models/index.js";
import { openScope } from "../arena/scope.js";
import { judgeReal, REAL } from "./real.js";
import { judgeSimulated } from "./simulated.js";

/** Simulated submissions, all codecs together. */
const SIMULATED = 10_000;

export interface HonestResult {
  readonly submissions: string;
  /** How far the model is trained that they begin with, as a share of the usual pretraining; null of simulated ones. */
  readonly stage: number | null;
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
      return [{ submissions: `simulated, ${codec}`, stage: null, work }];
    });
  for (const stage of REAL.stages)
    await live(async (scope) => {
      const works = await judgeReal(scope, { ...REAL, model: models[model], seed, stage });
      return works.map(({ rate, work }) => ({
        submissions: `real, ${stage} of the pretraining, ${rate} times the learning rate`,
        stage,
        work,
      }));
    });
  return results;
};

/** What honest work from a model at one stage of its pretraining is worth. */
export interface StageWorth {
  readonly stage: number;
  readonly submissions: number;
  /** Those with a score above 0. */
  readonly worthwhile: number;
}

/** In the order of the results; simulated submissions are of no stage. */
export const worthByStage = (results: readonly HonestResult[]): readonly StageWorth[] =>
  [...new Set(results.flatMap(({ stage }) => stage ?? []))].map((stage) => {
    const work = sumOfWork(results.filter((result) => result.stage === stage).map((result) => result.work));
    return { stage, submissions: work.submissions, worthwhile: worthwhileOf(work) };
  });

const worthwhileOf = ({ submissions, rejected, abstained, worthless }: HonestWork): number =>
  submissions - rejected - abstained - worthless;

export const honestTable = (results: readonly HonestResult[]): string =>
  table([
    ["submissions of honest miners", "all", "rejected", "abstained", "score 0"],
    ...results.map(({ submissions, work }) => [
      submissions,
      ...[work.submissions, work.rejected, work.abstained, work.worthless].map(String),
    ]),
  ]);

export const worthTable = (worths: readonly StageWorth[]): string =>
  table([
    ["real, of the pretraining", "all", "score above 0", ""],
    ...worths.map(({ stage, submissions, worthwhile }) => [
      ...[stage, submissions, worthwhile].map(String),
      percent(worthwhile / submissions),
    ]),
  ]);
