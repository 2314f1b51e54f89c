import type { Batch } from "#shared/data/loader.js";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import type { Report, ReportEntry } from "#shared/protocol/report.js";
import type { StepVote } from "#shared/protocol/step-vote.js";
import type { Scope } from "../shared/artifact/temporary.js";
import type { Subnet } from "../support/subnet.js";
import type { Forged, Forgery } from "../support/updates.js";
import type { KnownHarms } from "./arena/harm.js";
import type { Inner, NetworkTemplate } from "./arena/models/arena-model.js";
import type { Pools, Weighed } from "./library/honest-weights.js";

/**
 * What somebody tries, as a description: the arena lives it through with real validators on a real chain, with every seed and on every model
 * of `arena/models/`. So it counts no elements and names no layers of one of them.
 */
export interface Attack {
  readonly name: string;
  readonly description: string;
  /** Hotkeys that the attacker mines with; one unless given. */
  readonly identities?: number;
  /** Machines that train for it all the time: it is measured against what so many earn that are honest. One unless given. */
  readonly machines?: number;
  /** Honest miners of the attacked group; four unless given, eight at most. */
  readonly honest?: number;
  /** Whether its commits are on chain before those of the honest miners; a block after them unless given. */
  readonly isFirst?: boolean;
  /** What the attack needs the network file to say. */
  readonly network?: (network: NetworkTemplate) => NetworkTemplate;
  /** Documents that the attacked group is evaluated on, by number: sealed, and public only as their envelopes open. */
  readonly sealed?: (index: number) => string;
  /** Whether the other group's sealed text has ended, so that nobody can judge what is submitted there; no unless given. */
  readonly hasEnded?: boolean;
  /** What its miners submit in a cycle. */
  readonly submit: (den: Den) => Promise<readonly Turn[]>;
  /** What its validator, mallory, which has less than half of the stake, says and sets; none unless given. */
  readonly lie?: Lie;
  /** Tokens staked on its first hotkey, which so gets a permit as a miner's earnings give it one; none unless given. */
  readonly stake?: number;
  /** What that hotkey, which measures nothing, says in a report of its own; it needs the stake. Nothing unless given, and where it is null. */
  readonly report?: (
    cycle: number,
    own: { readonly uid: number; readonly hotkey: string },
  ) => readonly ReportEntry[] | null;
  /** Validators that write no record. */
  readonly silent?: Readonly<Record<string, SilentWeights>>;
  /** Validators that do nothing that they are paid for; those that write no record unless given. */
  readonly idle?: readonly string[];
  /** Honest validators that are away from a cycle on, all of them that have a record on chain by then: their stake votes. Not vera. */
  readonly away?: Readonly<Record<string, number>>;
  /** Honest validators that fail themselves from a cycle on: their disk gives no update as long as they judge. Not vera. */
  readonly failing?: Readonly<Record<string, number>>;
  /** Honest validators that cannot measure any step from a cycle on: their ballots say nothing of any group with updates. Not vera. */
  readonly unmeasured?: Readonly<Record<string, number>>;
  /** Honest validators that say nothing of the reports that they hold: another record of theirs takes their held record's place. Not vera. */
  readonly unsaid?: readonly string[];
  /** Whether blocks go on while validators wait for the attacker's files; unless given, the next one comes when they wait no more. */
  readonly isPatient?: boolean;
  /**
   * Tokens staked by validator, vera first; unless given vera and vito have as much each, and mallory 49 % of all where it lies. Who is neither
   * mallory nor silent is honest.
   */
  readonly stakes?: Readonly<Record<string, number>>;
  /** Whether its stake is the majority, without which there is no model: one that stands still is then no failure of the rules. */
  readonly hasMajority?: boolean;
  /** Harm that it may do: the command prints it with the reason, and does not fail. None unless given. */
  readonly known?: KnownHarms;
}

/**
 * Weights of a validator that does nothing else: vera's of the cycle before, where there are any; those that follow from the others' reports; or none
 * at all.
 */
export type SilentWeights = "mirrored" | "tallied" | "none";

