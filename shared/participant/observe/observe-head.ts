import type { Head } from "#shared/chain/chain.js";
import { STALE_HEAD_MS } from "#shared/chain/connection/stale-head.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import { phaseAt } from "#shared/protocol/phases.js";
import { PHASES } from "#shared/telemetry/instruments/labels.js";
import type { Telemetry } from "#shared/telemetry/telemetry.js";
import type { BlockClock } from "../block-clock.js";

/** Blocks for which no new one may come before a program counts as unhealthy, at the chain's pace. */
const STALE_BLOCKS = 10;

export interface HeadOptions {
  /** Of the network file. Without them no cycles are shown. */
  readonly phases?: PhaseLengths;
  /** The wall clock, milliseconds since the epoch. */
  readonly now?: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed?: () => number;
}

/**
 * Shows the newest block and its place in the cycle. The program is unhealthy while no block comes. Until the signal aborts. What the wall clock
 * differs from the chain's is shown as it is when a block comes; how long ago that was does not depend on it.
 */
export const observeHead = (
  clock: Pick<BlockClock, "head" | "onHead">,
  { instruments, health }: Telemetry,
  signal: AbortSignal,
  { phases, now = Date.now, elapsed = performance.now.bind(performance) }: HeadOptions = {},
): void => {
  let last = clock.head;
  let seen = elapsed();
  let pace = 0;
  const show = ({ number, timestamp }: Head) => {
    instruments.set("blockzero_head_block", number);
    instruments.set("blockzero_head_lag_seconds", (now() - timestamp) / 1000);
    if (!phases) return;
    const { cycle, phase, blocksLeft } = phaseAt(number + 1, phases);
    instruments.set("blockzero_cycle", cycle);
    instruments.set("blockzero_phase_left_blocks", blocksLeft);
    for (const one of PHASES) instruments.set("blockzero_phase", one === phase ? 1 : 0, { phase: one });
  };
  show(last);
  clock.onHead((head) => {
    if (head.number > last.number) pace = (head.timestamp - last.timestamp) / (head.number - last.number);
    seen = elapsed();
    last = head;
    show(head);
  }, signal);
  const unread = instruments.beforeReading(() =>
    instruments.set("blockzero_head_age_seconds", (elapsed() - seen) / 1000),
  );
  const unwatch = health.watch(() => {
    const age = elapsed() - seen;
    if (age <= Math.max(STALE_HEAD_MS, STALE_BLOCKS * pace)) return null;
    return `no new block for ${Math.round(age / 1000)} s, the last is ${last.number}`;
  });
  signal.addEventListener("abort", () => {
    unread();
    unwatch();
  });
};
