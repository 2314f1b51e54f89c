import type { DutyAnswers } from "#shared/duty/answers-document.js";
import type { DutyDocument } from "#shared/duty/duty-document.js";
import type { PlantedDocument } from "#shared/duty/planted-document.js";
import { type AuditRules, DEFAULT_DUTY, type DutyRules } from "#shared/duty/rules.js";
import { type DutyTarget, dutyTarget } from "#shared/duty/target.js";
import type { Task, TaskKind } from "#shared/duty/task.js";
import type { Weights } from "#shared/duty/threshold.js";
import { sumStake } from "#shared/protocol/voting/stake.js";
import { NEWCOMER, type Reputation, trustedReputation } from "#shared/reputation/reputation.js";
import type { RewardSource } from "./settle.js";

/** A member whose weight was fixed before the cycle's beacon. */
export interface Member {
  readonly hotkey: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly weight: bigint;
  /** What it declared that it can check. It has no duty for other kinds. */
  readonly checks: ReadonlySet<TaskKind>;
}

export interface CycleTask {
  readonly task: Task;
  /** The executor's public key, 32 bytes. */
  readonly executorKey: Uint8Array;
  readonly source: RewardSource;
}

/** What a cycle is closed from: chain state and signed documents. */
export interface CloseInputs {
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
  readonly members: readonly Member[];
  /** One of each id. */
  readonly tasks: readonly CycleTask[];
  /** Most tasks that members may have drawn over beside these, of results that do not count any more. Default: 0. */
  readonly dropped?: number;
  /** Hotkey → tasks that it was assigned; of those not in it, as many as it did. */
  readonly assigned: ReadonlyMap<string, number>;
  /** Tasks of the cycle before. */
  readonly tasksBefore: number;
  /** What decides the least frequency. Default: the greater number of this cycle's tasks and the last one's. */
  readonly volume?: number;
  /** Known after the tasks' results are on chain. */
  readonly beacon: string;
  /** Known after duty documents are on chain. */
  readonly auditSeed: string;
  /** The documents whose hashes are on chain in time: parsed, signed by the hotkey they are filed under, of this network and cycle. */
  readonly duties: ReadonlyMap<string, DutyDocument>;
  readonly answers: ReadonlyMap<string, DutyAnswers>;
  /** Known before the tasks are done: it draws relays. */
  readonly relayBeacon: string;
  readonly planted: ReadonlyMap<string, PlantedDocument>;
  /** Hotkey → its one commitment to a planted task, on chain before `beacon`. */
  readonly plantedCommitments: ReadonlyMap<string, string>;
  /** Agreed after the cycle before. Hosts not in it are newcomers. */
  readonly reputations: ReadonlyMap<string, Reputation>;
  /** What the cycle pays for tasks without a payment, in the smallest unit. */
  readonly pot: bigint;
  readonly rules?: DutyRules;
  readonly audit?: AuditRules;
}

/** Executor → how often its tasks are to be checked: everybody knows it before the beacon. */
export const targetsOf = ({
  tasks,
  tasksBefore,
  reputations,
  pot,
  volume = Math.max(tasks.length, tasksBefore),
  rules = DEFAULT_DUTY,
}: Pick<CloseInputs, "tasks" | "tasksBefore" | "reputations" | "pot" | "volume" | "rules">): ReadonlyMap<
  string,
  DutyTarget
> => {
  const targets = [...tasksAtStake(tasks, pot)].map(([executor, atStake]) => {
    const reputation = trustedReputation(reputations.get(executor) ?? NEWCOMER);
    return [executor, dutyTarget({ reputation, volume, atStake }, rules)] as const;
  });
  return new Map(targets);
};

/**
 * Executor → how many of its dearest task all its rewards are worth, rounded down; the number of its tasks where all are worth the same. A cheat on
 * the dearest risks no more: a hundred cheap tasks beside it are no deterrence.
 */
const tasksAtStake = (tasks: CloseInputs["tasks"], pot: bigint): ReadonlyMap<string, number> => {
  const works = sumStake(tasks.map(({ source }) => ("work" in source ? source.work : 0n)));
  const values = new Map<string, bigint[]>();
  for (const { task, source } of tasks) {
    // Shares of the pot are fractions: a payment is multiplied by what they are divided by.
    const value = "work" in source ? source.work * pot : source.payment * (works > 0n ? works : 1n);
    const own = values.get(task.executor);
    if (own) own.push(value);
    else values.set(task.executor, [value]);
  }
  const counts = [...values].map(([executor, own]) => {
    const dearest = own.reduce((most, value) => (value > most ? value : most));
    return [executor, dearest === 0n ? own.length : Number(sumStake(own) / dearest)] as const;
  });
  return new Map(counts);
};

/** Executor → number of its tasks. */
export const tasksDone = (tasks: CloseInputs["tasks"]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { task } of tasks) counts.set(task.executor, (counts.get(task.executor) ?? 0) + 1);
  return counts;
};

/** The weights of those who can check a kind. */
export const weightsByKind = (members: readonly Member[]): ((kind: TaskKind) => Weights) => {
  const known = new Map<TaskKind, Weights>();
  return (kind) => {
    const weights =
      known.get(kind) ??
      new Map(members.filter(({ checks }) => checks.has(kind)).map(({ hotkey, weight }) => [hotkey, weight]));
    known.set(kind, weights);
    return weights;
  };
};
