import type { Command } from "commander";
import { addFlags, addHiddenFlags } from "#shared/config/flags.js";
import { loadConfig } from "#shared/config/load.js";
import { type Config, type Definition, spellingOf } from "#shared/config/settings.js";

/** What commander makes of a program's flags. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** Adds `--config FILE` and a flag a setting. */
export const programFlags = (
  command: Command,
  definition: Definition,
  file = "YAML file with any of the settings below",
): Command => addFlags(command.option("--config <file>", file), definition);

/**
 * Adds `--config FILE` and a flag for each setting that a command reads of a program's, and takes the program's other flags too: whoever asks with
 * the flags that the program is started with need not sort them.
 *
 * @param program such as "a miner"
 * @param others all settings of the program
 */
export const flagsAmong = (command: Command, definition: Definition, program: string, others: Definition): Command =>
  addHiddenFlags(
    programFlags(
      command,
      definition,
      `${program}'s YAML file, of which the settings below are read; of ${program}'s flags the same`,
    ),
    others,
  );

/**
 * The configuration of a program from its flags, the environment and the file that `--config` names.
 *
 * @param others settings that file and flags may hold as well, since they are another program's
 */
export const loadProgramConfig = <D extends Definition>(
  definition: D,
  { config, ...flags }: Flags,
  others?: Definition,
): Config<D> =>
  loadConfig(definition, { file: typeof config === "string" ? config : undefined, others, env: process.env, flags });

/** The settings among a command's options, from flags and environment; its other options are its own matter. */
export const settingsAmong = <D extends Definition>(definition: D, options: object): Config<D> => {
  const known = new Set(Object.keys(definition).map(spellingOf));
  const flags = Object.fromEntries(Object.entries(options).filter(([name]) => known.has(spellingOf(name))));
  return loadConfig(definition, { env: process.env, flags });
};
