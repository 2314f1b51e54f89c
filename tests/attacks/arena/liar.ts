import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { Participant } from "#shared/participant/participant.js";
import { holdReports } from "#shared/participant/reports.js";
import { setWeightsOnce } from "#shared/participant/weights/set-weights.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { MAX_REPORT_BYTES, parseReport, type Report, reportHash, signReport } from "#shared/protocol/report.js";
import { groupsInOrder } from "#shared/replay/ballots.js";
import { chooseSteps } from "#validator/choose/choose.js";
import { judgeCycle } from "#validator/judge/judge.js";
import { agreeOn, mergeCycle } from "#validator/merge/merge-cycle.js";
import type { Scope } from "../../shared/artifact/temporary.js";
import type { TestValidator } from "../../support/validator.js";
import type { LiarsDen, Lie, Reported } from "../attack.js";
import type { Weighed } from "../library/honest-weights.js";

export interface Accomplices extends LiarsDen {
  /** Closes what it opens. */
  readonly scope: Scope;
  /** The attacker's uid that gets the weights. */
  readonly eve: number;
  /** The uid of the subnet's owner. */
  readonly owner: number;
  /** The honest validator to which it shows what it shows nobody else. */
  readonly first: TestValidator;
  /** The hash of its report, once its record is sent: whoever listens to what nodes pass on knows it before it is in a block. */
  readonly heard: () => Promise<string>;
}

/** A validator's cycle, done in time and in form, but not in truth. Gives what it reported. */
export const liarsCycle = async (
  validator: TestValidator,
  lie: Lie,
  accomplices: Accomplices,
): Promise<Reported | null> => {
  if (lie.isSilent) return null;
  const { participant, meter, weights } = validator;
  const { cycle, eve, owner, scope } = accomplices;
  const { clock, network, signal } = participant;
  const location = (await lie.location?.(scope)) ?? participant.location;
  const window = (phase: "evaluate" | "exchange" | "choose" | "merge") => phaseWindow(cycle, phase, network.phases);
  const head = { cycle, location };
  const measuring = lie.text
    ? { ...participant, network: { ...network, groups: lie.text(network.groups) } }
    : participant;
  const { hash: reported, report } = lie.copies
    ? await copied(participant, accomplices)
    : await judged({ ...validator, participant: measuring }, lie, accomplices);
  await commitRecord(participant, { type: "report", ...head, report: reported }, window("evaluate"));
  await clock.reach(window("exchange").start - 1, signal);
  const held = await holdReports(participant, cycle, window("exchange").end - 2);
  await commitRecord(participant, { type: "held", cycle, held: lie.held?.(held) ?? held }, window("exchange"));
  await clock.reach(window("choose").start, signal);
  const agreed = await agreeOn(participant, cycle);
  const votes = lie.copies
    ? groupsInOrder(network).map(() => ({ better: [], best: 0 }))
    : (await chooseSteps(measuring, meter, cycle, agreed)).votes;
  const ballot = { type: "ballot", cycle, votes: lie.votes?.(votes, network.training.outer) ?? votes } as const;
  await commitRecord(participant, ballot, window("choose"));
  await clock.reach(window("merge").start, signal);
  const { hash } = await mergeCycle(participant, cycle, agreed);
  const weighed: readonly Weighed[] = report?.entries ?? agreed.outcomes;
  const writes = [
    commitRecord(participant, { type: "model", ...head, model: lie.model?.(hash) ?? hash }, window("merge")),
    setWeightsOnce(weights, {
      key: String(window("merge").start),
      weights: lie.weights?.(weighed, { groups: Object.keys(network.groups), owner }) ?? [[eve, 65535]],
      window: window("merge"),
    }),
  ];
  await Promise.all(writes);
  return report;
};

/** What it names in its record; the report is null where that is another's. */
interface Named {
  readonly hash: string;
  readonly report: Report | null;
}

/** Its own report, with what it measured and what it says in its place. */
const judged = async (
  { participant, meter }: TestValidator,
  lie: Lie,
  { cycle, attackers, earlier, first }: Accomplices,
): Promise<Named> => {
  const { blobs, embargo, signer } = participant;
  const { validator: _, ...measured } = await judgeCycle(participant, meter, cycle);
  const den = { cycle, attackers, earlier };
  const entries = lie.entries?.(measured.entries, den) ?? measured.entries;
  const baseline = lie.baseline?.(measured.baseline, den) ?? measured.baseline;
  const report = await signReport({ ...measured, baseline, entries: [...entries] }, signer);
  const bytes = canonicalBytes(report);
  const hash = reportHash(report);
  if (lie.shows !== undefined) embargo.hold(hash, Number.MAX_SAFE_INTEGER);
  if (lie.shows === "one") await first.participant.blobs.put(bytes);
  await blobs.put(bytes);
  return { hash, report };
};

/** The first honest validator's report under its own name, where that one serves it in time; else the hash of it. */
const copied = async ({ blobs, signal, signer }: Participant, { first, heard }: Accomplices): Promise<Named> => {
  const hash = await heard();
  const locations = [first.participant.location];
  const bytes = await blobs.get({ hash, maxBytes: MAX_REPORT_BYTES, locations, signal }).catch((thrown) => {
    if (isFetchFault(thrown)) return null;
    throw thrown;
  });
  const parsed = bytes && parseReport(bytes);
  if (!parsed?.ok) return { hash, report: null };
  const { validator: _, signature: __, version: ___, kind: ____, ...measured } = parsed.value;
  const report = await signReport(measured, signer);
  await blobs.put(canonicalBytes(report));
  return { hash: reportHash(report), report };
};
