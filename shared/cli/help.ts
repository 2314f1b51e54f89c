import { type Command, Help, type HelpConfiguration, type Option } from "commander";

/** Columns for the names of options and commands; a longer name has a line of its own. */
const NAMES = 28;
/** Columns before a description, at the least: what a narrow terminal leaves for it must not be a word a line. */
const INDENT = 6;
const LEAST_TEXT = 30;
const GAP = 2;

const plain = new Help();

/** The one spelling of an option that help shows: of `--wallet-name, --wallet.name` the documented one. */
const termOf = (option: Option): string => {
  const isSpeltTwice = option.short?.startsWith("--") ?? false;
  return isSpeltTwice ? option.flags.slice(option.flags.indexOf(", ") + 2) : option.flags;
};

/** Help that is as wide as the terminal, with a narrow column of names. */
export const helpConfiguration: HelpConfiguration = {
  minWidthToWrap: 1,
  optionTerm: termOf,
  padWidth: (command: Command, helper: Help) => Math.min(NAMES, plain.padWidth(command, helper)),
  formatItem: (term: string, termWidth: number, description: string, helper: Help) => {
    if (description === "") return `  ${term}`;
    const width = helper.helpWidth ?? 80;
    const besides = width - termWidth - 2 * GAP;
    const isBeside = term.length <= termWidth && besides >= LEAST_TEXT;
    const indent = besides >= LEAST_TEXT ? termWidth + 2 * GAP : INDENT;
    const text = helper.boxWrap(description, width - indent).replaceAll("\n", `\n${" ".repeat(indent)}`);
    return isBeside ? `  ${term.padEnd(termWidth)}  ${text}` : `  ${term}\n${" ".repeat(indent)}${text}`;
  },
};

/** A command's examples for the end of its help; one that is too wide goes on after a backslash, as a shell takes it. */
export const exampleLines = (examples: readonly string[], width = 80): string =>
  ["", "Examples:", ...examples.flatMap((line) => wrapped(line, width))].join("\n");

/** Breaks before options, so that a value stays beside its name. */
const wrapped = (example: string, width: number): readonly string[] => {
  const lines: string[] = [];
  let line = "  $";
  for (const part of example.split(/ (?=--)/)) {
    if (line.length + part.length + 3 > width && line.trim() !== "$") {
      lines.push(`${line} \\`);
      line = "     ";
    }
    line += ` ${part}`;
  }
  return [...lines, line];
};
