import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { COMMANDS, type Loaded } from "./command-list.js";

const groups: Readonly<Record<string, Readonly<Record<string, () => Loaded>>>> = {
  ...COMMANDS,
  "In a shell:": {
    completion: async () => (await import("./commands/completion.js")).completion,
  },
};

const commands = new Map(
  Object.entries(groups).flatMap(([heading, loaders]) =>
    Object.entries(loaders).map(([name, load]) => [name, { heading, load }]),
  ),
);

export const allCommands = (): Promise<readonly (CommandSpec | CommandGroup)[]> =>
  Promise.all([...commands.values()].map(({ load }) => load()));

/** What a command line needs: the command that it names or, for help and for what names none, all. */
export const commandsFor = async (name = ""): Promise<readonly (CommandSpec | CommandGroup)[]> => {
  const found = commands.get(name);
  return found ? [await found.load()] : allCommands();
};

/** The part of the help that lists a command. */
export const headingOf = (name: string): string | undefined => commands.get(name)?.heading;
