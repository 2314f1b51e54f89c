import { verify } from "#shared/chain/wallet.js";
import { reasonOf } from "#shared/errors.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { parseRecord, shortHash } from "#shared/protocol/records.js";
import { isReportSigned, MAX_REPORT_BYTES, parseReport, type Report } from "#shared/protocol/report.js";
import { permittedStakes, type Stakes } from "#shared/protocol/stake.js";
import type { Participant } from "./join.js";

/** What the validators said about a cycle, and the stake behind each. */
export interface CycleReports {
  readonly reports: readonly Report[];
  readonly stakes: Stakes;
}

type Reader = Pick<Participant, "chain" | "network" | "networkHash" | "blobs" | "log" | "signal">;

/**
 * The reports that permitted validators committed inside the cycle's evaluate phase, fetched and checked: hash, author, signature.
 * One that cannot be had is left out and logged. Call it once the evaluate phase is over.
 */
export const collectReports = async (reader: Reader, cycle: number): Promise<CycleReports> => {
  const { chain, network, networkHash, blobs, log, signal } = reader;
  const window = phaseWindow(cycle, "evaluate", network.phases);
  const at = window.end - 1;
  const [metagraph, commitments] = await Promise.all([
    chain.metagraph(network.netuid, at),
    chain.commitments(network.netuid, at),
  ]);
  const stakes = permittedStakes(metagraph.neurons);
  const reports = await Promise.all(
    commitments.map(async ({ hotkey, data, block }) => {
      const record = parseRecord(data);
      if (!stakes.has(hotkey) || block < window.start || !record.ok || record.value.type !== "report") return null;
      const { cycle: of, network: tag, report: hash, location } = record.value;
      if (of !== cycle || tag !== shortHash(networkHash)) return null;
      try {
        const report = parseReport(
          await blobs.get({ hash, maxBytes: MAX_REPORT_BYTES, locations: [location], signal }),
        );
        if (report.ok && report.value.validator === hotkey && isReportSigned(report.value, verify)) return report.value;
        log.warn("report left out", { cycle, hotkey, reason: report.ok ? "not signed by its hotkey" : report.problem });
      } catch (thrown) {
        signal.throwIfAborted();
        log.warn("report left out", { cycle, hotkey, reason: reasonOf(thrown) });
      }
      return null;
    }),
  );
  return { reports: reports.filter((report) => report !== null), stakes };
};
