import { table } from "../table.js";
import type { Measurement } from "./measure.js";

/** Relative difference of the losses that float32's rounding explains. */
const LOSS_TOLERANCE = 1e-3;
const PROFILE_LINES = 16;

/** A case's figures for people; `peak` is our runtime's fastest matrix product, FLOP/s. */
export const describeCase = (measurement: Measurement, peak: number): string => {
  const { name, what, ours, peers, flops } = measurement;
  const milliseconds = (value: number) => `${value.toFixed(1)} ms`;
  const rows = [
    ["", "median", "fastest", "we are faster", "target", "losses differ by"],
    [ours.name, milliseconds(ours.median), milliseconds(ours.fastest), "", "", ""],
    ...peers.map(({ name: peer, median, fastest, ratio, target, lossDifference }) => [
      peer,
      milliseconds(median),
      milliseconds(fastest),
      `${ratio.toFixed(2)} ×`,
      target === undefined ? "" : `${target} × ${ratio >= target ? "met" : "missed"}`,
      `${lossDifference.toExponential(1)} ${lossDifference <= LOSS_TOLERANCE ? "(agree)" : "(DISAGREE)"}`,
    ]),
  ];
  const rate = flops / (ours.median / 1000);
  const share = `${(flops / 1e9).toFixed(1)} GFLOP of matrix products a step: ${(rate / 1e9).toFixed(0)} GFLOP/s, ${percent(rate / peak)} of the peak`;
  return [`${name}: ${what}`, table(rows), `  ${share}`, ...growthLine(measurement), ...profileLines(measurement)].join(
    "\n",
  );
};

const growthLine = ({ growth }: Measurement): readonly string[] => {
  if (!growth) return [];
  const { steps, before, after } = growth;
  const size = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return [`  resident memory over ${steps} steps: ${size(before)} → ${size(after)} (${percent(after / before - 1)})`];
};

const profileLines = ({ profile }: Measurement): readonly string[] => {
  if (profile.length === 0) return [];
  const total = profile.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rows = profile
    .slice(0, PROFILE_LINES)
    .map(({ kernel, calls, milliseconds }) => [
      kernel,
      `${calls}`,
      `${milliseconds.toFixed(1)} ms`,
      percent(milliseconds / total),
    ]);
  return [
    `  where our time goes (${total.toFixed(1)} ms in kernels):`,
    table([["kernel", "calls", "a step", "share"], ...rows]),
  ];
};

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
