import assert from "node:assert/strict";
import { test } from "node:test";
import type { Participant } from "#shared/participant/participant.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { createTelemetry } from "#shared/telemetry/telemetry.js";
import { coded } from "#tests/support/coded.js";
import { template } from "#tests/support/micro-network.js";
import { parsePrometheus } from "#tests/support/prometheus-text.js";
import { windowLeft } from "#validator/window-left.js";

const { start, end } = phaseWindow(3, "evaluate", template.phases);

/** Windows that are counted as missed by a validator that joined at one block and reports at another. */
const missed = async (since: number, head: number): Promise<number | undefined> => {
  const instruments = prometheusInstruments("validator");
  const participant = {
    network: template,
    clock: { head: { number: head } },
    since,
    telemetry: createTelemetry(instruments),
  };
  const open = () => windowLeft(participant as unknown as Participant, 3, "evaluate");
  if (head < end - 1) assert.deepEqual(open(), { start, end });
  else assert.throws(open, coded("WINDOW_MISSED"));
  return parsePrometheus(await instruments.text()).get('blockzero_windows_missed_total{record="report"}');
};

test("a window that is over is missed by who was there when it began, and by nobody else", async () => {
  assert.equal(await missed(start - 1, end - 2), 0);
  assert.equal(await missed(start - 1, end - 1), 1);
  assert.equal(await missed(end + 5, end + 5), 0);
});
