import { amountText } from "#shared/cli/tokens.js";
import type { Network } from "#shared/protocol/network.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { explainReason } from "#shared/protocol/verdict.js";
import { percent } from "#shared/util/percent.js";
import { plural } from "#shared/util/plural.js";
import { figuresOf, lastLook } from "./derivation.js";
import type { Agreed, Explanation, Opinion, Pay, Place, UpdateFacts, Window } from "./explanation.js";
import { confidenceText, describeScored } from "./scored-text.js";
import { seedText } from "./seed-source.js";
import { sprintSentences } from "./sprint-sentences.js";

/** An explanation in plain sentences, in the order in which things happened. */
export const sentencesOf = (explanation: Explanation, network: Network): readonly string[] => {
  const { uid, hotkey, cycle, role, commitment, reveal, agreed } = explanation;
  const heading = `uid ${uid} (${hotkey}) in cycle ${cycle}`;
  if (role !== "miner" && !commitment && !reveal && !agreed) return [heading, IDLE[role], chainText(explanation.chain)];
  return [
    heading,
    ...submitted(explanation, network),
    seedText(explanation.seed),
    ...heard(explanation),
    ...agreement(explanation, network),
    merged(explanation),
    ...paid(explanation, network),
  ];
};

const IDLE = {
  owner: "It is the subnet owner's and submitted nothing: what nobody earns, and what is burned, goes to it.",
  validator:
    "It has a validator permit and submitted nothing: validators are not scored, the chain pays them for their weights.",
};

const submitted = ({ cycle, commitment, reveal, update, base }: Explanation, network: Network): string[] => {
  const phase = (name: "commit" | "reveal") => {
    const { start, end } = phaseWindow(cycle, name, network.phases);
    return `the ${name} phase (blocks ${start} to ${end - 1})`;
  };
  return [
    commitment
      ? `It committed to an artifact in block ${commitment.block}, in ${phase("commit")}.`
      : `It committed to nothing in ${phase("commit")}.`,
    reveal
      ? `It revealed artifact ${short(reveal.artifact)} for group ${reveal.group}, served at ${asciiLine(reveal.location)}.`
      : `It revealed nothing in ${phase("reveal")}.`,
    ...(reveal ? [update ? madeOf(update, base) : "Its manifest cannot be had any more."] : []),
  ];
};

const madeOf = ({ steps, tokens, base: from }: UpdateFacts, base: string): string =>
  `By its manifest it took ${steps} steps on ${tokens} tokens from model ${short(from)}, ${
    from === base ? "with which the cycle started." : `while the cycle started from ${short(base)}: that is stale.`
  }`;

const heard = ({ validators, isWhole, duplicate }: Explanation): string[] => [
  validators.length === 0
    ? "No validator had a permit, so nobody could vote."
    : `${plural(validators.length, "validator")} might vote:`,
  ...validators.map(
    (opinion) => `  ${nameOf(opinion)}, ${percent(opinion.stakeShare)} of the stake: ${opinionText(opinion)}`,
  ),
  ...(isWhole
    ? []
    : ["Not every report can be had any more: what was agreed may be something else than what follows."]),
  ...(duplicate
    ? [
        `It was taken for a copy of artifact ${short(duplicate.artifact)}, which ${
          duplicate.uid === null ? duplicate.hotkey : `uid ${duplicate.uid}`
        } submitted in cycle ${duplicate.cycle}. Whoever has both artifacts can compare them.`,
      ]
    : []),
];

const opinionText = (opinion: Opinion): string => {
  const { silence, verdict, reason, detail, derivation } = opinion;
  const figures = figuresOf(opinion);
  if (silence !== null) return `${silence}.`;
  if (derivation && figures) return describeScored(figures, derivation);
  const why = reason === null ? "" : ` ${explainReason(reason)}`;
  return `${verdict} (${reason}).${why}${detail === null ? "" : ` It says: ${asciiLine(detail)}.`}`;
};

