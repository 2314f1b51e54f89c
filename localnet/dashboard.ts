import { startDashboard } from "#inspect/dashboard/server.js";
import { watchSubnet } from "#inspect/dashboard/watch.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { openSubnet } from "#shared/subnet/open-subnet.js";
import type { Log } from "#shared/telemetry/log.js";
import { joinSignals } from "#shared/util/join-signals.js";
import type { LocalnetOptions, Stage } from "./options.js";

/** Past cycles that are read at the start, and cycles that are kept: a localnet begins with none. */
const CYCLES = 8;
const KEPT = 1000;

interface Shown {
  readonly home: string;
  readonly endpoint: string;
  readonly netuid: number;
  readonly log: Log;
}

/** Serves the localnet's dashboard until the run ends. A localnet that cannot have one goes on without. */
export const showDashboard = async (
  { home, endpoint, netuid, log }: Shown,
  { dashboard, signal }: Pick<LocalnetOptions, "dashboard" | "signal">,
  { view, onExit }: Pick<Stage, "view" | "onExit">,
): Promise<void> => {
  if (dashboard === null) return;
  const ended = new AbortController();
  onExit(joinSignals(ended, signal));
  const without = (thrown: unknown) => view.print(`no dashboard: ${reasonOf(thrown)}`);
  try {
    const subnet = await openSubnet({ home, chain: endpoint, netuid, allowPrivateAddresses: true, log, signal });
    onExit(() => subnet.close());
    const watch = await watchSubnet({ subnet, cycles: CYCLES, kept: KEPT, texts: true, log, signal: ended.signal });
    watch.done.catch(without);
    const served = await startDashboard({ watch, ...dashboard, log });
    onExit(() => served.close());
    view.print(`dashboard: ${served.url}`);
  } catch (thrown) {
    ended.abort();
    signal.throwIfAborted();
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    without(thrown);
  }
};
