import type { Command } from "commander";

/** A word that may follow, with what it is for. */
export interface Word {
  readonly text: string;
  readonly about: string;
}

/** A command as a shell completes it. */
export interface Completed {
  /** As it is typed: `blockzero wallet create`. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly (Word & {
    /** Whether a value follows it. */
    readonly takesValue: boolean;
    /** What the value may be. Empty where it is anything: then files are offered. */
    readonly choices: readonly string[];
  })[];
}

/** A program and all commands below it, each once, the program first. */
export const completionTree = (command: Command, parent = ""): readonly Completed[] => {
  const path = parent === "" ? command.name() : `${parent} ${command.name()}`;
  const inner = command.commands.filter((one) => one.name() !== "help");
  return [
    {
      path,
      commands: inner.map((one) => ({ text: one.name(), about: plain(one.description()) })),
      options: [
        ...command.options
          .filter(({ hidden }) => !hidden)
          .map(({ long, flags, description, required, optional, argChoices }) => ({
            // Of `--wallet-name, --wallet.name` the documented spelling comes last.
            text: flags.match(/--[\w.-]+/g)?.at(-1) ?? long ?? flags,
            about: plain(description),
            takesValue: required || optional,
            choices: argChoices ?? [],
          })),
        { text: "--help", about: "print what it takes", takesValue: false, choices: [] },
      ],
    },
    ...inner.flatMap((one) => completionTree(one, path)),
  ];
};

const LONGEST = 80;

/** The first sentence, without what a shell would read. */
const plain = (text: string): string => {
  const [first = ""] = text.replace(/[^\p{L}\p{N} .,:;()/_-]/gu, "").split(/[.:;] /);
  return first.length > LONGEST ? `${first.slice(0, LONGEST - 1).trimEnd()}…` : first;
};