const agreement = (explanation: Explanation, network: Network): string[] => {
  const { agreed, place, isWhole } = explanation;
  if (agreed === null)
    return [
      isWhole
        ? "No report that counts names it, so nothing was agreed: the cycle counts as missed."
        : "No report that can still be had names it: what was agreed cannot be said.",
    ];
  return [agreedText(agreed, explanation, network), ...(place ? [placeText(place)] : [])];
};

const placeText = ({ place, of, group }: Place): string =>
  place === null
    ? `In this cycle it has no place among the ${of} scored in group ${group}: that takes a score above zero.`
    : `In this cycle that is place ${place} of ${of} scored in group ${group}.`;

const agreedText = (
  agreed: Agreed,
  { cycle, validators, isWhole, window }: Pick<Explanation, "cycle" | "validators" | "isWhole" | "window">,
  { scoring }: Network,
): string => {
  const { verdict, reason, score, lossReduction, independence, scoredBy, rejectedBy } = agreed;
  if (verdict === "scored") {
    const { batches, confidence } = lastLook(scoring);
    const bound = `the lower bound that all ${batches} batches would give at a one-sided confidence of ${confidenceText(confidence)}, cut at zero${scoring.exponent === 1 ? "" : `, to the power ${scoring.exponent}`}`;
    const looks =
      confidence === scoring.confidence
        ? ""
        : ` The network's ${scoring.confidence} holds over all looks at an update, so this one, the last, takes ${confidenceText(confidence)}.`;
    return `Validators with ${percent(scoredBy)} of the stake scored it, where more than half is needed. More than half of the stake that judged it gives it a score of at least ${figure(score)}, which is what was agreed; who gave that one measured a loss reduction of ${figure(lossReduction)}. A score is ${bound}.${looks} Its independence, by which its part of pay is multiplied, is ${figure(independence)}, where work of its own among equals has about 1.`;
  }
  const votes = `${percent(scoredBy)} of the stake scored it, where more than half is needed, and ${percent(rejectedBy)} rejected it or could not reach it`;
  if (!isWhole)
    return `By the reports that can still be had ${votes}: what was agreed cannot be said, and the cycle counts as missed.`;
  if (verdict === "rejected")
    return `${votes}: it is rejected${reason === null ? "" : ` as ${reason}`}, and the cycle counts as zero.`;
  // Who scored another artifact could judge it too.
  const stakeOf = (is: (one: Explanation["validators"][number]) => boolean) =>
    validators.reduce((sum, one) => sum + (is(one) ? one.stakeShare : 0), 0);
  const scored = stakeOf((one) => one.verdict === "scored");
  const unheard = stakeOf((one) => one.isUnheard);
  const most = `most of those who judged it scored it${unheard === 0 ? "" : `, with the ${percent(unheard)} that reported and is not heard`}`;
  const why =
    scoredBy > 1 / 2
      ? "what it is worth hangs on who is away, failed itself or is not heard"
      : scored + rejectedBy < 1 / 2
        ? "more than half could not judge it"
        : most;
  const isZero = window.cycles.some((one) => one.cycle === cycle && one.counts);
  const so = isZero ? "counts as zero, since it stands in another group" : "is left out of its mean";
  return `${votes}; ${why}: it is abstained on, and the cycle ${so}.`;
};

const merged = ({ merge, agreed, isWhole }: Explanation): string => {
  const { model, isSettled, isKnown, share, stoodStill, isUndecided } = merge;
  if (model === null)
    return isSettled
      ? "No majority agreed on a model, so nothing was merged."
      : "The cycle's model is not settled yet.";
  if (!isKnown)
    return `Whether it was merged into model ${short(model)} cannot be said: nobody has its manifest any more.`;
  if (share !== null) {
    // What it is paid decides on its part of some steps only.
    const why = agreed?.score === 0 ? ": the step that was chosen goes along updates whatever their score" : "";
    return `It was merged into model ${short(model)} with ${percent(share)} of its group's mean${why}.`;
  }
  if (!isWhole) return `It was not merged into model ${short(model)}; why cannot be said.`;
  const why =
    agreed?.verdict !== "scored"
      ? "only what was scored is"
      : stoodStill
        ? isUndecided
          ? "its group's model stood still for want of votes, and its pay leaves the cycle out"
          : "its group's model stood still, since no majority of the stake found a step measurably better than none"
        : leftOutBy(agreed, merge);
  return `It was not merged into model ${short(model)}: ${why}.`;
};

