import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openHiddenStates, removeHiddenStates } from "#shared/evaluation/layers/hidden-states.js";
import { temporaryFolder } from "../../artifact/temporary.js";

const [SLOTS, LENGTH] = [4, 3];

/** Two slots in memory, two in the file. */
const open = (folder: string, options: { remove?: (folder: string) => Promise<void> } = {}) =>
  openHiddenStates({ slots: SLOTS, length: LENGTH, memory: 4 * LENGTH * 2, folder, ...options });

const states = Array.from({ length: SLOTS }, (_, slot) =>
  Float32Array.from({ length: LENGTH }, (_, i) => slot + i / 8),
);

describe("hidden states", () => {
  it("are read as they were last written, in memory and in a file without a name", async (t) => {
    const folder = temporaryFolder(t);
    const hidden = await open(folder);
    if (process.platform !== "win32") assert.deepEqual(readdirSync(folder), []);
    for (const [slot, state] of states.entries())
      await hidden.write(
        slot,
        state.map((value) => value + 1),
      );
    for (const [slot, state] of states.entries()) await hidden.write(slot, state);
    for (const [slot, state] of states.entries()) assert.deepEqual(await hidden.read(slot), state);
    await hidden.close();
    assert.deepEqual(readdirSync(folder), []);
  });

  it("make their folder where nothing was written there before", async (t) => {
    const folder = join(temporaryFolder(t), "of a validator", "that begins");
    const hidden = await open(folder);
    await hidden.write(SLOTS - 1, states.at(-1)!);
    assert.deepEqual(await hidden.read(SLOTS - 1), states.at(-1));
    await hidden.close();
  });

  it("say which one was never written", async (t) => {
    const hidden = await open(temporaryFolder(t));
    await assert.rejects(hidden.read(SLOTS - 1), /hidden state 3 was never written/);
    await hidden.close();
  });

  it("work where the system removes no open file, and go when they are closed", async (t) => {
    const folder = temporaryFolder(t);
    const asked: string[] = [];
    const hidden = await open(folder, {
      remove: async (own) => {
        asked.push(own);
        if (asked.length === 1) throw Object.assign(new Error("busy"), { code: "EBUSY" });
      },
    });
    await hidden.write(SLOTS - 1, states.at(-1)!);
    assert.deepEqual(await hidden.read(SLOTS - 1), states.at(-1));
    await hidden.close();
    assert.equal(asked.length, 2);
    assert.equal(asked[0], asked[1]);
  });

  it("that a killed program left are removed, and nothing else", async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, "hidden-aBc123"));
    writeFileSync(join(folder, "hidden-aBc123", "states"), "left");
    // A folder in which somebody works may be given, as `--out .` of a genesis.
    for (const own of ["hidden-photos", "hidden-drafts"]) {
      mkdirSync(join(folder, own));
      writeFileSync(join(folder, own, "one"), "of somebody's");
    }
    writeFileSync(join(folder, "validator.json"), "{}");
    await removeHiddenStates(folder);
    assert.deepEqual(readdirSync(folder), ["hidden-drafts", "hidden-photos", "validator.json"]);
    assert.deepEqual(readdirSync(join(folder, "hidden-photos")), ["one"]);
    await removeHiddenStates(join(folder, "not there"));
  });
});
