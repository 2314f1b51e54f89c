import { countsInMean, type ReasonCode, type Verdict } from "#shared/protocol/verdict.js";
import { mean } from "#shared/util/mean.js";
import { plural } from "#shared/util/plural.js";

/** What came of a miner's cycle, as far as advice goes by it. */
export interface JudgedCycle {
  readonly verdict: Verdict;
  readonly reason: ReasonCode | null;
  readonly score: number;
  /** Nats per token; null unless scored. */
  readonly lossReduction: number | null;
  /** Two-sided interval of it, whose lower end decides the score. Null unless scored. */
  readonly interval: readonly [number, number] | null;
  readonly independence: number | null;
  /** Its place by the mean score over the window, and how many have one. Null without a place. */
  readonly rank: number | null;
  readonly ranked: number | null;
  /** Blocks of the commit phase that were left when it committed. Null if it did not, or if that is not known. */
  readonly spare: number | null;
}

/** The subnet that a miner is in. */
export interface AdviceContext {
  /** Cycles in the mean that decides pay. */
  readonly window: number;
  /** Places of a group that are paid anything worth the name. */
  readonly paidPlaces: number;
  /** The miner's group; null if it has none yet. */
  readonly group: string | null;
  /** Every group, and how many miners have a place in it. */
  readonly groups: readonly { readonly name: string; readonly miners: number }[];
}

export interface Advice {
  /** What is wrong, what could be better, what is nobody's to change, and that all is well. */
  readonly kind: "problem" | "hint" | "note" | "good";
  readonly text: string;
}

type Rule = (recent: readonly JudgedCycle[], context: AdviceContext) => readonly Advice[];

/** Cycles that advice goes by. */
const RECENT = 8;

/** Of work of its own among equals it is about 1. */
const LOW_INDEPENDENCE = 0.5;

/** A group so many times as full as another is crowded. */
const CROWDED = 2;

/**
 * What would help a miner, by what became of its cycles, as anybody can see it: problems first. A pure function of the history. What only the miner
 * itself knows (its losses, skipped steps and settings) is for `blockzero-miner checkup`.
 *
 * @param cycles in ascending order
 */
export const adviceFor = (cycles: readonly JudgedCycle[], context: AdviceContext): readonly Advice[] => {
  const recent = cycles.slice(-RECENT);
  if (recent.length === 0)
    return [hint("Nothing is known of it yet: advice begins with the first cycle that is judged.")];
  const found = RULES.flatMap((rule) => rule(recent, context));
  const ordered = [...found].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  return ordered.length > 0 ? ordered : [good(NOTHING_OPEN)];
};

const ORDER: readonly Advice["kind"][] = ["problem", "hint", "note", "good"];

const NOTHING_OPEN =
  "Nothing stands out: it commits in time, its updates are scored, and its place is paid. What is left is better work: more tokens, text nearer to the group's, a learning rate tried in small steps.";

const REMEDIES: Readonly<Record<ReasonCode, string>> = {
  no_commit:
    "Training must end before the commit phase, as the built-in trainer's does by itself: keep the program running through the whole cycle, and give a trainer of your own enough `trainer.grace_seconds`.",
  no_reveal: "It committed and then was not there to reveal: keep the program running until the cycle's merge.",
  commitment_mismatch: "Two programs share its hotkey, or its home was changed in between: run one program a hotkey.",
  unreachable:
    "Validators could not fetch its files: open `listen.port` to the internet, set `listen.public_url` to the address that others see, or name an archive in `store`.",
  malformed: "Its files cannot be read: use a current version of BlockZero, and do not change what it writes.",
  hash_mismatch:
    "What it served was not what it had promised: do not change files in `checkpoint_dir`, and check the disk.",
  bad_signature: "Its manifest is signed by another key: run one program a hotkey.",
  wrong_network:
    "It works by another network file: leave `network` out of its configuration, and the published one is fetched.",
  wrong_group:
    "It revealed one group and trained another: run one program a hotkey, and let it make updates and manifests itself.",
  wrong_cycle: "Its update is of another cycle: check the computer's clock and the endpoint's lag.",
  stale_base:
    "It trained from an old model: its endpoint lags, or fetching the model takes too long. Use a faster endpoint or disk.",
  wrong_codec: "Its update is in another codec than the network file names: use a current version of BlockZero.",
  unknown_tensor: "Its update holds tensors of another group: check `expert_group`, and use a current version.",
  missing_tensor: "Its update lacks tensors of its group: check `expert_group`, and use a current version.",
  wrong_shape: "Its update is of another model: let the program fetch the model, and do not change `checkpoint_dir`.",
  wrong_dtype: "Its update is in another element type than its codec writes: use a current version of BlockZero.",
  not_finite: "Training diverged: lower `learning_rate`, or add `warmup_steps`.",
  too_large: "Its update is larger than the network allows: use the network's codec, and a current version.",
  norm: "Its update moves the weights too far: lower `learning_rate` or `max_steps`.",
  duplicate: "It submitted the bytes of an earlier update: train anew in each cycle.",
  non_finite_loss: "With its update the loss is no number: lower `learning_rate`, or add `warmup_steps`.",
  validator_failed: "The validators failed, not the miner: such a cycle is left out of its mean.",
};

/** Reasons that are nobody's to mend but the validators'. */
const isForeign = ({ verdict, reason }: JudgedCycle): boolean =>
  !countsInMean(verdict) && (reason === null || reason === "validator_failed");

