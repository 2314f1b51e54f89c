import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Participant } from "#shared/participant/participant.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import { coded } from "#tests/support/coded.js";

const HASH = "a".repeat(64);
const location = "http://127.0.0.1:1";
const seal = (cycle: number) => ({ type: "seal", cycle, contribution: HASH, location }) as const;

/** In which blocks somebody puts a record on chain, where the former file decides on its last model in block 111. */
const committing = () => {
  const windows: BlockRange[] = [];
  const participant = {
    network: { first_cycle: 5, succeeds: { network: HASH, origin: HASH } },
    networkHash: "b".repeat(64),
    signal: new AbortController().signal,
    clock: { head: { number: 100 } },
    models: { decidedAt: async () => 111 },
    commitOnce: async ({ window }: { window: BlockRange }) => windows.push(window),
  } as unknown as Participant;
  return { participant, windows };
};

describe("a record in the first cycle under a file that succeeds another", () => {
  it("waits for the former's last model where it is a validator's, and only in that cycle", async () => {
    const { participant, windows } = committing();
    await commitRecord(participant, seal(5), { start: 104, end: 120 });
    await commitRecord(participant, seal(5), { start: 112, end: 120 });
    await commitRecord(participant, seal(5), { start: 115, end: 120 });
    await commitRecord(participant, seal(6), { start: 104, end: 120 });
    await commitRecord(participant, { type: "commit", cycle: 5, commitment: HASH }, { start: 104, end: 120 });
    const first = { ...participant, network: { ...participant.network, succeeds: undefined } };
    await commitRecord(first, seal(5), { start: 104, end: 120 });
    assert.deepEqual(
      windows.map(({ start, end }) => [start, end]),
      [114, 114, 115, 104, 104, 104].map((start) => [start, 120]),
    );
  });

  it("does not wait to see whether that block lasts where few blocks are left", async () => {
    const { participant, windows } = committing();
    for (const end of [113, 114, 115, 116, 119]) await commitRecord(participant, seal(5), { start: 104, end });
    assert.deepEqual(
      windows.map(({ start }) => start),
      [112, 112, 112, 113, 113],
    );
  });

  it("is left out where no block is left for it", async () => {
    const { participant, windows } = committing();
    await assert.rejects(
      commitRecord(participant, seal(5), { start: 104, end: 112 }),
      coded("WINDOW_MISSED", /^5\/seal is left out: .* block 111 decides$/),
    );
    assert.deepEqual(windows, []);
  });
});
