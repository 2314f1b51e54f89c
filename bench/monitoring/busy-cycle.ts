import type { InstrumentDefinition } from "#shared/telemetry/instruments/definition.js";
import { INSTRUMENTS } from "#shared/telemetry/instruments/definitions.js";
import type { Instruments, NameOf } from "#shared/telemetry/instruments/instruments.js";
import type { LabelValues } from "#shared/telemetry/instruments/labels.js";
import type { MetricsSink } from "#shared/telemetry/metrics.js";

/** Miners that a validator tells of. */
const MINERS = 256;
/** Blocks of a cycle; gauges of the head and the like are set in each. */
const BLOCKS = 60;
/** Optimiser steps of a miner's cycle, and steps that one line of metrics is for. */
const STEPS = 1000;
const STEPS_A_LINE = 10;
/** Lines of a validator's cycle beside its table of miners. */
const LINES = 64;
/** Events that are counted, and durations that are observed, of each kind. */
const EVENTS = 1000;

export type WatchedRole = "miner" | "validator";

interface Watched {
  readonly instruments: Instruments;
  readonly metrics: MetricsSink;
}

/** Counting by names and labels that are only known while it runs. */
type AnyCount = (name: string, value: number, labels: object) => void;

/** All that a program tells of a busy cycle: each of its instruments, and every line and table. */
export const tellBusyCycle = (role: WatchedRole, cycle: number, { instruments, metrics }: Watched): void => {
  const own = Object.entries(INSTRUMENTS as Readonly<Record<string, InstrumentDefinition>>).filter(([, { roles }]) =>
    roles.includes(role),
  );
  const add = instruments.add as unknown as AnyCount;
  const observe = instruments.observe as unknown as AnyCount;
  for (const [name, definition] of own) {
    if (definition.type === "gauge") tellGauge(name as NameOf<"gauge">, definition, cycle, instruments);
    else
      for (let event = 0; event < EVENTS; event++) {
        const labels = labelsOf(definition, event);
        if (definition.type === "counter") add(name, 1, labels);
        else observe(name, event / 7, labels);
      }
  }
  if (role === "miner")
    for (let step = 0; step < STEPS; step += STEPS_A_LINE)
      metrics.write({
        cycle,
        step,
        "train/loss": 2 + 1 / (step + 1),
        "train/learning_rate": 1e-4,
        "train/grad_norm": 1,
      });
  else {
    for (let line = 0; line < LINES; line++) metrics.write({ cycle, [`val_loss/group${line % 4}`]: 2 + line / 100 });
    metrics.table?.("miners", { columns: COLUMNS, rows: ROWS }, { cycle });
  }
};

const COLUMNS = ["uid", "hotkey", "group", "verdict", "reason", "score", "loss_reduction", "rank"];
const ROWS = Array.from({ length: MINERS }, (_, uid) => [
  ...[uid, "5".repeat(48), "prose", "scored", null, uid / 1000, uid / 900, uid + 1],
]);

const tellGauge = (
  name: NameOf<"gauge">,
  definition: InstrumentDefinition,
  cycle: number,
  instruments: Instruments,
): void => {
  const [label, values] = Object.entries(definition.labels ?? {})[0] ?? [];
  if (label === undefined || values === undefined)
    for (let block = 0; block < BLOCKS; block++) instruments.replace(name, [[{} as never, cycle + block]]);
  else if ("atMost" in values)
    instruments.replace(
      name,
      Array.from({ length: label === "uid" ? MINERS : 4 }, (_, i) => [{ [label]: i } as never, cycle + i]),
    );
  else
    for (let block = 0; block < BLOCKS; block++)
      instruments.replace(
        name,
        values.map((value) => [{ [label]: value } as never, block]),
      );
};

/** A value for each label, another one from event to event. */
const labelsOf = ({ labels = {} }: InstrumentDefinition, event: number): object =>
  Object.fromEntries(
    Object.entries(labels as Readonly<Record<string, LabelValues>>).map(([label, values]) => [
      label,
      "atMost" in values ? event % 4 : values[event % values.length],
    ]),
  );
