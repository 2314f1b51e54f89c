import type { Command } from "commander";
import { addFlags } from "#shared/config/flags.js";
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
 * The configuration of a program from its flags, the environment and the file that `--config` names.
 *
 * @param others settings that the file may hold as well, since it is another program's
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
