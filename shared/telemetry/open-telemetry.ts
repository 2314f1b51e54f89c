import { reasonOf } from "#shared/errors/error.js";
import type { Role } from "./instruments/definition.js";
import { prometheusInstruments } from "./instruments/prometheus.js";
import { isLoopback, parseListenAddress } from "./listen-address.js";
import type { Log } from "./log.js";
import { startMetricsServer } from "./metrics-server.js";
import { createTelemetry, type Telemetry } from "./telemetry.js";

export interface OpenTelemetryOptions {
  readonly role: Role;
  readonly version: string;
  /** `host:port`, or `off`. */
  readonly listen: string;
  readonly log: Log;
}

/** Telemetry that is served, and the end of it. */
export interface OpenTelemetry extends Telemetry {
  close(): Promise<void>;
}

/**
 * Counts, and serves what it counts at `listen`. Where it cannot listen there, one line says so and the program runs without: nothing that
 * watches a program may end it.
 */
export const openTelemetry = async ({ role, version, listen, log }: OpenTelemetryOptions): Promise<OpenTelemetry> => {
  const address = parseListenAddress(listen);
  if (address === null) return { ...createTelemetry(), close: async () => {} };
  const instruments = prometheusInstruments(role);
  const telemetry = createTelemetry(instruments);
  const { health, duties } = telemetry;
  instruments.set("blockzero_build_info", 1, { version, role });
  instruments.beforeReading(() => {
    instruments.set("blockzero_healthy", health.problem() === null ? 1 : 0);
    instruments.set("blockzero_joining", duties.isJoining ? 1 : 0);
  });
  try {
    const server = await startMetricsServer({ ...address, instruments, health });
    log.info("serving metrics", { url: `${server.url}/metrics` });
    if (!isLoopback(address.host))
      log.warn("metrics are served to everybody who reaches this address", {
        url: server.url,
        prevention: "let a firewall admit only Prometheus, or set metrics.listen to 127.0.0.1:<port>",
      });
    return { ...telemetry, close: () => server.close() };
  } catch (thrown) {
    log.warn("metrics are not served", {
      code: "METRICS_PORT_UNAVAILABLE",
      listen,
      reason: reasonOf(thrown),
      hint: "set metrics.listen to a free address of this machine, or to off",
    });
    return { ...telemetry, close: async () => {} };
  }
};
