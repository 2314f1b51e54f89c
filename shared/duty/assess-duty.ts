import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { VerifyVrf } from "#shared/protocol/signing.js";
import { MILLION, ratioUp } from "#shared/util/fraction.js";
import type { DutyAnswers } from "./answers-document.js";
import { auditSample, NO_DOCUMENT } from "./audit-sample.js";
import { type DrawSubject, drawValue, isDrawOf, isOnDuty } from "./draw.js";
import { type Duty, type DutyDocument, dutyDocumentHash } from "./duty-document.js";
import { type AuditRules, DEFAULT_AUDIT } from "./rules.js";
import { ALL_DRAWS } from "./threshold.js";

/** A task that a verifier may be on duty for. */
export interface DutyTask extends DrawSubject {
  /** `dutyThreshold` of this verifier, above 0. */
  readonly threshold: bigint;
}

export interface DutyClaims {
  readonly hotkey: string;
  /** Its public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Parsed, signed by the hotkey, of the network and cycle. Null if there is none. */
  readonly document: DutyDocument | null;
  readonly answers: DutyAnswers | null;
  /** The cycle's tasks of others, any order. */
  readonly tasks: readonly DutyTask[];
  /** Most tasks that it may have drawn over beside these: they do not count any more. Default: 0. */
  readonly dropped?: number;
  /** Known after duty documents are committed. */
  readonly auditSeed: string;
}

/** What a verifier did of its duty in a cycle. */
export interface DutyAssessment {
  /** Claims whose draw is the hotkey's and below the threshold, with a verdict. */
  readonly done: readonly Duty[];
  /** Such claims that abstain, or lack evidence where it is asked for. */
  readonly abstained: number;
  /** Claims that prove nothing: no such task, not its draw, not on duty, or after another's draw. They count as unclaimed. */
  readonly unfounded: number;
  readonly unclaimed: number;
  /** Draws that it had to publish, and of these: not published or false, and on duty after all. */
  readonly asked: number;
  readonly unanswered: number;
  readonly found: number;
  /** Duties missed, estimated from the sample and rounded up, with abstentions beyond those allowed. */
  readonly missed: number;
  /** done + abstained + missed, less abstentions that are counted as missed. */
  readonly duties: number;
  /** missed / duties in millionths, rounded up. */
  readonly missRate: number;
}

/**
 * Judges a verifier's duty from its documents. Claims after the first draw that is not the hotkey's own are ignored, so a forger makes everybody
 * verify one draw only. A member whose document is full has missed no duty with a greater draw than those in it, also where tasks that were dropped
 * since take places of it, half of them at most: a flood of tasks must not make it miss. A draw that the audit asks for and the member does not
 * publish counts as missed duty: otherwise nobody on duty would answer.
 */
export const assessDuty = (
  claims: DutyClaims,
  verifyVrf: VerifyVrf,
  rules: AuditRules = DEFAULT_AUDIT,
): DutyAssessment => {
  const steps = assessing(claims, rules);
  let step = steps.next();
  while (!step.done) step = steps.next(isOwn(step.value, claims, verifyVrf));
  return step.value;
};

/** The same, for a program with other work, which goes on after each draw: verifying those of one document takes ten seconds. */
export const assessDutyInPieces = async (
  claims: DutyClaims,
  verifyVrf: VerifyVrf,
  rules: AuditRules = DEFAULT_AUDIT,
): Promise<DutyAssessment> => {
  const steps = assessing(claims, rules);
  let step = steps.next();
  while (!step.done) {
    step = steps.next(isOwn(step.value, claims, verifyVrf));
    await yieldToEvents();
  }
  return step.value;
};

/** A draw that is to be verified. */
interface DrawInDoubt {
  readonly draw: Uint8Array;
  readonly of: DutyTask;
}

const isOwn = ({ draw, of }: DrawInDoubt, { hotkey }: DutyClaims, verifyVrf: VerifyVrf): boolean =>
  isDrawOf(draw, of, hotkey, verifyVrf);

/** Asks of each draw that counts whether it is the hotkey's. */
function* assessing(
  { publicKey, document, answers, tasks, dropped = 0, auditSeed }: DutyClaims,
  { sample, abstentions, evidence: isProven, most }: AuditRules,
): Generator<DrawInDoubt, DutyAssessment, boolean> {
  const byId = new Map(tasks.map((task) => [task.task, task]));
  const founded: Duty[] = [];
  let isForged = false;
  for (const duty of document?.duties ?? []) {
    const task = byId.get(duty.task);
    const draw = Buffer.from(duty.draw, "hex");
    // The draw's value first: it costs a thousandth of its proof.
    if (!task || !isOnDuty(draw, task.threshold)) continue;
    isForged = !(yield { draw, of: task });
    if (isForged) break;
    founded.push(duty);
  }
  const claims = document?.duties.length ?? 0;
  const isFull = !isForged && claims >= most && 2 * founded.length >= most && claims - founded.length <= dropped;
  const bound = isFull ? greatestDraw(founded) : ALL_DRAWS;
  const claimed = new Set(founded.map(({ task }) => task));
  const unclaimed = tasks.map(({ task }) => task).filter((task) => !claimed.has(task));
  const asked = auditSample({
    seed: auditSeed,
    verifierKey: publicKey,
    document: document === null ? NO_DOCUMENT : dutyDocumentHash(document),
    unclaimed,
    size: sample,
  });
  const answered = new Map(answers?.answers.map(({ task, draw }) => [task, draw]));
  let unanswered = 0;
  let found = 0;
  for (const id of asked) {
    const task = byId.get(id)!;
    const draw = Buffer.from(answered.get(id) ?? "", "hex");
    if (!(yield { draw, of: task })) unanswered += 1;
    else if (isOnDuty(draw, task.threshold) && isOnDuty(draw, bound)) found += 1;
  }
  const done = founded.filter(
    ({ verdict, evidence }) => verdict !== "abstain" && (!isProven || evidence !== undefined),
  );
  const abstained = founded.length - done.length;
  const allowed = Math.floor((founded.length * abstentions) / MILLION);
  const excess = Math.max(0, abstained - allowed);
  const silent = asked.length === 0 ? 0 : Math.ceil(((unanswered + found) * unclaimed.length) / asked.length);
  const missed = silent + excess;
  const duties = founded.length + silent;
  return {
    done,
    abstained,
    unfounded: claims - founded.length,
    unclaimed: unclaimed.length,
    asked: asked.length,
    unanswered,
    found,
    missed,
    duties,
    missRate: ratioUp(missed, duties),
  };
}

const greatestDraw = (duties: readonly Duty[]): bigint =>
  duties
    .map(({ draw }) => drawValue(Buffer.from(draw, "hex")))
    .reduce((greatest, value) => (value > greatest ? value : greatest), 0n);
