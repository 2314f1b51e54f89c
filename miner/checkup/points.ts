import { countsInMean } from "#shared/protocol/verdict.js";
import { mean } from "#shared/util/mean.js";
import { plural } from "#shared/util/plural.js";
import type { MinerConfig } from "../config.js";
import type { TrainedWith } from "../journal.js";
import type { CycleHistory } from "./history.js";

/** `unknown`: the history does not tell; `advice` says what does. */
export type PointState = "settled" | "open" | "unknown";

export interface Point {
  readonly question: string;
  readonly state: PointState;
  /** What the history says, with figures. */
  readonly says: string;
  /** What to do next, a command where there is one. */
  readonly advice?: string | undefined;
}

type Settings = TrainedWith &
  Pick<
    MinerConfig,
    "data_path" | "data_weight" | "chain_endpoint" | "netuid" | "checkpoint_dir" | "allow_private_addresses"
  >;

/** Share of steps that may be left out before the learning rate counts as unstable. */
const MOST_SKIPPED = 0.01;
/** What the last quarter of a cycle must still gain on the third, as a share of the whole cycle's gain, to count as falling. */
const STILL_FALLING = 0.1;
/** Mean losses that a quarter needs. */
const QUARTER = 2;
/** Sequences of an optimiser step below which gradients are noisy. */
const SMALL_STEP = 16;

/**
 * The quick-wins checklist, answered from a miner's own history. Each cycle is judged by what it was trained with; the settings of now say only
 * what is done about it already.
 */
export const checklist = (history: readonly CycleHistory[], config: Settings): readonly Point[] => [
  sameSettings(history, config),
  fallingLoss(history, config),
  enoughSteps(history, config),
  ownData(config),
  stableRate(history, config),
  fittingGroup(history, config),
  windows(history),
  accepted(history),
  stepSize(history, config),
];

/** As a shell reads it as one word. */
const word = (text: string): string => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

const lan = ({ allow_private_addresses }: Settings): string =>
  allow_private_addresses ? " --allow-private-addresses" : "";

const affinity = (data: string, config: Settings): string =>
  `blockzero-miner affinity --data ${word(data)} --chain_endpoint ${word([config.chain_endpoint].flat().join(","))} --netuid ${config.netuid}${lan(config)}`;

const dataCheck = (data: string, config: Settings): string =>
  `blockzero data check ${word(data)} --group ${word(config.expert_group)} --home ${word(config.checkpoint_dir)} --chain ${word([config.chain_endpoint].flat()[0]!)} --netuid ${config.netuid}${lan(config)}`;

const sameSettings = (history: readonly CycleHistory[], config: Settings): Point => {
  const question = "Were these cycles trained with the settings given here?";
  const trained = history.filter(({ steps, settings }) => steps !== undefined || settings !== undefined);
  if (trained.length === 0) return { question, state: "unknown", says: "no cycle was trained yet" };
  const known = trained.flatMap(({ settings }) => settings ?? []);
  if (known.length === 0)
    return { question, state: "unknown", says: "what they were trained with was not written down yet" };
  const names = Object.keys(known[0]!) as readonly (keyof TrainedWith)[];
  const others = names.flatMap((name) => {
    const values = distinct(known.map((settings) => settings[name])).filter((value) => value !== config[name]);
    return values.length === 0 ? [] : [`${name} was ${values.join(", then ")} and is ${config[name]} here`];
  });
  const missing = known.length < trained.length ? `; of ${trained.length - known.length} it was not written down` : "";
  if (others.length === 0)
    return { question, state: missing ? "unknown" : "settled", says: `${known.length} of ${trained.length}${missing}` };
  return {
    question,
    state: "unknown",
    says: `no: ${others.join("; ")}${missing}`,
    advice:
      "the other points go by what each cycle was trained with; where this is not what the miner runs with, give its own --config and flags",
  };
};

const distinct = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];

