import { holdReports } from "#shared/participant/reports.js";
import { setWeightsOnce } from "#shared/participant/weights/set-weights.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { reportHash, signReport } from "#shared/protocol/report.js";
import { chooseSteps } from "#validator/choose/choose.js";
import { judgeCycle } from "#validator/judge/judge.js";
import { agreeOn, mergeCycle } from "#validator/merge/merge-cycle.js";
import type { TestValidator } from "../../support/validator.js";
import type { LiarsDen, Lie, Reported } from "../attack.js";

export interface Accomplices extends LiarsDen {
  readonly cycle: number;
  /** The attacker's uid that gets the weights. */
  readonly eve: number;
  /** The honest validator to which it shows what it shows nobody else. */
  readonly first: TestValidator;
}

/** A validator's cycle, done in time and in form, but not in truth. Gives what it reported. */
export const liarsCycle = async (
  { participant, meter, weights }: TestValidator,
  lie: Lie,
  { cycle, attackers, earlier, eve, first }: Accomplices,
): Promise<Reported | null> => {
  if (lie.isSilent) return null;
  const { blobs, clock, embargo, location, network, signal, signer } = participant;
  const window = (phase: "evaluate" | "exchange" | "choose" | "merge") => phaseWindow(cycle, phase, network.phases);
  const head = { cycle, location };
  const { validator: _, ...measured } = await judgeCycle(participant, meter, cycle);
  const den = { attackers, earlier };
  const entries = lie.entries?.(measured.entries, den) ?? measured.entries;
  const baseline = lie.baseline?.(measured.baseline, den) ?? measured.baseline;
  const report = await signReport({ ...measured, baseline, entries: [...entries] }, signer);
  const bytes = canonicalBytes(report);
  if (lie.shows !== undefined) embargo.hold(reportHash(report), Number.MAX_SAFE_INTEGER);
  if (lie.shows === "one") await first.participant.blobs.put(bytes);
  await blobs.put(bytes);
  await commitRecord(participant, { type: "report", ...head, report: reportHash(report) }, window("evaluate"));
  await clock.reach(window("exchange").start - 1, signal);
  const held = await holdReports(participant, cycle, window("exchange").end - 2);
  await commitRecord(participant, { type: "held", cycle, held: lie.held?.(held) ?? held }, window("exchange"));
  await clock.reach(window("choose").start, signal);
  const agreed = await agreeOn(participant, cycle);
  const { votes } = await chooseSteps(participant, meter, cycle, agreed);
  const ballot = { type: "ballot", cycle, votes: lie.votes?.(votes) ?? votes } as const;
  await commitRecord(participant, ballot, window("choose"));
  await clock.reach(window("merge").start, signal);
  const { hash } = await mergeCycle(participant, cycle, agreed);
  const writes = [
    commitRecord(participant, { type: "model", ...head, model: lie.model?.(hash) ?? hash }, window("merge")),
    setWeightsOnce(weights, {
      key: String(window("merge").start),
      weights: lie.weights?.(entries) ?? [[eve, 65535]],
      window: window("merge"),
    }),
  ];
  await Promise.all(writes);
  return report;
};
