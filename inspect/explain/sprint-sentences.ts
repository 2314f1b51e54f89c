import type { SprintOutcome } from "#shared/compute/outcome.js";
import { explainCheck } from "#shared/protocol/checks.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import { percent } from "#shared/util/percent.js";
import { plural } from "#shared/util/plural.js";
import type { DutyFacts, SprintFacts, SprintOpinion } from "./explain-sprint.js";

/** What Sprints say of a miner and its pay, in plain sentences. None where the network has no Sprints. */
export const sprintSentences = (facts: SprintFacts | null): readonly string[] => {
  if (!facts) return [];
  const last = facts.sprints.at(-1);
  if (!last) return ["No Sprint was settled before this cycle, so pay does not depend on one yet."];
  return [
    ...(last.outcome
      ? [provenText(facts.profile, last.cycle, last.outcome), ...said(facts), settledText(last.outcome)]
      : [`It did not enter the Sprint of cycle ${last.cycle}.`]),
    ...facts.confirmations.flatMap(({ cycle, outcome }) =>
      outcome ? [confirmationText(facts.profile, cycle, outcome)] : [],
    ),
    ...facts.idle.flatMap((one) => (one.outcome ? [idleText(one, one.outcome)] : [])),
    confirmedText(facts),
    ...dutyText(facts.duty),
    ...(facts.unknown.length > 0
      ? [
          `Not all of the Sprint of cycle ${facts.unknown.join(", ")} can be had any more: others may have settled otherwise.`,
        ]
      : []),
  ];
};

const dutyText = (duty: DutyFacts | null): readonly string[] =>
  duty === null
    ? []
    : [
        `The duty of the Sprint of cycle ${duty.cycle}, closed here, leaves it ${percent(duty.part)} of its pay:`,
        ...duty.why.map((line) => `  ${line}`),
        ...(duty.problem === null ? [] : [`  its documents do not count: ${asciiLine(duty.problem)}`]),
        ...(duty.isWhole
          ? []
          : ["  not all of its documents can be had any more: others may have closed it otherwise"]),
      ];

const provenText = (profile: Sprint["profile"], cycle: number, outcome: SprintOutcome): string => {
  const { proof, difficulty, wins, nonces } = outcome;
  return proof === null
    ? `It entered the Sprint of cycle ${cycle} and committed to no proof in time.`
    : `In the Sprint of cycle ${cycle} it said before the seeds that one nonce in ${difficulty} wins, and committed to ${plural(wins, "win")} of ${plural(nonces, "nonce")}: ${weightText(profile, outcome)}.`;
};

const weightText = (profile: Sprint["profile"], { measured, low, high }: SprintOutcome): string =>
  profile === "float"
    ? `all ${measured} count, of which at least ${low} are true where a sample is found good, but for one time in a hundred`
    : `they speak for ${measured} nonces, between ${low} and ${high} with a confidence of 95 %`;

const said = ({ profile, said: opinions }: SprintFacts): readonly string[] =>
  opinions.map(
    (opinion) =>
      `  ${opinion.hotkey.slice(0, 8)}, ${percent(opinion.stakeShare)} of the stake: ${opinionText(profile, opinion)}`,
  );

const NOT_HEARD =
  " More than half of the stake that says what it holds does hold its checks, and not half of all: they name false wins, and count among those that are there.";

const opinionText = (profile: Sprint["profile"], { silence, entry, isUnheard }: SprintOpinion): string => {
  if (silence !== null || !entry) return `${asciiLine(silence ?? "")}.`;
  const { verdict, reason, detail, checked } = entry;
  const quoted = `${detail ? ` It says: ${asciiLine(detail)}.` : ""}${isUnheard ? NOT_HEARD : ""}`;
  if (verdict === "valid")
    return `valid, all ${checked} ${profile === "float" ? "nonces" : "wins"} of its sample recomputed.${quoted}`;
  const why = reason ? ` ${explainCheck(reason)}` : "";
  return `${verdict} (${reason}).${why}${quoted}`;
};

