import { setTimeout } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";
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
  /** Of the resident memory V8's young generation: as large as all the garbage of a program makes it, up to a limit. */
  readonly young: number;
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
/** Pages that a collection frees are given back somewhat later. */
const SETTLE_MS = 1_000;

const measure = async (): Promise<FromProgram> => {
  const { user, system } = process.cpuUsage();
  globalThis.gc?.();
  await setTimeout(SETTLE_MS);
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return {
    type: "usage",
    cpuMs: (user + system) / 1000,
    resident: rss,
    heap: heapUsed,
    young: young?.physical_space_size ?? 0,
  };
};

let cycle = 0;
process.on("message", (message: ToProgram) => {
  if (message.type === "cycle") {
    tellBusyCycle(role, ++cycle, { instruments: telemetry.instruments, metrics });
    tell({ type: "done" });
  } else if (message.type === "measure") void measure().then(tell);
  else
    void Promise.all([metrics.close(), telemetry.close()]).then(() => {
      process.disconnect?.();
    });
});
tell({ type: "ready", url: mode === "on" ? `http://127.0.0.1:${port}/metrics` : null });
