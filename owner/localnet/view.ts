import { join } from "node:path";
import type { BlockClock } from "#shared/participant/block-clock.js";
import type { Network } from "#shared/protocol/network.js";
import { PHASES, phaseAt } from "#shared/protocol/phases.js";
import { LiveView } from "#shared/telemetry/live-view.js";
import { bar, formatDuration, sparkline } from "#shared/telemetry/progress.js";
import type { Player } from "./cast.js";
import { tailMetrics } from "./metrics-tail.js";

const REFRESH_MS = 250;
const BAR_WIDTH = 28;
const SPARK_POINTS = 24;

/** What the localnet shows while it works. */
export interface LocalnetView {
  print(...lines: readonly string[]): void;
  /** A long step with a known length. */
  progress(what: string, fraction: number, detail: string): void;
  /** From now on the subnet's own life is shown. */
  follow(subnet: {
    clock: BlockClock;
    network: Network;
    players: readonly Player[];
    home: string;
    first: number;
    last: number;
  }): void;
  close(): void;
}

export const createView = (): LocalnetView => {
  const live = new LiveView({ terminal: process.stderr });
  let timer: NodeJS.Timeout | undefined;
  return {
    print: (...lines) => {
      for (const line of lines) live.print(line);
    },
    progress: (what, fraction, detail) => {
      const line = `${what}  ${bar(fraction, BAR_WIDTH)}  ${Math.floor(100 * fraction)} %  ${detail}`;
      live.update([line], line);
    },
    follow: ({ clock, network, players, home, first, last }) => {
      const miners = players.filter(({ program }) => program === "miner").map((player) => follow(player, home));
      const started = performance.now();
      timer = setInterval(() => {
        const { number } = clock.head;
        const { cycle, phase, start, end } = phaseAt(number, network.phases);
        const done = (number - start + 1) / (end - start);
        const title = `block ${number} · cycle ${cycle} (${Math.min(cycle, last) - first + 1} of ${last - first + 1}) · ${formatDuration(performance.now() - started)}`;
        const phases = PHASES.map((name) => (name === phase ? `[${name}]` : name)).join(" → ");
        const lines = [
          title,
          `${phases}`,
          `${phase.padEnd(10)} ${bar(done, BAR_WIDTH)} ${number - start + 1}/${end - start} blocks`,
          ...miners.map((miner) => `  ${miner()}`),
        ];
        live.update(lines, `${title} · ${phase} ${number - start + 1}/${end - start}`);
      }, REFRESH_MS);
    },
    close: () => {
      clearInterval(timer);
      live.close();
    },
  };
};

/** A line a miner: its step, its loss, and how the loss went in this cycle. */
const follow = (player: Player, home: string): (() => string) => {
  const read = tailMetrics(join(home, "players", player.name, "metrics.jsonl"));
  let cycle: unknown;
  let step = 0;
  let losses: number[] = [];
  return () => {
    for (const line of read()) {
      const loss = line["train/loss"];
      if (typeof loss !== "number") continue;
      if (line.cycle !== cycle) losses = [];
      cycle = line.cycle;
      step = Number(line.step);
      losses.push(loss);
    }
    const kind = player.behaviour === "honest" ? player.group : player.behaviour;
    const state =
      losses.length === 0
        ? ""
        : `step ${String(step).padEnd(4)} loss ${losses.at(-1)!.toFixed(3)}  ${sparkline(losses.slice(-SPARK_POINTS))}`;
    return `${player.name.padEnd(10)} ${String(kind).padEnd(7)} ${state}`;
  };
};
