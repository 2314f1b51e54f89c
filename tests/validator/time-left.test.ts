import assert from "node:assert/strict";
import { test } from "node:test";
import type { Participant } from "#shared/participant/participant.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { blockWithin, timeToMeasure } from "#validator/time-left.js";
import { template } from "../support/micro-network.js";

const network = { ...template, phases: { ...template.phases, evaluate: 12 } } as Participant["network"];
const { start, end } = phaseWindow(1, "evaluate", network.phases);

const at = (number: number) =>
  ({ network, clock: { head: { number } } }) as unknown as Pick<Participant, "clock" | "network">;

const timer = (head: number, made: number) => ({
  blockTime: () => 1000,
  expected: (block: number) => made + (block - head) * 1000,
});

test("patience is a share of the phase, for who is late of what is left, and never nothing", () => {
  assert.equal(blockWithin(at(start - 5), 1, 1 / 3), start + 4);
  assert.equal(blockWithin(at(start + 6), 1, 1 / 3), start + 8);
  assert.equal(blockWithin(at(end - 1), 1, 1 / 3), end);
});

test("time to measure ends with its block, and not before the block is here", () => {
  const left = (head: number, now: number) => timeToMeasure(at(head), 1, timer(head, 0), () => now).left();
  assert.equal(left(start, 0), 9_000);
  assert.equal(left(start, 400), 8_600);
  assert.equal(left(start, 60_000), 8_000, "the next block is late: those after it are to come");
  assert.equal(left(end - 4, 60_000), 1, "the last one is late");
  assert.equal(left(end - 3, 0), 0);
  assert.equal(timeToMeasure(at(start), 1, undefined).left(), Number.POSITIVE_INFINITY);
});
