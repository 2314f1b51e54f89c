import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { type Report, type ReportEntry, reportHash } from "#shared/protocol/report.js";
import { seedBlocks } from "#shared/protocol/seed.js";
import { evaluationSeeds } from "#shared/replay/evaluation-seeds.js";
import { localReport } from "./local-signing.js";
import type { Subnet } from "./subnet.js";
import type { Forged } from "./updates.js";

/** A report entry that gives a forgery a score. */
export const scoredEntry = (
  { submission, artifact }: Pick<Forged, "submission" | "artifact">,
  score: number,
): ReportEntry => ({
  uid: submission.uid,
  hotkey: submission.hotkey,
  group: submission.reveal!.group,
  artifact,
  verdict: "scored",
  reason: null,
  detail: null,
  lossReduction: score + 0.01,
  standardError: 0.001,
  batches: 12,
  growth: 1,
  independence: 1,
  score,
});

/** A signed report that measured nothing but the given entries, without seeds unless given. */
export const reportOf = (
  { networkHash, modelHash, signer }: Subnet,
  validator: string,
  {
    entries = [],
    cycle = 1,
    base = modelHash,
    seeds = {},
  }: { entries?: readonly ReportEntry[]; cycle?: number; base?: string; seeds?: Report["seeds"] } = {},
): Report =>
  localReport(
    {
      network: networkHash,
      cycle,
      base,
      seeds,
      baseline: { math: { loss: 8, batches: 12 }, prose: { loss: 8, batches: 12 } },
      entries: [...entries].sort((a, b) => a.uid - b.uid),
    },
    signer(validator),
  );

/** A report of no subnet, whose signature nobody checks. */
export const madeUpReport = (validator: string, entries: readonly ReportEntry[]): Report => ({
  version: 3,
  kind: "report",
  network: "1".repeat(64),
  cycle: 7,
  base: "2".repeat(64),
  validator,
  seeds: {},
  baseline: {},
  entries: [...entries],
  signature: "3".repeat(128),
});

/** The record that binds a validator to its report. */
export const reportRecord = (
  { networkHash, location }: Subnet,
  report: Report,
  change: { cycle?: number; network?: string; location?: string } = {},
): string =>
  encodeRecord({
    type: "report",
    network: shortHash(networkHash),
    cycle: report.cycle,
    report: reportHash(report),
    location,
    ...change,
  });

/** The record of a ballot that names a step the best for every group, and approves no other. */
const ballotRecord = ({ network, networkHash }: Subnet, step = 1, cycle = 1): string =>
  encodeRecord({
    type: "ballot",
    network: shortHash(networkHash),
    cycle,
    votes: Object.keys(network.groups).map(() => ({ better: step === 0 ? [] : [step], best: step })),
  });

/** Validators say in one block of the exchange phase that they hold the first `count` reports; all of them unless named. */
export const holdReports = async (
  subnet: Subnet,
  cycle: number,
  count: number,
  holders: readonly string[] = subnet.validators,
): Promise<void> => {
  const { start } = subnet.window(cycle, "exchange");
  if (subnet.node.head.number < start - 1) await subnet.to(start - 1);
  const held = Array.from({ length: count }, (_, number) => number);
  const record = encodeRecord({ type: "held", network: shortHash(subnet.networkHash), cycle, held });
  await subnet.record(Object.fromEntries(holders.map((name) => [name, record])));
};

/** The same reports, those without seeds with those that the chain gives, signed again; where it has none yet, after as many blocks as it takes. */
export const withSeeds = async <K extends string>(
  subnet: Subnet,
  reports: Readonly<Record<K, Report>>,
): Promise<Readonly<Record<K, Report>>> => {
  const { cycle } = Object.values<Report>(reports)[0]!;
  const { deciding } = seedBlocks(cycle, "evaluate", subnet.network);
  if (subnet.node.head.number < deciding) await subnet.to(deciding);
  const { ofGroups: seeds } = await evaluationSeeds(subnet, { cycle, purpose: "evaluate" });
  const signed = Object.entries<Report>(reports).map(([name, report]) => {
    const { validator: _, signature: __, ...fields } = report;
    const isDrawn = Object.keys(report.seeds).length > 0;
    return [name, isDrawn ? report : localReport({ ...fields, seeds }, subnet.signer(name))];
  });
  return Object.fromEntries(signed);
};

/**
 * Serves reports, with the chain's seeds where they have none, commits them in one block of the evaluate phase, and has every validator hold them
 * all, or `holders` alone. Ends in the exchange phase.
 *
 * @returns the reports as they were committed
 */
export const commitReports = async (
  subnet: Subnet,
  reports: Readonly<Record<string, Report>>,
  holders?: readonly string[],
): Promise<Readonly<Record<string, Report>>> => {
  const seeded = await withSeeds(subnet, reports);
  const { cycle } = Object.values(reports)[0]!;
  for (const report of Object.values(seeded)) await subnet.store.put(canonicalBytes(report));
  await subnet.record(
    Object.fromEntries(Object.entries(seeded).map(([name, report]) => [name, reportRecord(subnet, report)])),
  );
  await holdReports(subnet, cycle, Object.keys(reports).length, holders);
  return seeded;
};

/**
 * Serves reports, with the chain's seeds where they have none, and commits them in one block of the evaluate phase; every validator holds them all,
 * and their own puts a ballot for a step in the choose phase. Ends in the first block of the merge.
 *
 * @param who who holds the reports, and who puts a ballot, where not all who reported do
 * @returns the reports as they were committed
 */
export const publishReports = async (
  subnet: Subnet,
  reports: Readonly<Record<string, Report>>,
  step = 1,
  { holders, voters = Object.keys(reports) }: { holders?: readonly string[]; voters?: readonly string[] } = {},
): Promise<Readonly<Record<string, Report>>> => {
  const seeded = await commitReports(subnet, reports, holders);
  const { cycle } = Object.values(reports)[0]!;
  await subnet.to(subnet.window(cycle, "choose").start - 1);
  const ballot = ballotRecord(subnet, step, cycle);
  await subnet.record(Object.fromEntries(voters.map((name) => [name, ballot])));
  await subnet.to(subnet.window(cycle, "merge").start);
  return seeded;
};
