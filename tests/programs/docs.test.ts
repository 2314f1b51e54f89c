import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import { allCommands, commandsFor } from "#cli/program.js";
import { checkupCommand } from "#miner/checkup/command.js";
import { minerSettings } from "#miner/config.js";
import { trainerCommands } from "#miner/own-trainer/check-command.js";
import { planCommand } from "#miner/plan/plan-command.js";
import { receiptCommands } from "#miner/receipts/receipt-command.js";
import { scoreCommand } from "#miner/score/command.js";
import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
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

test("every command answers in JSON as well", async () => {
  const commands = (specs: readonly (CommandSpec | CommandGroup)[]): readonly CommandSpec[] =>
    specs.flatMap((spec) => ("commands" in spec ? commands(spec.commands) : [spec]));
  for (const spec of commands([
    ...(await allCommands()),
    planCommand,
    scoreCommand,
    trainerCommands,
    checkupCommand,
    receiptCommands,
  ])) {
    const command = new Command();
    spec.define(command);
    assert.ok(
      command.options.some(({ long }) => long === "--json"),
      spec.name,
    );
  }
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

test("links within the documentation lead somewhere", () => {
  const pages = readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name));
  const anchorsOf = (page: string): readonly string[] =>
    [...readFileSync(page, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    );
  const broken = [...pages, "README.md", "CONTRIBUTING.md", "CHANGELOG.md"].flatMap((page) =>
    [
      ...readFileSync(page, "utf8")
        .replace(/```.*?```/gs, "")
        .matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g),
    ]
      .filter(([, path]) => !/^https?:/.test(path!))
      .filter(([, path, anchor]) => {
        const target = path === "" ? page : join(dirname(page), path!);
        return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
      })
      .map(([link]) => `${page}: ${link}`),
  );
  assert.deepEqual(broken, []);
});