const fallingLoss = (history: readonly CycleHistory[], config: Settings): Point => {
  const question = "Does the loss fall within cycles?";
  const reductions = history.flatMap(({ lossReduction }) => (lossReduction === undefined ? [] : [lossReduction]));
  if (reductions.length === 0) return { question, state: "unknown", says: "no cycle was trained yet" };
  const rising = reductions.filter((reduction) => reduction <= 0).length;
  const says = `by ${mean(reductions).toFixed(4)} nats a cycle on average; in ${rising} of ${plural(reductions.length, "cycle")} not at all`;
  if (!isRising(history)) return { question, state: "settled", says };
  return {
    question,
    state: "open",
    says,
    advice: `lower learning_rate${config.data_path === undefined ? "" : `, or look at the text: ${dataCheck(config.data_path, config)}`}`,
  };
};

/** Whether the loss does not fall in half or more of the cycles of which that is known. */
const isRising = (history: readonly CycleHistory[]): boolean => {
  const reductions = history.flatMap(({ lossReduction }) => lossReduction ?? []);
  return reductions.length > 0 && 2 * reductions.filter((reduction) => reduction <= 0).length >= reductions.length;
};

const enoughSteps = (history: readonly CycleHistory[], { max_steps }: Settings): Point => {
  const question = "Is the training long enough?";
  const curves = history.filter(({ losses }) => losses.length >= 4 * QUARTER);
  if (curves.length === 0)
    return { question, state: "unknown", says: `a cycle has too few steps to tell (${8 * 10} are needed)` };
  const falling = curves.filter(({ losses }) => isStillFalling(losses)).length;
  const { known, capped } = endsOf(history);
  const ended =
    known.length === 0 ? "what max_steps was is not known" : `max_steps ended ${capped.length} of ${known.length}`;
  const says = `the loss still fell at the end of ${falling} of ${plural(curves.length, "cycle")}; ${ended}`;
  if (2 * falling < curves.length) return { question, state: "settled", says };
  if (isRising(history))
    return { question, state: "unknown", says, advice: "not before the loss falls within most cycles: see above" };
  if (isWorthNothing(scoresOf(history)))
    return { question, state: "unknown", says, advice: "not before validators find a gain in most cycles: see below" };
  return { question, state: "open", says, advice: longerTraining(known.length, capped, max_steps) };
};

/** Cycles of which it is known what ended them, and those that max_steps ended. */
const endsOf = (history: readonly CycleHistory[]) => {
  const known = history.flatMap(({ reached, settings }) =>
    reached === undefined || settings === undefined ? [] : [{ reached, most: settings.max_steps }],
  );
  return { known, capped: known.filter(({ reached, most }) => reached >= most) };
};

/** Whether the train phase ends trainings that should be longer. */
const lacksTime = (history: readonly CycleHistory[], config: Settings): boolean => {
  const { known, capped } = endsOf(history);
  return known.length > 0 && capped.length === 0 && enoughSteps(history, config).state === "open";
};

const FASTER = "a faster device or a smaller batch_size makes more steps: blockzero-miner plan --measure";

/** @param known cycles of which it is known whether max_steps ended them @param now what max_steps says by now */
const longerTraining = (known: number, capped: readonly { readonly most: number }[], now: number): string => {
  if (known === 0) return `raise max_steps if the log's "trained" lines have as many steps; else ${FASTER}`;
  if (capped.length === 0) return `the train phase ended it: ${FASTER}`;
  const most = Math.max(...capped.map((cycle) => cycle.most));
  return now > most
    ? `max_steps is ${now} here: see how cycles end that are trained with it`
    : `raise max_steps above ${most}`;
};

const isStillFalling = (losses: readonly number[]): boolean => {
  const quarter = Math.floor(losses.length / 4);
  const of = (index: number) => mean(losses.slice(index * quarter, (index + 1) * quarter));
  const whole = of(0) - of(3);
  return whole > 0 && of(2) - of(3) > STILL_FALLING * whole;
};

