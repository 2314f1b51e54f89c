import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { createHealth } from "#shared/telemetry/health.js";
import { INSTRUMENTS } from "#shared/telemetry/instruments/definitions.js";
import type { NameOf } from "#shared/telemetry/instruments/instruments.js";
import { DUTIES, type LabelValues } from "#shared/telemetry/instruments/labels.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { startMetricsServer } from "#shared/telemetry/metrics-server.js";
import { verdict } from "./format.js";
import { describeMachine, machine } from "./machine.js";
import { median } from "./median.js";
import { figuresOption, writeFigures } from "./options.js";

const MINERS = 256;
const TARGET_MS = 20;
/** Calls over which one is timed. */
const CALLS = 100_000;

export const metricsBench: CommandSpec = {
  name: "metrics",
  description: `how long /metrics of a validator of ${MINERS} miners takes over HTTP, and what counting costs`,
  examples: ["npm run bench -- metrics"],
  define: (command) =>
    command
      .option("--rounds <n>", "times to read; the median counts", wholeNumber(1), 101)
      .addOption(figuresOption())
      .action(run),
};

const isGauge = (name: string): name is NameOf<"gauge"> =>
  Object.entries(INSTRUMENTS).some(([known, { type }]) => known === name && type === "gauge");

/** Every gauge of a validator with a value, those by uid with one a miner; every counter and histogram with all its series. */
const full = () => {
  const instruments = prometheusInstruments("validator");
  for (const [name, definition] of Object.entries(INSTRUMENTS)) {
    if (!isGauge(name)) continue;
    const labels: Readonly<Record<string, LabelValues>> = "labels" in definition ? definition.labels : {};
    const [label, values] = Object.entries(labels)[0] ?? [];
    if (label === undefined || values === undefined) instruments.replace(name, [[{} as never, 12_345.678_9]]);
    else {
      const all = "atMost" in values ? Array.from({ length: label === "uid" ? MINERS : 4 }, (_, i) => i) : values;
      instruments.replace(
        name,
        all.map((value) => [{ [label]: value } as never, Math.random()]),
      );
    }
  }
  for (const duty of DUTIES) instruments.observe("blockzero_duty_duration_seconds", 12, { duty });
  return instruments;
};

const run = async ({ rounds, json }: { readonly rounds: number; readonly json?: string }): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const instruments = full();
  const server = await startMetricsServer({ host: "127.0.0.1", port: 0, instruments, health: createHealth() });
  const times: number[] = [];
  let text = "";
  const before = process.cpuUsage();
  try {
    for (let round = 0; round < rounds; round++) {
      const begun = performance.now();
      text = await (await fetch(`${server.url}/metrics`)).text();
      times.push(performance.now() - begun);
    }
  } finally {
    await server.close();
  }
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / 1000 / rounds;
  const ms = median(times);
  const worst = Math.max(...times);
  const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  const begun = performance.now();
  for (let call = 0; call < CALLS; call++) instruments.add("blockzero_races_total", 1);
  const nanoseconds = ((performance.now() - begun) / CALLS) * 1e6;
  const met = ms < TARGET_MS;
  console.log(
    `${series} series, ${Math.round(text.length / 1024)} KiB: ${ms.toFixed(1)} ms, ${worst.toFixed(1)} ms at worst, ${cpu.toFixed(1)} ms of processor with the reader's (target: under ${TARGET_MS} ms): ${verdict(met)}`,
  );
  console.log(`counting once: ${Math.round(nanoseconds)} ns`);
  await writeFigures(json, {
    machine: here,
    series,
    bytes: text.length,
    times,
    ms,
    worst,
    nanoseconds,
    target: TARGET_MS,
    met,
  });
};
