import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import { allCommands, commandsFor } from "#cli/program.js";
import { wholePrograms } from "#cli/whole-programs.js";
import { checkupCommand } from "#miner/checkup/command.js";
import { trainerCommands } from "#miner/own-trainer/check-command.js";
import { planCommand } from "#miner/plan/plan-command.js";
import { receiptCommands } from "#miner/receipts/receipt-command.js";
import { scoreCommand } from "#miner/score/command.js";
import { completionTree } from "#shared/cli/completion/tree.js";
import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { validatorPlanCommand } from "#validator/plan/plan-command.js";

/** Pages whose commands are meant to be copied. */
const STEPS = [
  "docs/by-hand.md",
  "docs/chain.md",
  "docs/operations.md",
  ...readdirSync("docs/guides").map((name) => join("docs/guides", name)),
];

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
    validatorPlanCommand,
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
  const tree = wholePrograms(await allCommands()).flatMap((program) => completionTree(program));
  const commands = new Map(tree.map((command) => [command.path, command]));
  const alike = (option: string) => option.replaceAll(/[._]/g, "-");
  for (const page of STEPS) {
    const calls = [...readFileSync(page, "utf8").matchAll(/^(?:sudo )?npx (blockzero[^\n&#|>]*)/gm)].map(([, call]) =>
      call!.trim(),
    );
    assert.ok(calls.length >= 3, page);
    for (const call of calls) {
      const [program = "", ...words] = call.split(/\s+/);
      const path = words.reduce((at, word) => (commands.has(`${at} ${word}`) ? `${at} ${word}` : at), program);
      const command = commands.get(path);
      assert.ok(command !== undefined, `${page}: ${call}`);
      // Miner and validator run without one.
      if (command.commands.length > 0)
        assert.ok(["blockzero-miner", "blockzero-validator"].includes(path), `${page}: ${call} names no command`);
      const known = command.options.map(({ text }) => alike(text));
      for (const [option] of call.matchAll(/(?<= )--[\w.-]+/g))
        assert.ok(known.includes(alike(option)), `${page}: ${call}: ${option}`);
    }
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
