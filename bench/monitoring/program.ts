import { silentLog } from "#shared/telemetry/log.js";
import { openMetrics } from "#shared/telemetry/open-metrics.js";
import { openTelemetry } from "#shared/telemetry/open-telemetry.js";
import { tellBusyCycle, type WatchedRole } from "./busy-cycle.js";

/** What a program of the bench is told over its channel, and what it answers. */
export type ToProgram = { readonly type: "cycle" } | { readonly type: "measure" } | { readonly type: "end" };

export interface Usage {
  /** Processor time since the start, all threads, milliseconds. */
  readonly cpuMs: number;
  /** Resident, and JavaScript's own, after a collection, bytes. */
  readonly resident: number;
  readonly heap: number;
}

export type FromProgram =
  | { readonly type: "ready"; readonly url: string | null }
  | { readonly type: "done" }
  | ({ readonly type: "usage" } & Usage);

const [role, mode, folder, port] = process.argv.slice(2) as [WatchedRole, "on" | "off", string, string];

const tell = (message: FromProgram): void => void process.send?.(message);

const config = {
  ...{ checkpoint_dir: folder, netuid: 1, wallet: { name: "bench", hotkey: role } },
  wandb: mode === "on",
};
const metrics = openMetrics(config, { role, log: silentLog });
const telemetry = await openTelemetry({
  ...{ role, version: "0.0.0", log: silentLog },
  listen: mode === "on" ? `127.0.0.1:${port}` : "off",
});
let cycle = 0;
process.on("message", (message: ToProgram) => {
  if (message.type === "cycle") {
    tellBusyCycle(role, ++cycle, { instruments: telemetry.instruments, metrics });
    tell({ type: "done" });
  } else if (message.type === "measure") {
    globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    tell({ type: "usage", cpuMs: (user + system) / 1000, resident: rss, heap: heapUsed });
  } else
    void Promise.all([metrics.close(), telemetry.close()]).then(() => {
      process.disconnect?.();
    });
});
tell({ type: "ready", url: mode === "on" ? `http://127.0.0.1:${port}/metrics` : null });
