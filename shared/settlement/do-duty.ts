import { setImmediate as yieldToEvents } from "node:timers/promises";
import { type DutyAnswers, signDutyAnswers } from "#shared/duty/answers-document.js";
import { auditSample, NO_DOCUMENT } from "#shared/duty/audit-sample.js";
import { type Checkers, checkTask } from "#shared/duty/check-task.js";
import { drawDuty, drawValue } from "#shared/duty/draw.js";
import { type Duty, type DutyDocument, dutyDocumentHash, signDutyDocument } from "#shared/duty/duty-document.js";
import { dutyEvidence } from "#shared/duty/evidence.js";
import { DEFAULT_AUDIT } from "#shared/duty/rules.js";
import type { VrfSigner } from "#shared/protocol/signer.js";
import { type DutyInputs, eligibleTasks } from "./eligible-tasks.js";

/** Task id → a member's draw, 192 hex digits, of every task that it may have been on duty for. */
export type Draws = ReadonlyMap<string, string>;

export interface DoneDuty {
  readonly document: DutyDocument;
  readonly draws: Draws;
}

export interface DutyWork {
  readonly signer: VrfSigner;
  readonly checkers: Checkers;
  /** What each check may take. */
  readonly milliseconds: number;
}

/**
 * A member's duty in a cycle: draws for each task, checks those that it is on duty for one after another, and signs what it found. Of more duties than a
 * document holds it does those with the least draws.
 */
export const doDuty = async (inputs: DutyInputs, { signer, checkers, milliseconds }: DutyWork): Promise<DoneDuty> => {
  const draws = await drawAll(inputs, signer);
  const onDuty = eligibleTasks(inputs)(signer.address)
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

/** A member's draws of a cycle: the same ones each time, but for their proofs. The thread is free after each. */
export const drawAll = async (inputs: DutyInputs, signer: VrfSigner): Promise<Draws> => {
  const draws = new Map<string, string>();
  for (const task of eligibleTasks(inputs)(signer.address)) {
    draws.set(task.task, Buffer.from(await drawDuty(task, signer)).toString("hex"));
    await yieldToEvents();
  }
  return draws;
};

/**
 * What a member publishes once the audit's seed is known: its draws of sampled tasks that its document does not claim, and its votes on flagged tasks.
 *
 * @param document null if none was on chain in time
 * @param votes    its own findings on tasks that were flagged and that it has slots for
 */
export const answerAudit = (
  {
    network,
    cycle,
    document,
    draws,
  }: Pick<DutyInputs, "network" | "cycle"> & {
    readonly document: DutyDocument | null;
    readonly draws: Draws;
  },
  { auditSeed, votes }: { readonly auditSeed: string; readonly votes: DutyAnswers["votes"] },
  signer: VrfSigner,
): Promise<DutyAnswers> => {
  const claimed = new Set(document?.duties.map(({ task }) => task));
  const asked = auditSample({
    seed: auditSeed,
    verifierKey: signer.publicKey,
    document: document === null ? NO_DOCUMENT : dutyDocumentHash(document),
    unclaimed: [...draws.keys()].filter((task) => !claimed.has(task)),
    size: DEFAULT_AUDIT.sample,
  });
  const answers = asked.map((task) => ({ task, draw: draws.get(task)! }));
  return signDutyAnswers({ network, cycle, answers, votes }, signer);
};
