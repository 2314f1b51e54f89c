import { join } from "node:path";
import type { BlockClock } from "#shared/participant/block-clock.js";
import type { Network } from "#shared/protocol/network.js";
import { PHASES, phaseAt } from "#shared/protocol/phases.js";
import { LiveView } from "#shared/telemetry/live-view.js";
import { METRICS_FILE } from "#shared/telemetry/metrics-file.js";
import { bar, formatDuration, sparkline } from "#shared/telemetry/progress.js";
import { tailMetrics } from "./metrics-tail.js";
import { paint } from "./paint.js";
import type { ModelLosses } from "./result.js";
import type { LocalnetParticipant } from "./roles.js";

const REFRESH_MS = 250;
const BAR_WIDTH = 28;
const SPARK_POINTS = 24;

export interface Followed {
  readonly clock: BlockClock;
  readonly network: Network;
  readonly participants: readonly LocalnetParticipant[];
  readonly home: string;
  readonly first: number;
  readonly last: number;
  /** Held-out losses of the models so far, genesis first. The array grows. */
  readonly heldOut: readonly ModelLosses[];
}

/** The output of the localnet while it runs. */
export interface LocalnetView {
  /** Writes progress to standard error. */
  print(...lines: readonly string[]): void;
  /** Writes results to standard output, in full also when it is a file or a pipe. */
  answer(...lines: readonly string[]): void;
  /** A long step with a known length. */
  progress(what: string, fraction: number, detail: string): void;
  /** From now on shows the state of the subnet. */
  follow(subnet: Followed): void;
  /** Stops the live display. */
  rest(): void;
  close(): void;
}

export const createView = (): LocalnetView => {
  const live = new LiveView({ terminal: process.stderr });
  let timer: NodeJS.Timeout | undefined;
  return {
    print: (...lines) => {
      for (const line of lines) live.print(line);
    },
    answer: (...lines) => {
      for (const line of lines) live.print(line, process.stdout);
    },
    progress: (what, fraction, detail) => {
      const line = `${what}  ${bar(fraction, BAR_WIDTH)}  ${Math.floor(100 * fraction)} %  ${detail}`;
      live.update([line], line);
    },
    follow: ({ clock, network, participants, home, first, last, heldOut }) => {
      const miners = participants
        .filter(({ program }) => program === "miner")
        .map((participant) => follow(participant, home));
      const started = performance.now();
      timer = setInterval(() => {
        const { number } = clock.head;
        const { cycle, phase, start, end } = phaseAt(number, network.phases);
        const done = (number - start + 1) / (end - start);
        const title = `block ${number} · cycle ${cycle} (${Math.min(cycle, last) - first + 1} of ${last - first + 1}) · ${formatDuration(performance.now() - started)} elapsed`;
        const phases = PHASES.map((name) => paint(name === phase ? ["bold", "cyan"] : "dim", name)).join(" → ");
        const lines = [
          paint("bold", title),
          phases,
          `${phase.padEnd(10)} ${paint("cyan", bar(done, BAR_WIDTH))} ${number - start + 1}/${end - start} blocks`,
          ...miners.map((miner) => `  ${miner()}`),
          ...heldOutLines(heldOut).map((line) => `  ${line}`),
        ];
        live.update(lines, `${title} · ${phase} ${number - start + 1}/${end - start}`);
      }, REFRESH_MS);
    },
    rest: () => {
      clearInterval(timer);
      live.update([]);
    },
    close: () => {
      clearInterval(timer);
      live.close();
    },
  };
};

/** Models whose loss a line shows. */
const SHOWN_MODELS = 8;

/** One line per group: the loss on held-out text of the agreed models, the last ones; "=" if the model took no step. */
export const heldOutLines = (heldOut: readonly ModelLosses[]): string[] =>
  Object.keys(heldOut[0]?.valLoss ?? {}).map((group) => {
    const losses = heldOut.slice(-SHOWN_MODELS).map(({ valLoss }) => valLoss[group]!);
    const earlier = heldOut.length > SHOWN_MODELS ? "… → " : "";
    const path = losses
      .map((loss, i) => (i === 0 ? "" : loss === losses[i - 1] ? " = " : " → ") + loss.toFixed(3))
      .join("");
    return `${group.padEnd(10)} held-out ${paint("green", earlier + path)}  val_bpb ${heldOut.at(-1)!.valBpb[group]!.toFixed(3)}`;
  });

/** One line per miner: its step, its loss, and the losses of this cycle. */
const follow = (participant: LocalnetParticipant, home: string): (() => string) => {
  const read = tailMetrics(join(home, "players", participant.name, METRICS_FILE));
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
    const kind = participant.behaviour === "honest" ? participant.group : participant.behaviour;
    const state =
      losses.length === 0
        ? ""
        : `step ${String(step).padEnd(4)} loss ${losses.at(-1)!.toFixed(3)}  ${sparkline(losses.slice(-SPARK_POINTS))}`;
    return `${participant.name.padEnd(10)} ${String(kind).padEnd(7)} ${state}`;
  };
};
