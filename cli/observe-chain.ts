import { packageInfo } from "#shared/cli/package-info.js";
import { metricsSetting } from "#shared/config/common.js";
import { defineConfig } from "#shared/config/settings.js";
import { OFF } from "#shared/telemetry/listen-address.js";
import type { Log } from "#shared/telemetry/log.js";
import { openTelemetry } from "#shared/telemetry/open-telemetry.js";
import { logSettings } from "./settings.js";

/** Of a chain on one machine, which serves no metrics unless asked. */
export const ownChainSettings = defineConfig({ "metrics.listen": metricsSetting(OFF), ...logSettings });

export interface OwnChain {
  readonly listen: string;
  /** The newest block. `ageMs`: milliseconds since it came; unset where nobody measures it. */
  readonly head: () => { readonly number: number; readonly ageMs?: number };
  readonly log: Log;
}

/** Serves the figures of a chain that this program runs. @returns ends it */
export const observeChain = async ({ listen, head, log }: OwnChain): Promise<() => Promise<void>> => {
  const { instruments, close } = await openTelemetry({ role: "chain", version: packageInfo.version, listen, log });
  instruments.beforeReading(() => {
    const { number, ageMs } = head();
    instruments.set("blockzero_head_block", number);
    if (ageMs !== undefined) instruments.set("blockzero_head_age_seconds", ageMs / 1000);
  });
  return close;
};
