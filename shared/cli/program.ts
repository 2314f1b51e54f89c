import { Command, CommanderError } from "commander";
import { BlockZeroError, formatError } from "#shared/errors.js";

/** A command as data: `--help` and the reference in docs/ both come from it. */
export interface CommandSpec {
  readonly name: string;
  readonly description: string;
  readonly examples: readonly string[];
  /** Declares arguments and options and sets the action. */
  readonly define: (command: Command) => void;
}

/** Exit statuses: 0 done, 1 a fault of ours, 2 something the user can put right. */
const FAULT = 1;
const EXPECTED = 2;

/** Adds a command with its examples to a program. */
export const addCommand = (program: Command, spec: CommandSpec): void => {
  const command = program.command(spec.name).description(spec.description);
  spec.define(command);
  describeExamples(command, spec.examples);
};

export const describeExamples = (command: Command, examples: readonly string[]): void => {
  if (examples.length > 0)
    command.addHelpText("after", `\nExamples:\n${examples.map((line) => `  $ ${line}`).join("\n")}`);
};

/** An empty program; commands added to it inherit how faults are reported. */
export const createProgram = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError();

/** Runs a program to its end; an expected fault prints one line and exits with 2, anything else is ours and exits with 1. */
export const runProgram = async (program: Command, argv = process.argv): Promise<void> => {
  try {
    await program.parseAsync(argv);
  } catch (thrown) {
    process.exitCode = report(thrown);
  }
};

/** Prints what was thrown as a person should see it; returns the exit status. */
export const report = (thrown: unknown): number => {
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return 0;
    if (thrown.code === "commander.help") return EXPECTED;
    const message = thrown.message.replace(/^error: /, "").replace(/\n/g, " ");
    console.error(formatError(new BlockZeroError("USAGE", message, "run it with --help to see what it takes")));
    return EXPECTED;
  }
  if (thrown instanceof BlockZeroError) {
    console.error(formatError(thrown));
    return EXPECTED;
  }
  console.error(thrown instanceof Error ? (thrown.stack ?? thrown.message) : thrown);
  console.error("✖ INTERNAL this is a bug in BlockZero → report it with the lines above");
  return FAULT;
};

/**
 * A signal that aborts on SIGINT, SIGTERM, or when the parent process that opened an IPC channel is gone,
 * so that no child outlives a killed localnet.
 */
export const shutdownSignal = (): AbortSignal => {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  if (process.channel) process.once("disconnect", stop).channel?.unref();
  return controller.signal;
};
