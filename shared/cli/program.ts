import { constants } from "node:os";
import { Command, CommanderError } from "commander";
import { BlockZeroError, formatError } from "#shared/errors/error.js";
import { expectedFault } from "#shared/errors/file-fault.js";
import { redactUrls } from "#shared/telemetry/redact.js";
import { loadEnvironment } from "./environment-file.js";
import { environmentOrigins } from "./environment-origin.js";
import { exampleLines, helpConfiguration } from "./help.js";
import { packageInfo } from "./package-info.js";
import { guardStandardStreams } from "./standard-streams.js";

/** A command as data: `--help` and the reference in docs/ both come from it. */
export interface CommandSpec {
  readonly name: string;
  readonly description: string;
  readonly examples: readonly string[];
  /** Declares arguments and options and sets the action. */
  readonly define: (command: Command) => void;
}

/** Commands under one name: `wallet create`, `wallet list`. */
export interface CommandGroup {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly CommandSpec[];
}

/**
 * Exit statuses: 0 done, 1 a fault of ours, 2 something the user can put right. A command whose answer is no also exits with 1, and one
 * that a signal stops with 128 and the signal's number, as shells do.
 */
const FAULT = 1;
const EXPECTED = 2;
const SIGNALLED = 128;

/**
 * Adds a command with its examples, or a group of them, to a program.
 *
 * @param heading the part of the program's help that lists it
 */
export const addCommand = (program: Command, spec: CommandSpec | CommandGroup, heading = "Commands:"): void => {
  const command = program.command(spec.name).description(spec.description).helpGroup(heading);
  if ("commands" in spec) for (const inner of spec.commands) addCommand(command, inner);
  else defineCommand(command, spec);
};

const defineCommand = (command: Command, { define, examples }: CommandSpec): void => {
  define(command);
  addExamples(command, examples);
};

/** Examples at the end of a command's help. */
export const addExamples = (command: Command, examples: readonly string[]): void => {
  if (examples.length > 0) command.addHelpText("after", () => exampleLines(examples, process.stdout.columns));
};

/** An empty program; commands added to it inherit how faults are reported. */
export const createProgram = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .version(packageInfo.version, "-V, --version", "print the version")
    .configureHelp(helpConfiguration)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError();

/** A program that is one command. */
export const singleCommand = (spec: CommandSpec): Command => {
  const program = createProgram(spec.name, spec.description);
  defineCommand(program, spec);
  return program;
};

/** Runs a program to its end. An expected fault prints one line, and so does a stop by a signal; anything else is a bug, with its stack. */
export const runProgram = async (program: Command, argv = process.argv): Promise<void> => {
  guardStandardStreams(() => {
    process.exitCode = EXPECTED;
  });
  try {
    loadEnvironment(console.error);
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
    tell(formatError(new BlockZeroError("USAGE", message, "run it with --help to see what it takes")));
    return EXPECTED;
  }
  const expected = expectedFault(thrown);
  if (stoppedBy !== null && (expected || isAbort(thrown))) {
    console.error(formatError(new BlockZeroError("STOPPED", "it was stopped before its end", "run it again")));
    return SIGNALLED + constants.signals[stoppedBy];
  }
  if (expected) {
    const origins = environmentOrigins(expected, process.env);
    const note = `; of the environment ${origins.join(", ")}, which goes before a file`;
    tell(origins.length === 0 ? formatError(expected) : `${formatError(expected)}${note}`);
    return EXPECTED;
  }
  tell(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  console.error("✖ INTERNAL this is a bug in BlockZero → report it with the lines above");
  return FAULT;
};

/** Endpoints of the configuration stand in faults, with the keys that are in them. */
const tell = (text: string): void => console.error(redactUrls(text));

/** The signal that `shutdownSignal` told of: what is thrown after it is its consequence, as a closed connection is, unless it is a bug. */
let stoppedBy: NodeJS.Signals | null = null;

const isAbort = (thrown: unknown): boolean => thrown instanceof Error && thrown.name === "AbortError";

/**
 * A signal that aborts on SIGINT, SIGTERM, or when the parent process that opened an IPC channel is gone,
 * so that no child outlives a killed localnet.
 */
export const shutdownSignal = (): AbortSignal => {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    stoppedBy ??= signal;
    controller.abort();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  if (process.channel) process.once("disconnect", () => stop("SIGTERM")).channel?.unref();
  return controller.signal;
};

/** Waits until the signal aborts. */
export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener("abort", () => done(), { once: true });
  });
