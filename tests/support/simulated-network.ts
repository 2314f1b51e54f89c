import { directionsInMemory } from "#bench/directions-in-memory.js";
import { type Cheat, cheated, isHonest } from "#bench/learning/cheats.js";
import { committed, type Made } from "#bench/learning/committed.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import { STEP_BATCHES } from "#shared/evaluation/loss-meter.js";
import { type Directions, measureCandidates, stepChange } from "#shared/evaluation/measure-candidates.js";
import { independenceOf } from "#shared/independence/independence.js";
import { outerStepOfTensor } from "#shared/merge/outer-step.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Network } from "#shared/protocol/network.js";
import type { OuterStep } from "#shared/protocol/network-file/outer-step.js";
import type { Report, ReportEntry } from "#shared/protocol/report.js";
import { chosenStep, type SignedVote } from "#shared/protocol/voting/chosen-step.js";
import { type AgreedOutcome, tally } from "#shared/protocol/voting/tally.js";
import { proofOfLoss, spreadOf } from "#shared/scoring/proof-of-loss.js";
import { asTensors, dataOf, type Quadratic, type Training, WEIGHTS } from "./quadratic.js";

/** What decides in a network of one group. */
export type Rules = Pick<Network["scoring"], "confidence" | "exponent" | "top_n" | "eval_batches" | "max_update_norm"> &
  Pick<Network["training"], "outer" | "merge">;

export interface Simulation {
  readonly model: Quadratic;
  readonly cycles: number;
  readonly training: Omit<Training, "stream">;
  readonly miners: number;
  /** What every second miner does; the first one is honest. */
  readonly cheat: Cheat;
  /** Whether 49 % of the stake scores cheats high and honest miners 0, finds every step better, and names the worst. */
  readonly isLiedTo: boolean;
  readonly rules: Rules;
  /** Taken in every cycle unmeasured, where given. */
  readonly always?: OuterStep;
}

/** What a cycle came to. */
export interface SimulatedCycle {
  /** The number of the step that was taken, 0 for none. */
  readonly step: number;
  readonly weights: Float32Array;
  readonly trueLoss: number;
  /** Of the change of the loss, measured on as many batches as a step is. */
  readonly standardError: number;
}

const STAKES = new Map([
  ["honest", 51n],
  ["liar", 49n],
]);
const HASH = "0".repeat(64);

/** A group's cycles by the network's own rules, from scores to the outer step; only training, losses and signatures are simulated. */
export const simulate = async (simulation: Simulation): Promise<readonly SimulatedCycle[]> => {
  const { model, cycles, rules, always } = simulation;
  const history: SimulatedCycle[] = [];
  let state: State = { weights: model.start, momentum: null };
  for (let cycle = 1; cycle <= cycles; cycle++) {
    const updates = await submitted(simulation, state, cycle);
    const directions = merged(simulation, state, updates, tallied(simulation, state, updates, cycle));
    const measured = await voted(simulation, state, directions, cycle);
    const number = always ? Number(directions[always.along] !== null) : measured;
    const step = number === 0 ? null : (always ?? rules.outer.steps[number - 1]!);
    const next = step ? after(state, directions, step) : state;
    const [before, since] = [state, next].map(({ weights }) =>
      model.losses(weights, `check ${cycle}`, 0, STEP_BATCHES * rules.eval_batches),
    );
    const { deviation } = spreadOf(since!.map((loss, i) => loss - before![i]!));
    history.push({
      step: number,
      weights: next.weights,
      trueLoss: model.trueLoss(next.weights),
      standardError: deviation / Math.sqrt(STEP_BATCHES * rules.eval_batches),
    });
    state = next;
  }
  return history;
};

/** One miner that trains on from what it has, on its own stream. @returns what it ends with */
export const trainAlone = ({ model, cycles, training }: Simulation, miner: number): Float32Array => {
  let weights = model.start;
  for (let cycle = 1; cycle <= cycles; cycle++)
    weights = sum(weights, model.train(weights, { ...training, stream: `miner ${miner} ${cycle}` }));
  return weights;
};

interface State {
  readonly weights: Float32Array;
  readonly momentum: Float32Array | null;
}

const isCheat = ({ cheat }: Simulation, miner: number): boolean => !isHonest(miner, cheat);

interface Submitted {
  /** The miner's number. */
  readonly uid: number;
  readonly update: Float32Array;
}

/** What the miners commit, as their program does it. */
const submitted = async (simulation: Simulation, { weights }: State, cycle: number): Promise<readonly Submitted[]> => {
  const { model, training, cheat, rules, miners } = simulation;
  const losses: Made["trainer"]["losses"] = async (after, { seed, batches }) =>
    model.losses((await after.read(WEIGHTS)).data, seed, 0, batches);
  const all: Submitted[] = [];
  for (let uid = 0; uid < miners; uid++) {
    const update = await committed({
      ...{ trainer: { losses }, cycle, trained: training.steps, maxUpdateNorm: rules.max_update_norm },
      base: asParameters(weights),
      update: asTensors(model.train(weights, { ...training, stream: `miner ${uid} ${cycle}` })),
    });
    if (update === null) continue;
    const isOwn = cheat === "none" || isHonest(uid, cheat);
    all.push({ uid, update: dataOf(isOwn ? update : cheated(update, cheat, `cheat ${uid} ${cycle}`)) });
  }
  return all;
};

const asParameters = (data: Float32Array) => ({
  [WEIGHTS]: { dtype: "float32" as const, shape: [data.length], data },
});

const hotkeyOf = (miner: number): string => `miner ${miner}`;

