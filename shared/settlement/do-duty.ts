import { setImmediate as yieldToEvents } from "node:timers/promises";
import { type DutyAnswers, signDutyAnswers } from "#shared/duty/answers-document.js";
import { auditSample, NO_DOCUMENT } from "#shared/duty/audit-sample.js";
import { type Checkers, checkTask } from "#shared/duty/check-task.js";
import { type DrawSubject, drawDuty, drawMessage, drawValue } from "#shared/duty/draw.js";
import { type Duty, type DutyDocument, dutyDocumentHash, signDutyDocument } from "#shared/duty/duty-document.js";
import { dutyEvidence } from "#shared/duty/evidence.js";
import { DEFAULT_AUDIT } from "#shared/duty/rules.js";
import type { VrfSigner } from "#shared/protocol/signer.js";
import { type DutyInputs, eligibleTasks } from "./eligible-tasks.js";

/** Task id → a member's draw, 192 hex digits. */
export type Draws = ReadonlyMap<string, string>;

/** A member's draws, 192 hex digits each, by their messages in hex. */
export type Drawn = Map<string, string>;

export interface DoneDuty {
  readonly document: DutyDocument;
  /** Of every task that it may have been on duty for. */
  readonly draws: Draws;
}

export interface DutyWork {
  readonly signer: VrfSigner;
  readonly checkers: Checkers;
  /** Draws that were made before. Those that are made are added. */
  readonly drawn?: Drawn | undefined;
  /** What each check may take. */
  readonly milliseconds: number;
}

/**
 * A member's duty in a cycle: draws for each task, checks those that it is on duty for one after another, and signs what it found. Of more duties
 * than a document holds it does those with the least draws.
 */
export const doDuty = async (
  inputs: DutyInputs,
  { signer, checkers, drawn, milliseconds }: DutyWork,
): Promise<DoneDuty> => {
  const tasks = eligibleTasks(inputs)(signer.address);
  const draws = await drawEach(tasks, signer, drawn);
  const onDuty = tasks
    .map((task) => ({ task, draw: draws.get(task.task)! }))
    .map(({ task, draw }) => ({ task, draw, value: drawValue(Buffer.from(draw, "hex")) }))
    .filter(({ task, value }) => value < task.threshold)
    .sort((a, b) => (a.value < b.value ? -1 : 1));
  const duties: Duty[] = [];
  for (const { task, draw } of onDuty.slice(0, DEFAULT_AUDIT.most)) {
    const finding = await checkTask(checkers, task.subject, milliseconds);
    const { verdict } = finding;
    const reason = verdict === "valid" ? null : finding.reason;
    const digest = verdict === "abstain" ? undefined : finding.digest;
    const evidence = digest && { evidence: dutyEvidence({ verifierKey: signer.publicKey, task: task.task, digest }) };
    duties.push({ task: task.task, draw, verdict, reason, ...evidence });
  }
  const { network, cycle } = inputs;
  return { document: await signDutyDocument({ network, cycle, duties }, signer), draws };
};

/** A member's draws of tasks: the same ones each time, but for their proofs. The thread is free after each that is made. */
const drawEach = async (tasks: readonly DrawSubject[], signer: VrfSigner, drawn: Drawn = new Map()): Promise<Draws> => {
  const draws = new Map<string, string>();
  for (const task of tasks) {
    const message = Buffer.from(drawMessage(task)).toString("hex");
    const before = drawn.get(message);
    const draw = before ?? Buffer.from(await drawDuty(task, signer)).toString("hex");
    drawn.set(message, draw);
    draws.set(task.task, draw);
    if (before === undefined) await yieldToEvents();
  }
  return draws;
};

interface Audited {
  /** Null if none was on chain in time. */
  readonly document: DutyDocument | null;
  readonly auditSeed: string;
  /** Its own findings on tasks that were flagged and that it has slots for. */
  readonly votes: DutyAnswers["votes"];
  /** Draws that were made before. Those that are made are added. */
  readonly drawn?: Drawn | undefined;
}

/**
 * What a member publishes once the audit's seed is known: its draws of sampled tasks that its document does not claim, and its votes on flagged
 * tasks. It draws for no others: of many proofs that would take longer than the window.
 */
export const answerAudit = async (
  inputs: DutyInputs,
  { document, auditSeed, votes, drawn }: Audited,
  signer: VrfSigner,
): Promise<DutyAnswers> => {
  const { network, cycle } = inputs;
  const claimed = new Set(document?.duties.map(({ task }) => task));
  const unclaimed = new Map(
    eligibleTasks(inputs)(signer.address)
      .filter(({ task }) => !claimed.has(task))
      .map((one) => [one.task, one]),
  );
  const asked = auditSample({
    seed: auditSeed,
    verifierKey: signer.publicKey,
    document: document === null ? NO_DOCUMENT : dutyDocumentHash(document),
    unclaimed: [...unclaimed.keys()],
    size: DEFAULT_AUDIT.sample,
  });
  const tasks = asked.map((task) => unclaimed.get(task)!);
  const draws = await drawEach(tasks, signer, drawn);
  const answers = asked.map((task) => ({ task, draw: draws.get(task)! }));
  return signDutyAnswers({ network, cycle, answers, votes }, signer);
};