const settledText = (settled: SprintOutcome): string => {
  const { outcome, nonce, fault, validBy, invalidBy } = settled;
  switch (outcome) {
    case "valid":
      return `Validators with ${percent(validBy)} of the stake found it valid, where more than half is needed.`;
    case "invalid":
      if (fault !== null) return `It is invalid: ${asciiLine(fault)}. Whoever has its bytes finds so.`;
      return nonce === null
        ? `It is invalid: validators with ${percent(invalidBy)} of the stake found other outputs, where more than two thirds are needed.`
        : `It is invalid: nonce ${nonce} was recomputed here and does not win.`;
    case "unopposed":
      return `${unopposedText(settled)}: it is not settled, and no more than the weight before counts.`;
    case "undecided":
      return `Validators with ${percent(validBy)} of the stake found it valid, where more than half is needed: it is not settled, and half of the weight before counts.`;
    case "withheld":
      return "Validators with more than half of the stake could not fetch its proof: what is not shown counts nothing.";
    case "absent":
      return "What is not proven counts nothing.";
  }
};

/** Who found a proof valid that is unopposed. The unheard are there, and their checks do not count. */
const unopposedText = ({ validBy, validWithUnheard }: SprintOutcome): string => {
  const unheard =
    validWithUnheard > validBy ? `, and with those whose checks do not count ${percent(validWithUnheard)}` : "";
  return `Validators with ${percent(validBy)} of the stake found it valid in checks that count${unheard}, more than half of what is there; in checks that count more than half of all is needed`;
};

const confirmationText = (profile: Sprint["profile"], cycle: number, outcome: SprintOutcome): string => {
  const asked = `A confirmation was drawn in cycle ${cycle}, known to nobody before its reveal phase.`;
  if (outcome.proof === null) return `${asked} It committed to no proof in time.`;
  const { wins, nonces } = outcome;
  return `${asked} It committed to ${plural(wins, "win")} of ${plural(nonces, "nonce")}: ${weightText(profile, outcome)}. ${settledText(outcome)}`;
};

const idleText = ({ cycle, needed, utilisation }: SprintFacts["idle"][number], outcome: SprintOutcome): string => {
  const asked = `In idle time of cycle ${cycle}, where ${needed} nonces uphold its weight,`;
  if (outcome.proof === null) return `${asked} it committed to no proof in time.`;
  const { wins, measured, low, high } = outcome;
  const shown = `${asked} it committed to ${plural(wins, "win")}, which speak for ${plural(measured, "nonce")}, between ${low} and ${high}. ${idleSettledText(outcome, needed)}`;
  if (!utilisation) return shown;
  const used = `${percent(utilisation.share)} (${percent(utilisation.low)} to ${percent(utilisation.high)}) of its capacity did something else then, or was not there`;
  return `${shown} ${measured >= needed ? "It upheld the weight" : "It did not uphold the weight"}; ${used}.`;
};

const idleSettledText = (outcome: SprintOutcome, needed: number): string => {
  const says = outcome.measured >= needed ? "says nothing" : "does not uphold the weight, for it claims too little";
  if (outcome.outcome === "unopposed") return `${unopposedText(outcome)}: it is not settled, and ${says}.`;
  if (outcome.outcome === "undecided")
    return `Validators with ${percent(outcome.validBy)} of the stake found it valid, where more than half is needed: it is not settled, and ${says}.`;
  if (outcome.outcome === "withheld")
    return "Validators with more than half of the stake that is there could not fetch its proof: what is not shown does not uphold the weight.";
  const settled = settledText(outcome);
  return outcome.outcome === "invalid" ? `${settled} Nothing of the weight is left until the next Sprint.` : settled;
};

const BOUNDS = {
  measured: "what its wins speak for",
  growth: "1.25 times the median of the three before, by which a weight grows at most",
  confirmed: "its least confirmation",
  idle: "what idle time leaves that it did not prove",
  unopposed: "no more than the one before",
  undecided: "half of the one before",
  none: "nothing being proven",
} as const;

const confirmedText = ({ confirmed, required, part }: SprintFacts): string => {
  const weight = confirmed ? `Its confirmed weight is ${confirmed.weight} nonces, ${BOUNDS[confirmed.bound]}` : "";
  return required === null
    ? `${weight}; pay does not depend on it.`
    : `${weight}; the network requires ${required}, so it gets ${
        part === 1 ? "all of its pay" : `${percent(part)} of its pay, and the rest goes to the subnet owner's uid`
      }.`;
};
