import assert from "node:assert/strict";
import { it } from "node:test";
import { phaseWindow } from "#shared/protocol/phases.js";
import { coded } from "#tests/support/coded.js";
import { vote } from "#validator/choose/vote.js";
import type { Agreement } from "#validator/merge/merge-cycle.js";
import { collectingLog } from "../../shared/chain/support.js";
import { template } from "../../support/micro-network.js";

it("a ballot takes no place of the former file's last model, however short the new file's phases before it are", async () => {
  const network = { ...template, first_cycle: 5, succeeds: { network: "a".repeat(64), origin: "a".repeat(64) } };
  const { start, end } = phaseWindow(5, "choose", network.phases);
  const votedWhere = async (decided: number) => {
    const sent: number[] = [];
    const participant = {
      ...{ network, networkHash: "b".repeat(64), since: 0, log: collectingLog().log },
      signal: new AbortController().signal,
      clock: { head: { number: start - 1 } },
      models: { decidedAt: async () => decided },
      commitOnce: async ({ window }: { window: { start: number } }) => sent.push(window.start),
    };
    // One that was made before a restart.
    const value = { cycles: { 5: { ballot: "ballot" } } };
    const journal = { value, note: (change: (now: typeof value) => unknown) => change(value) };
    const validator = { participant, journal } as unknown as Parameters<typeof vote>[0];
    const voting = vote(validator, 5, { isWhole: true } as Agreement);
    return { voting, sent };
  };
  const early = await votedWhere(start - 10);
  await early.voting;
  assert.deepEqual(early.sent, [start]);
  const late = await votedWhere(end - 2);
  await late.voting;
  assert.deepEqual(late.sent, [end - 1]);
  const tooLate = await votedWhere(end + 3);
  await assert.rejects(tooLate.voting, coded("WINDOW_MISSED", /^5\/ballot is left out: /));
  assert.deepEqual(tooLate.sent, []);
});