const ownData = (config: Settings): Point => {
  const { data_path, data_weight } = config;
  const question = "Is the text clean and of the group's kind?";
  if (data_path === undefined)
    return {
      question,
      state: "unknown",
      says: "the group's own text is trained, which is what validators measure on",
      advice:
        "text of your own of the same kind may help: data_path; but what no other miner learns is paid less (docs/independence.md)",
    };
  return {
    question,
    state: "unknown",
    says: `by the settings given here ${Math.round(100 * data_weight)} % of the windows are from ${data_path}; the history does not show how clean it is`,
    advice: `${dataCheck(data_path, config)}; then compare a cycle with data_weight halved`,
  };
};

const stableRate = (history: readonly CycleHistory[], { learning_rate }: Settings): Point => {
  const question = "Is the learning rate stable?";
  const trained = history.filter(({ steps }) => steps !== undefined && steps > 0);
  if (trained.length === 0) return { question, state: "unknown", says: "no cycle was trained yet" };
  const sum = (of: (cycle: CycleHistory) => number | undefined) =>
    trained.reduce((total, cycle) => total + (of(cycle) ?? 0), 0);
  const steps = sum((cycle) => cycle.steps);
  const skipped = sum((cycle) => cycle.skipped);
  const spikes = sum((cycle) => cycle.spikes);
  const rates = distinct(trained.flatMap(({ settings }) => settings?.learning_rate ?? []));
  const at = rates.length === 0 ? "a rate that is not known" : rates.join(", then ");
  const says = `${skipped} of ${plural(steps, "step")} were left out (${spikes} for a spike of the loss) at ${at}`;
  if (skipped <= MOST_SKIPPED * steps) return { question, state: "settled", says };
  const lowest = Math.min(
    ...trained.flatMap(({ skipped: left = 0, settings }) => (left > 0 && settings ? [settings.learning_rate] : [])),
  );
  return { question, state: "open", says, advice: lowerRate(lowest, learning_rate) };
};

/** @param lowest rate at which steps were left out; infinite where it is not known @param now what learning_rate says by now */
const lowerRate = (lowest: number, now: number): string => {
  if (lowest === Number.POSITIVE_INFINITY) return "lower learning_rate to half, or raise warmup_steps";
  return now < lowest
    ? `learning_rate is ${now} here: see how many steps are left out with it`
    : `lower learning_rate to ${lowest / 2}, or raise warmup_steps`;
};

const fittingGroup = (history: readonly CycleHistory[], config: Settings): Point => {
  const question = "Does the group fit?";
  const scored = scoresOf(history);
  if (scored.length === 0) return { question, state: "unknown", says: "no score was heard yet" };
  const zero = scored.filter(({ score }) => score === 0).length;
  // Miners of a version before wrote one of a score of zero too.
  const ranks = scored.flatMap(({ rank, score }) => (rank === undefined || score === 0 ? [] : [rank]));
  const place = ranks.length === 0 ? "" : `, rank ${mean(ranks).toFixed(1)} on average`;
  const groups = distinct(scored.flatMap(({ settings }) => settings?.expert_group ?? []));
  const where = groups.length === 0 ? "" : ` in ${groups.join(", then ")}`;
  const says = `a score above zero in ${scored.length - zero} of ${plural(scored.length, "cycle")}${where}${place}`;
  if (!isWorthNothing(scored)) return { question, state: "settled", says };
  const fit =
    config.data_path === undefined
      ? "gather text of the kind that you have, and ask blockzero-miner affinity which group it uses, and how crowded each is"
      : `${affinity(config.data_path, config)}: which group your text uses, and how crowded each is`;
  const falls = history.some(({ lossReduction }) => lossReduction !== undefined) && !isRising(history);
  return { question, state: "open", says, advice: falls ? `${NOT_HELD}; or ${fit}` : fit };
};

/** What to do where the loss falls in training, and not for validators. */
const NOT_HELD =
  "the loss falls in training and not on text that nobody trained: lower learning_rate, or max_steps; leave training.affinity on";

