import { type DutyAnswers, signDutyAnswers } from "#shared/duty/answers-document.js";
import { auditSample } from "#shared/duty/audit-sample.js";
import { type Checkers, checkTask } from "#shared/duty/check-task.js";
import { drawDuty, drawValue, isOnDuty } from "#shared/duty/draw.js";
import { type Duty, type DutyDocument, dutyDocumentHash, signDutyDocument } from "#shared/duty/duty-document.js";
import { DEFAULT_AUDIT } from "#shared/duty/rules.js";
import type { VrfSigner } from "#shared/protocol/signer.js";
import { type DutyInputs, type EligibleTask, eligibleTasks } from "./eligible-tasks.js";

export interface DoneDuty {
  readonly document: DutyDocument;
  /** Task id → the member's draw, 192 hex digits, of every task that it may have been on duty for. */
  readonly draws: ReadonlyMap<string, string>;
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
  const draws = new Map<string, string>();
  const onDuty: { readonly task: EligibleTask; readonly draw: string; readonly value: bigint }[] = [];
  for (const task of eligibleTasks(inputs)(signer.address)) {
    const bytes = drawDuty(task, signer);
    const draw = Buffer.from(bytes).toString("hex");
    draws.set(task.task, draw);
    if (isOnDuty(bytes, task.threshold)) onDuty.push({ task, draw, value: drawValue(bytes) });
  }
  onDuty.sort((a, b) => (a.value < b.value ? -1 : 1));
  const duties: Duty[] = [];
  for (const { task, draw } of onDuty.slice(0, DEFAULT_AUDIT.most)) {
    const finding = await checkTask(checkers, task.subject, milliseconds);
    const reason = finding.verdict === "valid" ? null : finding.reason;
    duties.push({ task: task.task, draw, verdict: finding.verdict, reason });
  }
  const { network, cycle } = inputs;
  return { document: await signDutyDocument({ network, cycle, duties }, signer), draws };
};

/**
 * What a member publishes once the audit's seed is known: its draws of sampled tasks that its document does not claim, and its votes on flagged tasks.
 *
 * @param votes its own findings on tasks that were flagged and that it has slots for
 */
export const answerAudit = (
  { document, draws }: DoneDuty,
  { auditSeed, votes }: { readonly auditSeed: string; readonly votes: DutyAnswers["votes"] },
  signer: VrfSigner,
): Promise<DutyAnswers> => {
  const claimed = new Set(document.duties.map(({ task }) => task));
  const asked = auditSample({
    seed: auditSeed,
    verifierKey: signer.publicKey,
    document: dutyDocumentHash(document),
    unclaimed: [...draws.keys()].filter((task) => !claimed.has(task)),
    size: DEFAULT_AUDIT.sample,
  });
  const answers = asked.map((task) => ({ task, draw: draws.get(task)! }));
  const { network, cycle } = document;
  return signDutyAnswers({ network, cycle, answers, votes }, signer);
};
