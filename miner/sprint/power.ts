import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The power that the processor packages take. */
export interface PowerMeter {
  /** Mean watts since the last call. Null if they cannot be read. */
  watts(): number | null;
}

/** Where Linux shows counters of energy: https://docs.kernel.org/power/powercap/powercap.html */
const POWERCAP = "/sys/class/powercap";

/** A package's zone, such as `intel-rapl:0`; parts of it, `intel-rapl:0:1`, are counted in it. */
const PACKAGE = /^[a-z-]+:\d+$/;

/** Reads the counters of all packages. @param folder of the zones @param now milliseconds of a monotonic clock */
export const openPowerMeter = (folder = POWERCAP, now: () => number = () => performance.now()): PowerMeter => {
  let last = read(folder);
  let since = now();
  return {
    watts() {
      const [before, begun] = [last, since];
      last = read(folder);
      since = now();
      if (!before || !last || before.length !== last.length || since <= begun) return null;
      let microjoules = 0;
      for (const [i, { energy, range }] of last.entries()) {
        const used = energy - before[i]!.energy;
        microjoules += used < 0 ? used + range : used;
      }
      return microjoules / 1000 / (since - begun);
    },
  };
};

/** A counter in microjoules, which begins anew after `range`. */
interface Counter {
  readonly energy: number;
  readonly range: number;
}

/** Null where a counter is missing, or only root may read it. */
const read = (folder: string): readonly Counter[] | null => {
  try {
    const zones = readdirSync(folder).filter((name) => PACKAGE.test(name));
    const counters = zones.map((zone) => ({
      energy: Number(readFileSync(join(folder, zone, "energy_uj"), "utf8")),
      range: Number(readFileSync(join(folder, zone, "max_energy_range_uj"), "utf8")),
    }));
    const isRead = counters.length > 0 && counters.every(({ energy, range }) => energy >= 0 && range > 0);
    return isRead ? counters : null;
  } catch {
    return null;
  }
};
