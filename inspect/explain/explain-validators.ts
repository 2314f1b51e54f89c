import { columns } from "#shared/cli/table.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { readOutcomes } from "#shared/replay/cycle-outcomes.js";
import { type Participation, participationIn } from "#shared/replay/participation.js";
import { contextOf } from "#shared/replay/succession.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";
import { percent } from "#shared/util/percent.js";
import { readSeedSource, type SeedSource, seedText } from "./seed-source.js";

/** What the validators did in a cycle; `blockzero explain --validators --json`. */
export interface ValidatorsExplanation {
  readonly cycle: number;
  readonly seed: SeedSource;
  /** Newest block of the chain state that this was read from. */
  readonly head: number;
  /** Whether every report that counts was available. If not, the agreed result, and who agrees with it, may differ from what is shown. */
  readonly isWhole: boolean;
  /** All validators that voted, committed a report or have a permit, by descending voting stake. */
  readonly validators: readonly ValidatorFacts[];
}

export interface ValidatorFacts extends Participation {
  /** Null if it has left the subnet since. */
  readonly uid: number | null;
  /** Block that included its report's record. Null if no record arrived in time. */
  readonly reportedAt: number | null;
  /** Why its report does not count, or what prevents its use. Null if nothing does. */
  readonly problem: string | null;
}

/**
 * Describes what each validator did in a cycle whose exchange phase is over, from chain state and the signed reports that are available.
 *
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has the cycle's state
 */
export const explainValidators = async (
  { source: opened, head }: Pick<OpenedSubnet, "source" | "head">,
  cycle: number,
): Promise<ValidatorsExplanation> => {
  const source = await contextOf(opened, cycle);
  const { network, chain } = source;
  const { exchange, validators: reporting, outcomes, isWhole } = await readOutcomes(source, cycle, head);
  const reports = reporting.flatMap(({ report }) => (report ? [report] : []));
  const { end } = phaseWindow(cycle, "exchange", network.phases);
  const { neurons } = await chain.metagraph(network.netuid, end - 1);
  const uids = new Map(neurons.map(({ hotkey, uid }) => [hotkey, uid]));
  const validators = participationIn(exchange, reports, outcomes).map((participation): ValidatorFacts => {
    const { hotkey } = participation;
    return {
      uid: uids.get(hotkey) ?? null,
      ...participation,
      reportedAt: exchange.reports.find((one) => one.hotkey === hotkey)?.block ?? null,
      problem: reporting.find((one) => one.hotkey === hotkey)?.problem ?? null,
    };
  });
  return { cycle, seed: await readSeedSource(source, cycle), head, isWhole, validators };
};

const HEADING = ["UID", "STAKE", "REPORTED", "HELD BY", "COUNTED", "EXCHANGED", "AGREEMENT", "DEVIATION", "HOTKEY"];

/** The same as a table, with an extra line for each validator that needs one. */
export const validatorLines = ({ cycle, seed, isWhole, validators }: ValidatorsExplanation): readonly string[] => [
  `validators of cycle ${cycle}: ${validators.filter(({ votes }) => votes).length} of ${validators.length} vote`,
  seedText(seed),
  "",
  ...columns([HEADING, ...validators.map(row)]),
  "",
  ...validators.flatMap(({ uid, hotkey, votes, problem }) => {
    const name = uid === null ? hotkey : `uid ${uid}`;
    if (!votes) return [`${name} has written no record for long: its stake counts in no majority.`];
    return problem === null ? [] : [`${name}: ${problem}.`];
  }),
  ...(isWhole ? [] : ["Not every report can be had any more: what was agreed may be something else."]),
];

const row = (facts: ValidatorFacts): readonly string[] => [
  String(facts.uid ?? ""),
  facts.votes ? percent(facts.stakeShare) : "silent",
  facts.reportedAt === null ? "no" : `block ${facts.reportedAt}`,
  facts.committed ? percent(facts.heldBy) : "",
  yesNo(facts.counts),
  yesNo(facts.exchanged),
  facts.agreement === null ? "" : percent(facts.agreement),
  facts.deviation === null ? "" : percent(facts.deviation),
  facts.hotkey,
];

const yesNo = (is: boolean): string => (is ? "yes" : "no");
