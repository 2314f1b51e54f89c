import assert from "node:assert/strict";
import { it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import type { Checker } from "#validator/sprint/context.js";
import { runChecks } from "#validator/sprint/sprints.js";
import { collectingLog } from "../../shared/chain/support.js";
import { template } from "../../support/micro-network.js";

it("a former network file that nobody serves costs a validator that cycle's checks, and not its life", async () => {
  const { phases } = template;
  const first = 5;
  const network = {
    ...{ phases, first_cycle: first, succeeds: { network: "ab".repeat(32) } },
    sprint: sprintSchema.parse({ every: 1000, dials: "tiny" }),
  };
  const { log, lines } = collectingLog();
  const stop = new AbortController();
  const last = phaseWindow(first + 1, "exchange", phases).start - 1;
  const clock = {
    head: { number: phaseWindow(first, "distribute", phases).start },
    reach: async (block: number) => {
      if (block >= last) stop.abort();
      stop.signal.throwIfAborted();
      clock.head.number = Math.max(clock.head.number, block);
    },
  };
  const blobs = {
    get: async () => {
      throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask later");
    },
  };
  const participant = { ...{ clock, network, blobs, log }, networkHash: "cd".repeat(32), signal: stop.signal };
  const journal = { value: { sprints: [], draws: [] } };
  await assert.rejects(runChecks({ participant, journal } as unknown as Checker), { name: "AbortError" });
  const errors = lines.filter(({ level }) => level === "error");
  assert.deepEqual(
    errors.map(({ level, fields }) => [level, fields.cycle, fields.code]),
    [["error", first - 1, "FETCH_NOT_FOUND"]],
  );
});
