import { drawMessage, isOnDuty } from "#shared/duty/draw.js";
import type { VoteVerdict } from "#shared/duty/majority.js";
import { mustBeWrong, plantedCommitment, relayThreshold } from "#shared/duty/planted.js";
import type { PlantedDocument } from "#shared/duty/planted-document.js";
import { type Task, type TaskKind, taskId } from "#shared/duty/task.js";
import { dutyThreshold } from "#shared/duty/threshold.js";
import { hashBytes, u64le } from "#shared/protocol/hash.js";
import { assessMembers } from "#shared/settlement/assess-members.js";
import { type ClosedCycle, closeCycle } from "#shared/settlement/close-cycle.js";
import { type CloseInputs, type CycleTask, targetsOf, weightsByKind } from "#shared/settlement/cycle-inputs.js";
import { localDuty, localDutyAnswers, localPlanted } from "#tests/support/local-signing.js";
import { cheapDraw, hashOf, keyOf, verifyCheapDraw } from "../duty/support.js";

/** How a host behaves. What it leaves out is honest. */
export interface Host {
  readonly name: string;
  readonly weight?: bigint;
  /** Tasks that it does, and of these how many, the first ones, with a wrong result. */
  readonly tasks?: number;
  readonly wrong?: number;
  /** What it says of a task on duty: null to say nothing. */
  readonly says?: (truth: "valid" | "invalid", task: Task) => VoteVerdict | null;
  /** Whether it shows its draws of tasks that it does not claim. */
  readonly answers?: boolean;
  /** Whether it plants a task where it is drawn. */
  readonly plants?: boolean;
}

export interface SimulatedCycle {
  readonly inputs: CloseInputs;
  readonly truths: ReadonlyMap<string, VoteVerdict>;
  readonly closed: ClosedCycle;
}

const NETWORK = hashOf("network");
const RELAY_CONTEXT = "blockzero/duty-relay/1";

/** A cycle of hosts, whose draws are made without a curve. @param name makes its beacons, keys are by the hosts' names */
export const simulateCycle = (
  name: string,
  hosts: readonly Host[],
  options: { readonly kind?: TaskKind } & Partial<Pick<CloseInputs, "reputations" | "pot" | "tasksBefore">> = {},
): SimulatedCycle => {
  const { kind = "sprint-win", tasksBefore = 0, pot = 1_000_000n, reputations = new Map() } = options;
  const [beacon, relayBeacon, auditSeed] = [
    hashOf(`${name} beacon`),
    hashOf(`${name} relays`),
    hashOf(`${name} audit`),
  ];
  const cycle = 7;
  const members = hosts.map((host) => ({
    hotkey: host.name,
    publicKey: keyOf(host.name),
    weight: host.weight ?? 1n,
    checks: new Set([kind]),
  }));
  const weights = new Map(members.map(({ hotkey, weight }) => [hotkey, weight]));
  const truths = new Map<string, VoteVerdict>();
  const planted = new Map<string, PlantedDocument>();
  const plantedCommitments = new Map<string, string>();
  const tasks: CycleTask[] = [];
  const add = (host: Host, n: string, isWrong: boolean): string => {
    const subject = { node: hashOf(`${name} ${host.name} ${n}`), nonce: 1, difficulty: 1 };
    const executorKey = keyOf(host.name);
    const id = taskId({ network: NETWORK, cycle, executorKey, kind, subject });
    const task = { kind, id, network: NETWORK, cycle, executor: host.name, subject, result: hashOf(`${id} result`) };
    tasks.push({ task: task as Task, executorKey, source: { work: 1n } });
    truths.set(id, isWrong ? "invalid" : "valid");
    return id;
  };
  for (const host of hosts) {
    for (let n = 0; n < (host.tasks ?? 0); n++) add(host, `${n}`, n < (host.wrong ?? 0));
    const draw = cheapDraw(host.name, relayMessage(cycle, relayBeacon), RELAY_CONTEXT);
    if (host.plants === false || !isOnDuty(draw, relayThreshold(host.name, weights, tasksBefore))) continue;
    const id = add(host, "planted", mustBeWrong(draw));
    const fields = { network: NETWORK, cycle, task: id, draw: draw.toString("hex") };
    planted.set(host.name, localPlanted(fields, unsigned(host.name)));
    plantedCommitments.set(host.name, plantedCommitment(id, draw));
  }
  const targets = targetsOf({ tasks, tasksBefore, reputations, pot });
  const weightsOf = weightsByKind(members);
  const checked = hosts.map((host) => {
    const draws = tasks.flatMap(({ task, executorKey }) => {
      const threshold = dutyThreshold(targets.get(task.executor)!, host.name, task.executor, weightsOf(kind));
      if (threshold === 0n) return [];
      const draw = cheapDraw(host.name, drawMessage({ task: task.id, executorKey, result: task.result, beacon }));
      const verdict = isOnDuty(draw, threshold) ? saidBy(host, truths.get(task.id) as "valid" | "invalid", task) : null;
      return [{ task: task.id, draw: draw.toString("hex"), verdict }];
    });
    const duties = draws.flatMap(({ verdict, ...draw }) =>
      verdict === null ? [] : [{ ...draw, verdict, reason: verdict === "valid" ? null : "another result" }],
    );
    const answers = draws.flatMap(({ verdict, ...draw }) => (verdict === null && host.answers !== false ? [draw] : []));
    return { host, duties, answers };
  });
  const flagged = new Set(
    checked.flatMap(({ duties }) => duties.filter(({ verdict }) => verdict === "invalid").map(({ task }) => task)),
  );
  const documents = checked.map(({ host, duties, answers }) => {
    const votes = tasks.flatMap(({ task }) => {
      const verdict = flagged.has(task.id) ? saidBy(host, truths.get(task.id) as "valid" | "invalid", task) : null;
      return verdict === null ? [] : [{ task: task.id, verdict }];
    });
    const at = { network: NETWORK, cycle };
    return [
      host.name,
      localDuty({ ...at, duties }, unsigned(host.name)),
      localDutyAnswers({ ...at, answers, votes }, unsigned(host.name)),
    ] as const;
  });
  const inputs: CloseInputs = {
    network: NETWORK,
    cycle,
    members,
    tasks,
    assigned: new Map(),
    tasksBefore,
    beacon,
    relayBeacon,
    auditSeed,
    duties: new Map(documents.map(([hotkey, duties]) => [hotkey, duties])),
    answers: new Map(documents.map(([hotkey, , answers]) => [hotkey, answers])),
    planted,
    plantedCommitments,
    reputations,
    pot,
  };
  return { inputs, truths, closed: closeCycle(inputs, assessMembers(inputs, verifyCheapDraw), truths) };
};

const saidBy = ({ says }: Host, truth: "valid" | "invalid", task: Task): VoteVerdict | null =>
  says ? says(truth, task) : truth;

/** Closing a cycle does not look at signatures: its documents were verified when they were read. */
const unsigned = (address: string) => ({ address, signBytes: () => new Uint8Array(64) });

const relayMessage = (cycle: number, beacon: string): Uint8Array =>
  Buffer.concat([hashBytes(NETWORK), u64le(cycle), hashBytes(beacon)]);
