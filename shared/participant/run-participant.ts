import type { Log } from "#shared/telemetry/log.js";
import type { MetricsSink } from "#shared/telemetry/metrics.js";
import { type MetricsConfig, openMetrics } from "#shared/telemetry/open-metrics.js";
import { isSuccession } from "./agreement/follow-network.js";
import { joinNetwork, type ParticipantConfig } from "./join.js";
import type { Participant } from "./participant.js";

export interface ParticipantRun {
  readonly role: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Joins the network, runs until the signal aborts, and leaves in order. If another network file succeeds this one, joins again under that
 * file. Throws only for problems before the first cycle, or for problems that would stop every later cycle. Other faults cost one cycle.
 */
export const runParticipant = async (
  config: ParticipantConfig & MetricsConfig,
  { role, log, signal }: ParticipantRun,
  live: (participant: Participant, metrics: MetricsSink) => Promise<never>,
): Promise<void> => {
  const metrics = openMetrics(config, { role, log });
  try {
    for (;;) {
      const participant = await joinNetwork({ config, log, signal });
      try {
        await live(participant, metrics);
      } catch (thrown) {
        if (!isSuccession(thrown)) throw thrown;
      } finally {
        await participant.leave();
      }
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    await metrics.close();
  }
};