/** Cycles with a score that counts. */
const scoresOf = (history: readonly CycleHistory[]): readonly CycleHistory[] =>
  history.filter(({ score, verdict }) => score !== undefined && (verdict === undefined || countsInMean(verdict)));

/** Whether the score is zero in half or more of some cycles. */
const isWorthNothing = (scored: readonly CycleHistory[]): boolean =>
  scored.length > 0 && 2 * scored.filter(({ score }) => score === 0).length >= scored.length;

const windows = (history: readonly CycleHistory[]): Point => {
  const question = "Are windows missed?";
  // The newest cycle may still be under way.
  const over = history.slice(0, -1);
  if (over.length === 0) return { question, state: "unknown", says: "no cycle is over yet" };
  const missed = over.filter(({ committed, revealed }) => !committed || !revealed);
  if (missed.length === 0) return { question, state: "settled", says: `none of ${over.length}` };
  const named = missed.slice(-8).map(({ cycle, committed }) => `${cycle} (${committed ? "reveal" : "commit"})`);
  return {
    question,
    state: "open",
    says: `${missed.length} of ${over.length}: ${named.join(", ")}`,
    advice:
      "the log says why (missed commit, nothing to submit, the update is not committed), or nothing of the cycle, where the program was down: keep it up (blockzero service, blockzero doctor)",
  };
};

const accepted = (history: readonly CycleHistory[]): Point => {
  const question = "Are updates accepted?";
  const heard = history.flatMap(({ cycle, verdict }) => (verdict === undefined ? [] : [{ cycle, verdict }]));
  if (heard.length === 0) return { question, state: "unknown", says: "no verdict was heard yet" };
  const judged = heard.filter(({ verdict }) => countsInMean(verdict));
  const left = heard.length - judged.length;
  const beside = left > 0 ? `; validators abstained on ${left}, left out of the mean that pays` : "";
  if (judged.length === 0) return { question, state: "unknown", says: `none of ${left} was judged${beside}` };
  const refused = judged.filter(({ verdict }) => verdict !== "scored");
  if (refused.length === 0) return { question, state: "settled", says: `all ${judged.length} were scored${beside}` };
  const named = refused.slice(-8).map(({ cycle, verdict }) => `cycle ${cycle}: ${verdict}`);
  return {
    question,
    state: "open",
    says: `${named.join(", ")}${beside}`,
    advice: "blockzero explain says which rule; blockzero-miner score tries an update before it is committed",
  };
};

const stepSize = (history: readonly CycleHistory[], config: Settings): Point => {
  const question = "Is a step large enough?";
  const newest = history.findLast(({ settings }) => settings !== undefined)?.settings;
  if (newest === undefined)
    return {
      question,
      state: "unknown",
      says: `what was trained is not known; ${stepText(config)} by the settings given here`,
    };
  const says = stepText(newest);
  if (sequencesOf(newest) >= SMALL_STEP) return { question, state: "settled", says };
  // A larger step leaves fewer of them.
  if (lacksTime(history, config))
    return {
      question,
      state: "unknown",
      says,
      advice: "not before the train phase has time for more steps: see above",
    };
  const advice =
    sequencesOf(config) >= SMALL_STEP
      ? `by the settings given here it is ${stepText(config)}: a miner that runs with them trains so`
      : `gradient_accumulation_steps: ${Math.ceil(SMALL_STEP / newest.batch_size)} costs no memory and steadies the gradient`;
  return { question, state: "open", says, advice };
};

type StepSize = Pick<TrainedWith, "batch_size" | "gradient_accumulation_steps">;

const sequencesOf = ({ batch_size, gradient_accumulation_steps }: StepSize): number =>
  batch_size * gradient_accumulation_steps;

const stepText = (settings: StepSize): string =>
  `${plural(sequencesOf(settings), "sequence")}: batch_size ${settings.batch_size}, ${plural(settings.gradient_accumulation_steps, "forward pass", "forward passes")}`;
