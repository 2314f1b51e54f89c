import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allCommands, headingOf as headingOfCommand } from "#cli/program.js";
import { minerCommand } from "#miner/command.js";
import { minerSettings } from "#miner/config.js";
import { minerProgram } from "#miner/program.js";
import { exampleLines } from "#shared/cli/help.js";
import { addCommand, createProgram } from "#shared/cli/program.js";
import { headingOf } from "#shared/config/headings.js";
import { validatorSettings } from "#validator/config.js";
import { validatorProgram } from "#validator/program.js";

/** A program's help on a terminal of some width. */
const helpAt = (width: number, program = minerProgram()): string => {
  let text = "";
  program
    .configureOutput({ getOutHelpWidth: () => width, writeOut: (part) => (text += part), getOutHasColors: () => false })
    .outputHelp();
  return text;
};

describe("help", () => {
  it("wraps at the terminal's width, whatever that is", () => {
    // A word, such as an address, may be wider than a narrow terminal.
    for (const width of [50, 80, 120])
      for (const program of [minerProgram(), validatorProgram()])
        for (const line of helpAt(width, program).split("\nExamples:")[0]!.split("\n"))
          assert.ok(line.length <= width || !/\S \S/.test(line.trim()), `${width}: ${line}`);
  });

  it("shows one spelling of an option, and a long name above its description", () => {
    const help = helpAt(80);
    assert.match(help, /^ {2}--wallet\.name <value> +The coldkey's name\./m);
    assert.doesNotMatch(help, /--wallet-name/);
    assert.match(help, /^ {2}--listen\.stranger_requests_per_minute <value>\n {32}Requests a minute/m);
  });

  it("lists every setting below a heading", () => {
    for (const key of Object.keys({ ...minerSettings, ...validatorSettings })) assert.ok(headingOf(key), key);
    const help = helpAt(80);
    for (const heading of ["Options:", "Subnet:", "Wallet:", "Training:", "Files:", "Logs and metrics:", "Commands:"])
      assert.match(help, new RegExp(`^${heading}$`, "m"));
  });

  it("lists the owner's commands below headings", async () => {
    const program = createProgram("blockzero", "Tools.");
    for (const command of await allCommands()) addCommand(program, command, headingOfCommand(command.name));
    const help = helpAt(80, program);
    assert.match(help, /^On this machine:\n {2}localnet /m);
    assert.match(help, /^Look and check:\n {2}doctor /m);
  });

  it("has examples, which go on after a backslash where they are too wide", () => {
    assert.match(helpAt(80), /\nExamples:\n {2}\$ blockzero-miner --config miner\.yaml\n/);
    assert.ok(minerCommand.examples.length > 0);
    assert.equal(
      exampleLines(["program --one value --two value --three"], 34),
      "\nExamples:\n  $ program --one value \\\n      --two value --three",
    );
  });

  it("stands beside a version", () => {
    for (const program of [minerProgram(), validatorProgram(), createProgram("blockzero", "")])
      assert.match(program.version() ?? "", /^\d+\.\d+\.\d+$/);
  });
});