/** One identity's submission. */
export interface Turn {
  readonly forged: Forged;
  /** Records where they are not the submission's own; null: it sends none. */
  readonly commit?: string | null;
  readonly reveal?: string | null;
  /** Whether its files can be had; yes unless given. */
  readonly served?: boolean;
  /** What it reveals in its place, made once commits are closed. */
  readonly afterwards?: () => Promise<Forged>;
}

/** What the attacker knows and can do in a cycle. Identities are `eve1`, `eve2`, … */
export interface Den {
  readonly subnet: Subnet;
  /** Closes what the attack opens, such as servers of its own. */
  readonly scope: Scope;
  readonly cycle: number;
  /** Another in every run and cycle: what the attacker draws by lot follows from it. */
  readonly seed: string;
  /** What an honest miner's training takes. */
  readonly training: Inner;
  /** The group that all of this is about. */
  readonly group: string;
  readonly identities: readonly string[];
  /** The agreed model: its hash, all its tensors, those of the attacked group. */
  readonly base: BaseView;
  /** Submissions of the honest miners in the group, the update that each encodes beside it; whoever has an insider knows them early. */
  readonly honest: readonly { readonly miner: string; readonly update: Parameters; readonly forged: Forged }[];
  /** Earlier cycles, newest first. */
  readonly past: readonly Past[];
  /** Measures a model as validators do. */
  readonly meter: LossMeter;
  /** An honest miner's training, of which one thing or another may be changed. */
  train(options?: TrainingRun): Promise<Parameters>;
  forge(forgery: Omit<Forgery, "group"> & { readonly group?: string }): Forged;
}

export interface BaseView {
  readonly hash: string;
  readonly whole: Parameters;
  readonly own: Parameters;
}

export interface Past {
  readonly cycle: number;
  readonly base: BaseView;
  /** All submissions by miner, honest and not. */
  readonly forged: Readonly<Record<string, Forged>>;
  /** Updates of the honest miners that were merged, the one with the largest share first. */
  readonly merged: readonly Parameters[];
  /** Those of them in the attacked group that were not. */
  readonly unmerged: readonly Parameters[];
  /** The same as they were submitted. */
  readonly left: readonly Forged[];
}

export interface TrainingRun {
  /** Whose stream of batches; the attacker's own unless given. */
  readonly stream?: string;
  readonly steps?: number;
  /** Instead of the stream: the batches, one a step. */
  readonly batches?: readonly Batch[];
  /** Trained from, where not from the agreed model. */
  readonly from?: BaseView;
}

export interface Lie {
  /** The groups whose text it measures on, in place of the network's. */
  readonly text?: (groups: Network["groups"]) => Network["groups"];
  /** It measures nothing and signs what another one reports in this cycle, as far as it can have it in time. */
  readonly copies?: boolean;
  /** Its report in place of what it really measured. */
  readonly entries?: (measured: readonly ReportEntry[], den: LiarsDen) => readonly ReportEntry[];
  /** Its losses of the base in place of those that it measured. */
  readonly baseline?: (measured: Report["baseline"], den: LiarsDen) => Report["baseline"];
  /** Whom it shows its report: nobody, or one honest validator; everybody unless given. */
  readonly shows?: "nobody" | "one";
  /** Opens the server that its records name; its own, which serves, unless given. */
  readonly location?: (scope: Scope) => Promise<string>;
  /** Numbers of the reports that it says it holds, in place of those that it does. */
  readonly held?: (held: readonly number[]) => readonly number[];
  /** Its ballot in place of what it measured. */
  readonly votes?: (
    measured: readonly StepVote[],
    outer: Pick<Network["training"]["outer"], "steps">,
  ) => readonly StepVote[];
  /** It puts nothing on chain at all; no unless given. */
  readonly isSilent?: boolean;
  /** The model that it names in place of the one that it merged. */
  readonly model?: (merged: string) => string;
  /** Weights from the entries that it reported, or from what was agreed where it copies; all on the attacker's first hotkey unless given. */
  readonly weights?: (
    reported: readonly Weighed[],
    pools: Pools,
  ) => readonly (readonly [uid: number, weight: number])[];
}

export type Reported = Pick<Report, "entries" | "baseline">;

export interface LiarsDen {
  readonly cycle: number;
  readonly attackers: ReadonlySet<number>;
  /** What it reported in the cycle before; null in the first. */
  readonly earlier: Reported | null;
}