/** What the validators agree on: one reports what it measured, the other what it likes. */
const tallied = (
  simulation: Simulation,
  { weights, momentum }: State,
  updates: readonly Submitted[],
  cycle: number,
): readonly AgreedOutcome[] => {
  const { model, rules, isLiedTo } = simulation;
  const lossesAt = (point: Float32Array) => model.losses(point, `evaluate ${cycle}`, 0, rules.eval_batches);
  const before = lossesAt(weights);
  const verdicts = updates.map(({ update }) => proofOfLoss(before, lossesAt(sum(weights, update)), rules));
  // Of so few elements the updates are sketches of themselves.
  const independence = independenceOf(
    updates.map(({ update: sketch }, i) => {
      const verdict = verdicts[i]!;
      return { sketch, gain: verdict.verdict === "scored" && verdict.score > 0 ? verdict.lossReduction : 0 };
    }),
    momentum ? [weights, momentum] : [weights],
  );
  const entries = updates.map(({ uid }, i): ReportEntry => {
    const verdict = verdicts[i]!;
    const one = {
      uid,
      hotkey: hotkeyOf(uid),
      group: "math",
      artifact: sha256(Buffer.from(hotkeyOf(uid))),
      detail: null,
    };
    if (verdict.verdict !== "scored")
      return {
        ...one,
        ...verdict,
        lossReduction: null,
        standardError: null,
        batches: null,
        growth: null,
        independence: null,
        score: 0,
      };
    const { lossReduction, standardError, score } = verdict;
    const measured = { lossReduction, standardError, batches: rules.eval_batches, growth: 1, score };
    return { ...one, ...measured, verdict: "scored", reason: null, independence: independence[i]! };
  });
  const lies = entries.map((entry) => {
    const score = isCheat(simulation, entry.uid) ? 10 : 0;
    return {
      ...entry,
      verdict: "scored" as const,
      reason: null,
      lossReduction: score,
      standardError: 0,
      independence: 1,
      score,
    };
  });
  const reportOf = (validator: string, said: readonly ReportEntry[]): Report => ({
    version: 3,
    kind: "report",
    network: HASH,
    cycle,
    base: HASH,
    validator,
    seeds: {},
    baseline: {},
    entries: [...said],
    signature: validator,
  });
  return tally({
    reports: [reportOf("honest", entries), ...(isLiedTo ? [reportOf("liar", lies)] : [])],
    stakes: STAKES,
    unheard: [],
    miners: entries.map(({ uid, hotkey }) => ({ uid, hotkey, reveal: { group: "math" } })),
    network: HASH,
    cycle,
    base: HASH,
  });
};

/** What the steps may go along. */
const merged = (
  { rules }: Simulation,
  { momentum }: State,
  updates: readonly Submitted[],
  outcomes: readonly AgreedOutcome[],
): Directions<FloatTensors> => {
  const scored = outcomes.flatMap((outcome) => {
    const { uid, group, artifact, verdict } = outcome;
    if (verdict !== "scored" || group === null || artifact === null) return [];
    return [{ ...outcome, group, artifact, update: asTensors(updates.find((one) => one.uid === uid)!.update) }];
  });
  const { top_n: topN, merge } = rules;
  return directionsInMemory(scored, { topN, merge, momentum: momentum && asTensors(momentum) });
};

/** The step that the ballots choose. */
const voted = async (
  { model, rules, isLiedTo }: Simulation,
  { weights }: State,
  directions: Directions<FloatTensors>,
  cycle: number,
): Promise<number> => {
  if (!directions.all) return 0;
  const parameters = asParameters(weights);
  const { vote } = await measureCandidates(
    {
      ofGroup: async () => ({
        losses: async (change, batches) => {
          const point = change ? sum(weights, dataOf(change)) : weights;
          return batches.flatMap(({ ids: [at] }) => model.losses(point, `choose ${cycle}`, Number(at), Number(at) + 1));
        },
      }),
    },
    {
      model: parameters,
      group: { experts: {}, data: [] },
      directions,
      outer: rules.outer,
      batches: Array.from({ length: STEP_BATCHES * rules.eval_batches }, (_, at) => numbered(at)),
    },
  );
  const votes: SignedVote[] = [{ hotkey: "honest", vote }];
  const all = rules.outer.steps.map((_, i) => i + 1).filter((step) => directions[rules.outer.steps[step - 1]!.along]);
  const trueLosses = new Map<number, number>();
  for (const step of all) {
    const change = await stepChange(parameters, directions, rules.outer.steps[step - 1]!);
    trueLosses.set(step, model.trueLoss(sum(weights, dataOf(change))));
  }
  const worst = (vote && vote.better.length > 0 ? vote.better : all).reduce((a, b) =>
    trueLosses.get(a)! > trueLosses.get(b)! ? a : b,
  );
  if (isLiedTo) votes.push({ hotkey: "liar", vote: { better: all, best: worst } });
  return chosenStep(votes, STAKES, rules.outer.steps.length);
};

const after = ({ weights, momentum }: State, directions: Directions<FloatTensors>, step: OuterStep): State => {
  const state = { weights: weights.slice(), momentum: momentum?.slice() ?? new Float32Array(weights.length) };
  outerStepOfTensor(state, dataOf(directions[step.along]!), step);
  return state;
};

const sum = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value + b[i]!);

/** A batch that is nothing but its number. */
const numbered = (at: number): Batch => ({
  ids: BigInt64Array.of(BigInt(at)),
  targets: new BigInt64Array(),
  counted: 0,
  bytes: 0,
  batchSize: 1,
  sequenceLength: 1,
});
