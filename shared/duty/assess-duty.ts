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

interface DutyClaims {
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
 * verify one draw only. A member whose document is full has missed no duty with a greater draw than those in it: a flood of tasks must not make
 * it miss. So it is where tasks that were dropped since took places of the document, half of them at most. A draw that the audit asks for and the member does not publish counts as missed duty: otherwise nobody on duty would answer.
 */
export const assessDuty = (
  { hotkey, publicKey, document, answers, tasks, dropped = 0, auditSeed }: DutyClaims,
  verifyVrf: VerifyVrf,
  { sample, abstentions, evidence: isProven, most }: AuditRules = DEFAULT_AUDIT,
): DutyAssessment => {
  const byId = new Map(tasks.map((task) => [task.task, task]));
  const ownDraw = (task: DutyTask, draw: string): Uint8Array | null => {
    const bytes = Buffer.from(draw, "hex");
    return isDrawOf(bytes, task, hotkey, verifyVrf) ? bytes : null;
  };
  let isForged = false;
  const founded = (document?.duties ?? []).filter(({ task: id, draw }) => {
    const task = byId.get(id);
    // The draw's value first: it costs a thousandth of its proof.
    if (isForged || !task || !isOnDuty(Buffer.from(draw, "hex"), task.threshold)) return false;
    isForged = ownDraw(task, draw) === null;
    return !isForged;
  });
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
    const draw = ownDraw(task, answered.get(id) ?? "");
    if (draw === null) unanswered += 1;
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
};

const greatestDraw = (duties: readonly Duty[]): bigint =>
  duties
    .map(({ draw }) => drawValue(Buffer.from(draw, "hex")))
    .reduce((greatest, value) => (value > greatest ? value : greatest), 0n);
