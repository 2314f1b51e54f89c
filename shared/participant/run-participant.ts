import { setTimeout as delay } from "node:timers/promises";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { isChainFault } from "#shared/chain/chain-fault.js";
import { hasCode } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import type { MetricsSink } from "#shared/telemetry/metrics.js";
import { type MetricsConfig, openMetrics } from "#shared/telemetry/open-metrics.js";
import { openTelemetry } from "#shared/telemetry/open-telemetry.js";
import { isTextMissing } from "./agreement/agreed-texts.js";
import { isSuccession } from "./agreement/follow-network.js";
import { faultFields } from "./fault-fields.js";
import { joinNetwork } from "./join.js";
import type { Participant, ParticipantConfig } from "./participant.js";

export interface ParticipantRun {
  readonly role: "miner" | "validator";
  /** The program's. */
  readonly version: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Pause before joining again is tried once more, in milliseconds; default: a block of the public chain. */
  readonly againMs?: number;
}

const AGAIN_MS = 12_000;

/** Whether a start failed by what may be there again in a moment. */
const mayPass = (thrown: unknown): boolean =>
  isChainFault(thrown) || hasCode(thrown, "SIGNER_UNREACHABLE", "SIGNER_TIMEOUT");

/** The same of one that goes over to another network file: those who have its text go over at the same block, and do not answer for a moment. */
const mayPassGoingOver = (thrown: unknown): boolean =>
  mayPass(thrown) || isFetchFault(thrown) || isTextMissing(thrown) || hasCode(thrown, "NETWORK_MISSING");

/**
 * Joins the network, runs until the signal aborts, and leaves in order. If another network file succeeds this one, joins again under that
 * file, and waits for a chain, a signer or servers of its text that do not answer at that moment. Throws only for problems before the first cycle, or
 * for problems that would stop every later cycle. Other faults cost one cycle.
 */
export const runParticipant = async (
  config: ParticipantConfig & MetricsConfig & { readonly metrics: { readonly listen: string } },
  { role, version, log, signal, againMs = AGAIN_MS }: ParticipantRun,
  participate: (participant: Participant, metrics: MetricsSink) => Promise<never>,
): Promise<void> => {
  if (config.dry_run) log.warn("dry run: nothing is written to the chain, and what says so would have been");
  const metrics = openMetrics(config, { role, log });
  const telemetry = await openTelemetry({ role, version, listen: config.metrics.listen, log });
  let hasGoneOver = false;
  telemetry.duties.joining();
  telemetry.health.watch(() => (signal.aborted ? "stopping" : null));
  const join = async (): Promise<Participant> => {
    for (;;)
      try {
        return await joinNetwork({ config, log, signal, telemetry });
      } catch (thrown) {
        if (signal.aborted || !hasGoneOver || !mayPassGoingOver(thrown)) throw thrown;
        log.warn("not yet joined under the new network file: once more in a moment", faultFields(thrown));
        await delay(againMs, undefined, { signal });
      }
  };
  try {
    for (;;) {
      const participant = await join();
      try {
        await participate(participant, metrics);
      } catch (thrown) {
        if (isSuccession(thrown)) hasGoneOver = true;
        // Those who have the model go over at the same block, and do not answer for a moment; nor may the chain or the signer.
        else if (hasGoneOver && (hasCode(thrown, "MODEL_MISSING") || mayPass(thrown))) {
          log.warn("not yet under the new network file: once more at the next block", faultFields(thrown));
          // By its own signal: where its presence is lost meanwhile, no block comes any more.
          await participant.clock.reach(participant.clock.head.number + 1, participant.signal);
        } else throw thrown;
      } finally {
        telemetry.duties.joining();
        await participant.leave();
      }
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    await metrics.close();
    await telemetry.close();
  }
};
