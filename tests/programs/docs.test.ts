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
import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { validatorPlanCommand } from "#validator/plan/plan-command.js";

/** Every page that people wrote. Those of the library name no command. */
const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

/** Pages whose commands are meant to be copied, so that a command stands there with all that it needs. */
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

test("the pages name only commands and options that exist, and blocks to copy name all that a command needs", async () => {
  const commands = new Map<string, Command>();
  const walk = (command: Command, parent: string): void => {
    commands.set(`${parent}${command.name()}`, command);
    for (const inner of command.commands) walk(inner, `${parent}${command.name()} `);
  };
  for (const program of wholePrograms(await allCommands())) walk(program, "");
  const alike = (option: string) => option.replaceAll(/[._]/g, "-");
  for (const page of PAGES) {
    const text = readFileSync(page, "utf8");
    const copied = [...text.matchAll(/^(?:sudo )?npx (blockzero[^\n&#|>]*)/gm)].map(([, call]) => call!.trim());
    assert.ok(copied.length >= 3 || !STEPS.includes(page), page);
    const named = [...text.matchAll(/`(blockzero(?:-miner|-validator)? [a-z-][^\n`…]*)`/g)].map(([, call]) => call!);
    for (const call of [...copied, ...named]) {
      const [program = "", ...words] = call.split(/\s+/);
      const path = words.reduce((at, word) => (commands.has(`${at} ${word}`) ? `${at} ${word}` : at), program);
      const command = commands.get(path);
      assert.ok(command !== undefined && (path.includes(" ") || !/^[a-z]/.test(words[0]!)), `${page}: ${call}`);
      const given = [...call.matchAll(/(?<= )--[\w.-]+/g)].map(([option]) => alike(option));
      const known = command.options.flatMap(({ flags }) => flags.match(/--[\w.-]+/g) ?? []).map(alike);
      for (const option of given) assert.ok([...known, "--help"].includes(option), `${page}: ${call}: ${option}`);
      if (named.includes(call) && !copied.includes(call)) continue;
      const isProgram = ["blockzero-miner", "blockzero-validator"].includes(path);
      assert.ok(
        command.commands.length === 0 || isProgram || given.includes("--help"),
        `${page}: ${call} names no command`,
      );
      for (const { mandatory, long } of command.options)
        assert.ok(!mandatory || given.includes(alike(long!)), `${page}: ${call} leaves out ${long}`);
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
