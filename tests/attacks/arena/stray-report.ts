import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { type ReportEntry, reportHash, signReport } from "#shared/protocol/report.js";
import { evaluationSeeds } from "#shared/replay/evaluation-seeds.js";
import type { Subnet } from "../../support/subnet.js";

interface Stray {
  /** Whose hotkey signs it. */
  readonly name: string;
  readonly cycle: number;
  /** Hash of the agreed model. */
  readonly base: string;
  readonly entries: readonly ReportEntry[];
}

/** Signs a report of somebody who measured nothing, in form, and serves it. Gives its record. @param participant who knows the cycle's seeds */
export const strayReport = async (
  subnet: Subnet,
  participant: Participant,
  { name, cycle, base, entries }: Stray,
): Promise<string> => {
  const { networkHash, location, store } = subnet;
  const { ofGroups: seeds } = await evaluationSeeds(cycleSource(participant), { cycle, purpose: "evaluate" });
  const report = await signReport(
    { network: networkHash, cycle, base, seeds, baseline: {}, entries: [...entries] },
    subnet.signer(name),
  );
  await store.put(canonicalBytes(report));
  return encodeRecord({ type: "report", network: shortHash(networkHash), cycle, report: reportHash(report), location });
};
