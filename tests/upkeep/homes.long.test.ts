import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { shortHash } from "#shared/protocol/records.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { type Name, openPrograms } from "../support/programs.js";
import { openSubnet } from "../support/subnet.js";

const HOMES = "tests/homes";

/** Starts a program in a home that another version left, and says what it logged as an error. */
const startIn = async (t: TestContext, name: Name, recorded: string, change: (state: string) => void) => {
  const subnet = await openSubnet(t);
  const home = join(subnet.home, name, subnet.signer(name).address);
  cpSync(recorded, home, { recursive: true });
  const state = join(home, shortHash(subnet.networkHash));
  // The short hash of the network that it was recorded in is no matter here.
  renameSync(join(home, "state"), state);
  change(state);
  const programs = await openPrograms(t, subnet);
  await programs.start(name);
  await programs.kill(name);
  return programs.errors();
};

/** A newer version's file has fields that this one does not know, at every level that has named fields of its own. */
const withUnknownFields = (state: string): void => {
  for (const name of readdirSync(state).filter((file) => /^(miner|validator)\.json$/.test(file))) {
    const file = join(state, name);
    const journal = JSON.parse(readFileSync(file, "utf8"));
    for (const cycle of Object.values<Record<string, unknown>>(journal.cycles)) cycle.of_a_later_version = 1;
    writeFileSync(file, JSON.stringify({ ...journal, of_a_later_version: { any: "thing" } }));
  }
};

for (const version of readdirSync(HOMES))
  describe(`homes of version ${version}`, { timeout: HANG_GUARD }, () => {
    for (const name of ["ann", "vera"] as const) {
      const recorded = join(HOMES, version, name);
      it(`${name} starts in its own`, async (t) => assert.deepEqual(await startIn(t, name, recorded, () => {}), []));
      it(`${name} starts in one that a later version wrote into`, async (t) =>
        assert.deepEqual(await startIn(t, name, recorded, withUnknownFields), []));
    }
  });