/** Reasons that are the miner's to mend, the commonest first, and in how many cycles each was given. */
const reasonsOf = (cycles: readonly JudgedCycle[]): readonly (readonly [ReasonCode, number])[] => {
  const counts = new Map<ReasonCode, number>();
  for (const one of cycles)
    if (one.reason !== null && !isForeign(one)) counts.set(one.reason, (counts.get(one.reason) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
};

const rejections: Rule = (recent) =>
  reasonsOf(recent.filter(({ verdict }) => countsInMean(verdict))).map(([reason, count]) =>
    problem(`\`${reason}\` in ${of(count, recent)}: each counts as zero. ${REMEDIES[reason]}`),
  );

/** What some validators found in cycles that the others could not judge. */
const suspicions: Rule = (recent) =>
  reasonsOf(recent.filter(({ verdict }) => !countsInMean(verdict))).map(([reason, count]) =>
    hint(
      `Some validators said \`${reason}\` in ${of(count, recent)}, and too few judged it, so that it is left out of its mean. ${REMEDIES[reason]}`,
    ),
  );

const abstentions: Rule = (recent) => {
  const count = recent.filter(isForeign).length;
  return count === 0
    ? []
    : [
        note(
          `In ${of(count, recent)} validators could not judge it. They are left out of its mean in the group that it worked for: nothing is to be done here.`,
        ),
      ];
};

const lateCommits: Rule = (recent) => {
  const late = recent.filter(({ spare }) => spare !== null && spare <= 1);
  return late.length < 2
    ? []
    : [
        hint(
          `In ${of(late.length, recent)} it committed in the last block of the phase: its check and its files take most of the phase, or its endpoint lags. A faster disk or endpoint helps.`,
        ),
      ];
};

const harmful: Rule = (recent) => {
  const worse = scored(recent).filter(({ lossReduction }) => (lossReduction ?? 0) < 0);
  return worse.length === 0
    ? []
    : [
        problem(
          `In ${of(worse.length, recent)} its update raised the loss. Lower \`learning_rate\` first; then look at its text: it should be like the group's, without repeats.`,
        ),
      ];
};

const uncertain: Rule = (recent) => {
  const unsure = scored(recent).filter(
    ({ score, lossReduction, interval }) => score <= 0 && (lossReduction ?? 0) >= 0 && interval !== null,
  );
  return unsure.length === 0
    ? []
    : [
        hint(
          `In ${of(unsure.length, recent)} its improvement was too small to be told from chance. More tokens a cycle help: more \`max_steps\`, a larger \`batch_size\` or \`gradient_accumulation_steps\`, a faster device.`,
        ),
      ];
};

const dependent: Rule = (recent) => {
  const known = scored(recent).flatMap(({ independence, score }) =>
    independence !== null && score > 0 ? [independence] : [],
  );
  const average = mean(known);
  return known.length < 2 || average >= LOW_INDEPENDENCE
    ? []
    : [
        problem(
          `Its independence is ${average.toFixed(2)} on average, where work of its own has about 1: pay is multiplied by it. Little of what it learns is what the others learn too, or one training is submitted under several hotkeys. Lower \`learning_rate\`, take more tokens a step, and train on text of the group's own kind, from no other miner's files.`,
        ),
      ];
};

const unpaidPlace: Rule = (recent, { paidPlaces }) => {
  const { rank, ranked } = recent.at(-1)!;
  return rank === null || ranked === null || rank <= paidPlaces
    ? []
    : [
        hint(
          `It has place ${rank} of ${ranked}, and the curve pays the first ${paidPlaces}: its mean score must rise past theirs.`,
        ),
      ];
};

const crowdedGroup: Rule = (_, { group, groups }) => {
  const own = groups.find(({ name }) => name === group);
  const least = [...groups].sort((a, b) => a.miners - b.miners)[0];
  return !own || !least || own.miners <= CROWDED * Math.max(1, least.miners)
    ? []
    : [
        hint(
          `Group ${own.name} has ${plural(own.miners, "miner")}, ${least.name} has ${least.miners}, and every group has the same pool. \`blockzero-miner affinity\` says which groups suit its text.`,
        ),
      ];
};

const shortHistory: Rule = (recent, { window }) => {
  const first = recent.findIndex(({ verdict }) => verdict === "scored");
  const count = first < 0 ? 0 : recent.length - first;
  return first < 0 || recent.length >= RECENT || count >= window
    ? []
    : [
        hint(
          `Pay goes by the mean over ${plural(window, "cycle")}, and cycles before its first count as zero: its mean still grows by staying.`,
        ),
      ];
};

const RULES: readonly Rule[] = [
  rejections,
  suspicions,
  harmful,
  dependent,
  uncertain,
  lateCommits,
  unpaidPlace,
  crowdedGroup,
  shortHistory,
  abstentions,
];

const scored = (cycles: readonly JudgedCycle[]) => cycles.filter(({ verdict }) => verdict === "scored");

const of = (count: number, recent: readonly JudgedCycle[]): string =>
  recent.length === 1 ? "its one known cycle" : `${count} of its last ${recent.length} cycles`;

const problem = (text: string): Advice => ({ kind: "problem", text });
const hint = (text: string): Advice => ({ kind: "hint", text });
const note = (text: string): Advice => ({ kind: "note", text });
const good = (text: string): Advice => ({ kind: "good", text });
