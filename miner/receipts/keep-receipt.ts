import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import type { Participant } from "#shared/participant/participant.js";
import type { CycleReports } from "#shared/participant/reports.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { MAX_MANIFEST_BYTES, parseUpdateManifest } from "#shared/protocol/manifest.js";
import { type Receipt, signReceipt } from "#shared/protocol/receipt.js";
import { reportHash } from "#shared/protocol/report.js";
import { readPhaseRecords } from "#shared/replay/phase-records.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import { outcomeOf } from "./verify-receipt.js";

const folderOf = (home: string): string => join(home, "receipts");

/** Where the receipts of a miner's cycles are. */
export const receiptFile = (home: string, cycle: number): string => join(folderOf(home), `cycle-${cycle}.json`);

interface Receivable {
  readonly cycle: number;
  readonly artifact: string;
  /** Cycles whose receipts stay, this one's among them. */
  readonly kept: number;
}

/**
 * Writes down, signed, what was committed and what the validators said, and deletes old receipts. Nothing is written of a cycle that was not
 * revealed in time.
 *
 * @returns the file, or null
 */
export const keepReceipt = async (
  participant: Participant,
  { cycle, artifact, kept }: Receivable,
  { reports, stakes, unheard, committed }: CycleReports,
): Promise<string | null> => {
  const { chain, blobs, network, signer, home, signal } = participant;
  const included = async (type: "commit" | "reveal"): Promise<Receipt["commit"] | null> => {
    const own = (await readPhaseRecords(participant, type, cycle)).get(signer.address);
    return own ? { record: own.text, block: own.block, blockHash: await chain.blockHash(own.block) } : null;
  };
  const [commit, reveal] = await Promise.all([included("commit"), included("reveal")]);
  const stored = await blobs.get({ hash: artifact, maxBytes: MAX_MANIFEST_BYTES, locations: [], signal });
  const update = parseUpdateManifest(stored);
  const submission = (await readSubmissions(participant, cycle)).find(({ hotkey }) => hotkey === signer.address);
  if (!commit || !reveal || !update.ok || !submission) return null;
  const bound = reports.flatMap((report) => {
    // Whoever has lost stake or permit since the evaluate phase has no vote, and no part in the outcome.
    if (!stakes.has(report.validator)) return [];
    const held = committed.find(({ hash }) => hash === reportHash(report));
    return held ? [{ record: held.record, block: held.block, report }] : [];
  });
  const said = {
    network,
    cycle,
    uid: submission.uid,
    update: update.value,
    stakes: Object.fromEntries([...stakes].map(([validator, stake]) => [validator, String(stake)])),
    unheard: unheard.filter((hotkey) => stakes.has(hotkey)),
    reports: await Promise.all(bound.map(async (one) => ({ ...one, blockHash: await chain.blockHash(one.block) }))),
  };
  const outcome = outcomeOf({ ...said, hotkey: signer.address });
  const path = receiptFile(home, cycle);
  const receipt = await signReceipt({ chain: chain.genesisHash, ...said, commit, reveal, outcome }, signer);
  writeFileAtomic(path, canonicalBytes(receipt));
  forgetReceipts(home, kept);
  return path;
};

/**
 * Bytes that the receipts of so many cycles may have on average: four times those of 256 miners and ten validators. Strangers choose how long reports
 * are.
 */
const BYTES_A_CYCLE = 4 << 20;

/**
 * Deletes all but the newest receipts: those of `kept` cycles, or as many as have their bytes; the newest one stays. Other files are none of ours.
 */
export const forgetReceipts = (home: string, kept: number): void => {
  const folder = folderOf(home);
  const cycles = readdirSync(folder)
    .flatMap((name) => /^cycle-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
  let bytes = 0;
  for (const [newer, cycle] of cycles.entries()) {
    const path = receiptFile(home, cycle);
    bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (newer > 0 && (newer >= kept || bytes > kept * BYTES_A_CYCLE)) rmSync(path, { force: true });
  }
};