/** Why an update that was scored has no part in the step that its group took. */
const leftOutBy = ({ score, independence }: Agreed, { along, topN }: Explanation["merge"]): string => {
  if (along === "all") return `the step that was chosen goes along the ${topN} that lower the loss of their group most`;
  if (score === 0) return "the step that was chosen goes along updates with a score above zero";
  if (independence === 0) return "nothing of it is its own";
  if (along === "best") return "the step that was chosen goes along the best update of its group alone";
  return `at most the best ${topN} of a group are, by score times independence`;
};

const paid = ({ window, sprint, pay, chain, cycle }: Explanation, network: Network): string[] => [
  // Scores of cycles under a former network file count on.
  windowText(window, network.succeeds === undefined ? network.first_cycle : 0),
  ...sprintSentences(sprint),
  pay ? payText(pay) : unpaidText(window),
  weightsText(chain),
  chainText(chain),
  ...(pay && window.unknown.length > 0
    ? [
        `Not all reports of cycle ${window.unknown.join(", ")} can be had any more: the mean, the place and the pay above may differ from what validators knew in cycle ${cycle}.`,
      ]
    : []),
];

/** If reports are missing, nothing follows from their cycles. In particular it does not follow that a miner earns nothing. */
const unpaidText = ({ unknown }: Window): string =>
  unknown.length === 0
    ? "It was scored in none of them, so it has no place in any group and earns nothing."
    : `Not all reports of cycle ${unknown.join(", ")} can be had any more, and those that can score it in none: whether it has a place in a group, and what it earns, cannot be said.`;

const windowText = ({ length, cycles, unknown }: Window, first: number): string => {
  const known = cycles.filter(({ cycle }) => cycle >= first);
  const parts = known.map(({ cycle, verdict, score, counts }) => {
    if (unknown.includes(cycle) && verdict !== "scored") return `cycle ${cycle} is not known any more`;
    if (!counts) return `cycle ${cycle} is left out`;
    if (verdict === "abstained") return `cycle ${cycle} 0 (abstained on in another group)`;
    return `cycle ${cycle} ${verdict === "scored" ? figure(score) : `0 (${verdict ?? "missed"})`}`;
  });
  const before = cycles.length - known.length;
  if (before > 0) parts.unshift(`${plural(before, "cycle")} before the first 0`);
  return `Pay goes by the mean over ${plural(length, "cycle")}: ${parts.join(", ")}.`;
};

const payText = ({ group, score, place, of, curve, pool, paid, burn, gate, share }: Pay): string =>
  `With a mean of ${figure(score)} it has ${place === null ? `no place among the ${of}` : `place ${place} of ${of}`} in group ${group}. The group's pool is ${percent(pool)} of all pay${
    paid < 1
      ? `, of which ${percent(paid)} is paid, for the part of the cycles in which the group's model improved, those without enough votes left out`
      : ""
  }${
    burn > 0 ? `, of which ${percent(burn)} is burned` : ""
  }; by curve ${curve}${gate < 1 ? `, and with ${percent(gate)} of that by its Sprints,` : ""} it earns ${percent(share)} of all pay.`;

const chainText = ({ block, incentive, emission }: Explanation["chain"]): string =>
  `At block ${block} its incentive is ${percent(incentive)}, and the last epoch paid it ${amountText(BigInt(emission))}.`;

const weightsText = ({ block, weights }: Explanation["chain"]): string =>
  weights.length === 0
    ? `No validator's weights were on chain at block ${block}.`
    : `Weights for it at block ${block}: ${weights
        .map(({ validator, share, since }) => `${percent(share)} by ${validator.slice(0, 8)} (set in block ${since})`)
        .join(", ")}.`;

const nameOf = ({ uid, hotkey }: Opinion): string => (uid === null ? hotkey : `uid ${uid} (${hotkey.slice(0, 8)})`);

const short = (hash: string): string => hash.slice(0, 12);

const figure = (value: number | null): string => (value ?? 0).toFixed(4);
