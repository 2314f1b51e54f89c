import { decodeAddress } from "@polkadot/util-crypto";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { artifactHash, isUpdateSigned } from "#shared/protocol/manifest.js";
import { networkHash } from "#shared/protocol/network.js";
import { isInPhase, type Phase } from "#shared/protocol/phases.js";
import type { Receipt } from "#shared/protocol/receipt.js";
import { type ChainRecord, parseRecord, shortHash } from "#shared/protocol/records.js";
import { isReportSigned, reportHash } from "#shared/protocol/report.js";
import { isSignedBy } from "#shared/protocol/signing.js";
import { tally } from "#shared/protocol/voting/tally.js";
import { reportProblem } from "#shared/scoring/report-problem.js";
import { verify } from "#shared/wallet/index.js";

/**
 * Checks a receipt against itself: signatures, and the hashes that tie commitment, artifact, hotkey, cycle and reports together.
 *
 * @returns the first thing that does not hold, or null
 */
export const receiptProblem = (receipt: Receipt): string | null => {
  const { hotkey, cycle, network, update, commit, reveal } = receipt;
  if (!isSignedBy(receipt, hotkey, verify)) return `${hotkey} did not sign the receipt`;
  if (update.hotkey !== hotkey || !isUpdateSigned(update, verify)) return `${hotkey} did not sign the update`;
  if (update.network !== networkHash(network)) return `the update was made for network ${update.network}`;
  if (update.cycle !== cycle) return `the update was made for cycle ${update.cycle}`;

  const artifact = artifactHash(update);
  const recordOf = <T extends ChainRecord["type"]>(text: string, type: T) => recordIn(receipt, text, type);
  const committed = recordOf(commit.record, "commit");
  if (committed === null) return "the commit record is none of this network and cycle";
  if (committed.commitment !== commitmentOf(artifact, decodeAddress(hotkey), cycle))
    return `what was committed is not artifact ${artifact} of ${hotkey} in cycle ${cycle}`;
  const revealed = recordOf(reveal.record, "reveal");
  if (revealed === null) return "the reveal record is none of this network and cycle";
  if (revealed.artifact !== artifact || revealed.group !== update.group)
    return `what was revealed is not artifact ${artifact} of group ${update.group}`;
  const late = lateRecord(receipt);
  if (late !== null) return late;

  for (const { record, report } of receipt.reports) {
    if (!isReportSigned(report, verify)) return `${report.validator} did not sign its report`;
    if (recordOf(record, "report")?.report !== reportHash(report))
      return `the record of ${report.validator} does not name its report`;
    const problem = reportProblem(report, network);
    if (problem !== null) return `the report of ${report.validator} does not count: ${problem}`;
    if (!Object.hasOwn(receipt.stakes, report.validator)) return `${report.validator} had no vote`;
  }
  for (const [place, hotkey] of receipt.unheard.entries()) {
    if (!Object.hasOwn(receipt.stakes, hotkey)) return `${hotkey}, who is unheard, had no vote`;
    if (receipt.unheard.indexOf(hotkey) !== place) return `${hotkey} is unheard twice`;
    if (receipt.reports.some(({ report }) => report.validator === hotkey))
      return `${hotkey} is unheard, though its report is here`;
  }
  return textOf(receipt.outcome) === textOf(outcomeOf(receipt))
    ? null
    : "the reports say something else than the outcome";
};

/** What the receipt's reports say of its miner. */
export const outcomeOf = ({
  network,
  cycle,
  update,
  stakes,
  unheard,
  reports,
  uid,
  hotkey,
}: Pick<
  Receipt,
  "network" | "cycle" | "update" | "stakes" | "unheard" | "reports" | "uid" | "hotkey"
>): Receipt["outcome"] => {
  // Whether anybody judged the miner is for its group's pay, not for its receipt.
  const { isJudged: _, ...outcome } = tally({
    reports: reports.map(({ report }) => report),
    stakes: new Map(Object.entries(stakes).map(([validator, stake]) => [validator, BigInt(stake)])),
    unheard,
    miners: [{ uid, hotkey, reveal: { group: update.group } }],
    network: networkHash(network),
    cycle,
    base: update.base,
  }).find((agreed) => agreed.uid === uid && agreed.hotkey === hotkey)!;
  return outcome;
};

const recordIn = <T extends ChainRecord["type"]>(
  { network, cycle }: Pick<Receipt, "network" | "cycle">,
  text: string,
  type: T,
): Extract<ChainRecord, { type: T }> | null => {
  const parsed = parseRecord(text);
  if (!parsed.ok || !isOf(parsed.value, type) || parsed.value.network !== shortHash(networkHash(network))) return null;
  return "cycle" in parsed.value && parsed.value.cycle !== cycle ? null : parsed.value;
};

const isOf = <T extends ChainRecord["type"]>(
  record: ChainRecord,
  type: T,
): record is Extract<ChainRecord, { type: T }> => record.type === type;

const lateRecord = ({ network, cycle, commit, reveal, reports }: Receipt): string | null => {
  const isInTime = (block: number, phase: Phase) => isInPhase(block, cycle, phase, network.phases);
  if (!isInTime(commit.block, "commit")) return `block ${commit.block} is not in the commit phase of cycle ${cycle}`;
  if (!isInTime(reveal.block, "reveal")) return `block ${reveal.block} is not in the reveal phase of cycle ${cycle}`;
  const late = reports.find(({ block }) => !isInTime(block, "evaluate"));
  return late ? `block ${late.block} is not in the evaluate phase of cycle ${cycle}` : null;
};

const textOf = (value: unknown): string => new TextDecoder().decode(canonicalBytes(value));
