import assert from "node:assert/strict";
import { test } from "node:test";
import type { Participant } from "#shared/participant/participant.js";
import { isWindowOpen } from "#shared/participant/window-open.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { createTelemetry } from "#shared/telemetry/telemetry.js";
import { coded } from "#tests/support/coded.js";
import { parsePrometheus } from "#tests/support/prometheus-text.js";

const WINDOW = { start: 10, end: 14 };
const DUE = { record: "answers", window: WINDOW, name: "the answers" } as const;

/** Asks as who joined at one block and begins at another. */
const ask = (since: number, head: number, isOwed?: boolean) => {
  const instruments = prometheusInstruments("miner");
  const participant = { clock: { head: { number: head } }, since, telemetry: createTelemetry(instruments) };
  const open = () =>
    isWindowOpen(participant as unknown as Participant, { ...DUE, ...(isOwed !== undefined && { isOwed }) });
  const missed = async () =>
    parsePrometheus(await instruments.text()).get('blockzero_windows_missed_total{record="answers"}');
  return { open, missed };
};

test("a record's work is begun while a block is left for it", async () => {
  const { open, missed } = ask(WINDOW.start, WINDOW.end - 2);
  assert.equal(open(), true);
  assert.equal(await missed(), 0);
});

test("a window that passed before its work began is told and counted, but not to who came when it had begun", async () => {
  const late = ask(WINDOW.start - 1, WINDOW.end - 1);
  assert.throws(late.open, coded("WINDOW_MISSED", /^the window of the answers ended at block 14/));
  assert.equal(await late.missed(), 1);
  const newcomer = ask(WINDOW.start, WINDOW.end - 1);
  assert.equal(newcomer.open(), false);
  assert.equal(await newcomer.missed(), 0);
});

test("one for which nobody knows whether there was a record is told, and not counted", async () => {
  const { open, missed } = ask(WINDOW.start - 1, WINDOW.end - 1, false);
  assert.throws(open, coded("WINDOW_MISSED"));
  assert.equal(await missed(), 0);
});
