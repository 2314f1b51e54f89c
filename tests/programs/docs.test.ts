import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { minerSettings } from "#miner/config.js";
import { allCommands, commandsFor } from "#owner/program.js";
import { commandReference } from "#shared/cli/reference.js";
import { flagName } from "#shared/config/settings.js";
import { validatorSettings } from "#validator/config.js";

test("the generated pages are current", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/docs.mjs", "--check"], { encoding: "utf8" });
  assert.equal(stderr, "");
  assert.equal(status, 0);
});

test("each of the owner's commands is found by its name alone", async () => {
  const commands = await allCommands();
  assert.ok(commands.length > 10);
  for (const command of commands) assert.deepEqual(await commandsFor(command.name), [command]);
  for (const none of [undefined, "--help", "adit", "constructor"]) assert.deepEqual(await commandsFor(none), commands);
});

test("the pages of steps name only commands and options that exist", async () => {
  const commands = await allCommands();
  const reference = commands.map((command) => commandReference(command, "blockzero")).join("\n");
  const flags = Object.keys({ ...minerSettings, ...validatorSettings }).map(flagName);
  const calls = ["docs/by-hand.md", "docs/chain.md"].flatMap((page) => {
    const found = [...readFileSync(page, "utf8").matchAll(/^npx (blockzero\S*) ([^\n&]+)/gm)];
    assert.ok(found.length >= 8, page);
    return found;
  });
  for (const [call, program, rest] of calls) {
    const options = [...rest!.matchAll(/--[\w.-]+/g)].map(([option]) => option);
    if (program === "blockzero") {
      const [path] = rest!.split(" --");
      assert.match(reference, new RegExp(`^#+ blockzero ${path}$`, "m"), call);
      for (const option of options) assert.ok(reference.includes(option), call);
    } else for (const option of options) assert.ok(flags.includes(option), call);
  }
});
