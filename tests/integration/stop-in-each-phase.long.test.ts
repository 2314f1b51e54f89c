import assert from "node:assert/strict";
import { it } from "node:test";
import { HANG_GUARD } from "../support/hang-guard.js";
import { liveThrough, type Name, openPrograms, VALIDATORS } from "../support/programs.js";
import { openSubnet } from "../support/subnet.js";

it("a program that is stopped in any phase and started again goes on, and nothing is lost or doubled", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t);
  const programs = await openPrograms(t, subnet);
  for (const name of programs.names) await programs.start(name);
  /** What SIGTERM does: the program's signal aborts, and it leaves in order. */
  const restart =
    (...names: readonly Name[]) =>
    async () => {
      for (const name of names) {
        await programs.kill(name);
        await programs.start(name);
      }
    };
  const first = await liveThrough(subnet, programs, 1, {
    training: restart("ann"),
    trained: restart("bob"),
    committed: restart("ann", "vera"),
    revealed: restart("bob"),
    reported: restart("vito"),
    exchanged: restart("vera"),
    voted: restart("vito"),
    published: async () => {
      await restart("ann", "bob", "vera", "vito")();
      // Blocks come at once here: without a wait this cycle would be over before it was looked at again.
      for (const name of VALIDATORS) await programs.said(name, "a validator's part", 1);
    },
  });
  assert.equal(first.models[0], first.models[1]);
  const second = await liveThrough(subnet, programs, 2);
  assert.equal(second.models[0], second.models[1]);
  assert.notEqual(second.models[0], first.models[0]);
  assert.deepEqual(programs.errors(), []);
});
