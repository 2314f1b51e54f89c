import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { runClosings } from "#validator/duty/closings.js";
import { runChecks } from "#validator/sprint/sprints.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { openChecker, type TestChecker } from "../support/sprint.js";
import { type Living, openSubnet, type Subnet, until } from "../support/subnet.js";

const EVERY = 4;
const SPRINT = sprintSchema.parse({ every: EVERY, dials: "tiny", duty: { tasks: 1 } });

/** A validator that starts in a later cycle than it should have settled the only Sprint in. */
const startLate = async (
  t: Living,
  cycle: number,
): Promise<{ readonly subnet: Subnet; readonly vera: TestChecker }> => {
  const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
  await subnet.to(subnet.window(cycle, "distribute").start);
  return { subnet, vera: await openChecker(subnet, "vera") };
};

describe("a validator that was down when a Sprint was settled, or its duty closed", { timeout: HANG_GUARD }, () => {
  it("settles it in the next cycles, which have none of their own", async (t) => {
    const { vera } = await startLate(t, EVERY + 2);
    const life = runChecks(vera);
    life.catch(() => {});
    await until(t, () => vera.journal.value.sprints.length > 0);
    assert.deepEqual(
      vera.journal.value.sprints.map(({ cycle, isWhole }) => [cycle, isWhole]),
      [[EVERY, true]],
    );
    vera.participant.abort();
    await assert.rejects(life);
  });

  it("closes its duty as long as the documents are served", async (t) => {
    const { vera } = await startLate(t, EVERY + 3);
    const life = runClosings(vera);
    life.catch(() => {});
    await until(t, () => vera.journal.value.duties.length > 0);
    assert.deepEqual(
      vera.journal.value.duties.map(({ cycle, isWhole }) => [cycle, isWhole]),
      [[EVERY, true]],
    );
    vera.participant.abort();
    await assert.rejects(life);
  });
});
