import { table } from "#shared/cli/table.js";
import { bytes, milliseconds, percent, rate, verdict } from "../format.js";
import type { Machine } from "../machine.js";
import { isLeak, PER } from "../memory/growth.js";
import { COMPARED, type Measurement } from "./measure.js";
import type { ProfileLine } from "./profile.js";

/** Share of the processor that other programs may have had before a figure is in doubt. */
const QUIET = 0.05;
const PROFILE_LINES = 20;

/** A case's figures for people. */
export const describeCase = (measurement: Measurement, { processor }: Pick<Machine, "processor">): string => {
  const { name, what, ours, peers, dropped, flops, flopsPerSecond, peak, shareOfPeak, otherWork } = measurement;
  const rows = [
    ["", "median", "fastest", "we are", "target", `losses differ over ${COMPARED} steps by`, "processor"],
    [ours.name, milliseconds(ours.median), milliseconds(ours.fastest), "", "", "", processor],
    ...peers.map(({ name: peer, median, fastest, ratio, target, met, lossDifference, lossesAgree }) => [
      peer,
      milliseconds(median),
      milliseconds(fastest),
      `${ratio.toFixed(2)} ×`,
      met === undefined ? "" : `${target} × ${verdict(met)}`,
      `${lossDifference.toExponential(1)} ${lossesAgree ? "(agree)" : "(DISAGREE)"}`,
      processor,
    ]),
  ];
  const compiled = peers.filter(({ mode }) => mode === "compiled");
  return [
    `${name}: ${what}`,
    table(rows),
    ...dropped.map(({ name: peer, reason }) => `  ${peer} is left out: ${reason}`),
    `  ${(flops / 1e9).toFixed(1)} GFLOP of matrix products a step: ${rate(flopsPerSecond)}, ${percent(shareOfPeak)} of the machine's peak`,
    `  (its fastest product alone: ${peak.by.map((side) => `${side.name} ${rate(side.flops)}`).join(", ")})`,
    ...peak.dropped.map(({ name: library, reason }) => `  (${library} failed at it: ${reason})`),
    ...optimiserLine(measurement),
    ...memoryLines(measurement),
    ...compiled.map(({ name: peer, first }) => `  ${peer} took ${first.toFixed(0)} s to its first step`),
    ...(otherWork > QUIET
      ? [
          `  ${percent(otherWork)} of the processor went to other programs meanwhile: take these figures again on a quiet machine`,
        ]
      : []),
    ...growthLine(measurement),
    ...profileLines(measurement),
  ].join("\n");
};

const optimiserLine = ({ optimiser }: Measurement): readonly string[] =>
  optimiser
    ? [
        `  optimiser and all else beside forward and backward pass: ${milliseconds(optimiser.median)}, ${percent(optimiser.share)} of the step (at most ${percent(optimiser.limit)}: ${verdict(optimiser.met)})`,
      ]
    : [];

const memoryLines = ({ memory }: Measurement): readonly string[] => {
  const [ours, ...theirs] = memory;
  if (ours === undefined) return [];
  const least = Math.min(...theirs.map(({ bytes: taken }) => taken));
  const outcome = theirs.length === 0 ? "" : ` (at most PyTorch's: ${verdict(ours.bytes <= least)})`;
  const sides = memory.map(({ name, bytes: taken }) => `${name} ${bytes(taken)}`).join(", ");
  return [`  memory at the peak of a step beyond the libraries': ${sides}${outcome}`];
};

const growthLine = ({ growth }: Measurement): readonly string[] =>
  growth
    ? [
        `  resident memory grows by ${percent(growth.share)} of ${bytes(growth.level)} in ${PER} steps${isLeak(growth) ? ": A LEAK" : ""}`,
      ]
    : [];

const profileLines = ({ profile }: Measurement): readonly string[] => {
  if (profile.length === 0) return [];
  const timeOf = (lines: readonly ProfileLine[]) => lines.reduce((sum, line) => sum + line.milliseconds, 0);
  const total = timeOf(profile);
  const phases = [...new Set(profile.map(({ phase }) => phase))].map(
    (phase) => `${phase ?? "of no pass alone"} ${milliseconds(timeOf(profile.filter((line) => line.phase === phase)))}`,
  );
  const rows = profile
    .slice(0, PROFILE_LINES)
    .map(({ operator, phase = "", kernels, nodes, milliseconds: time }) => [
      operator,
      phase,
      `${nodes}`,
      milliseconds(time),
      percent(time / total),
      kernels.slice(0, 3).join(" ") + (kernels.length > 3 ? " …" : ""),
    ]);
  return [
    `  where the time of our kernels goes (${milliseconds(total)}: ${phases.join(", ")}):`,
    table([["operator", "pass", "nodes", "a step", "share", "kernels"], ...rows]),
  ];
};
