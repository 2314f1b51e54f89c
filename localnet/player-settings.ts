import { z } from "zod";
import { readYaml, yamlValue } from "#shared/config/yaml-file.js";
import { BlockZeroError } from "#shared/errors/error.js";

/** Participants' settings that differ from the localnet's own: by name, or of `all`. */
export type PlayerSettings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const CODES = { missing: "CONFIG_NOT_FOUND", malformed: "CONFIG_MALFORMED" } as const;
const schema = z.record(z.string(), z.record(z.string(), z.unknown()));

/** Everybody's, before one's own. */
const ALL = "all";

/**
 * Reads a YAML file: name → the keys of a participant's configuration. Each participant checks its own at its start.
 *
 * @throws BlockZeroError CONFIG_NOT_FOUND, CONFIG_MALFORMED
 */
export const readPlayerSettings = (file: string): PlayerSettings => {
  const parsed = schema.safeParse(yamlValue(file, readYaml(file, CODES), CODES));
  if (parsed.success) return parsed.data;
  throw new BlockZeroError(
    "CONFIG_MALFORMED",
    `${file} is not settings by participant`,
    "write the name of each participant, or `all`, and under it its settings",
  );
};

/** @throws BlockZeroError USAGE for a name that nobody has */
export const checkNames = (settings: PlayerSettings, names: readonly string[]): void => {
  const unknown = Object.keys(settings).find((name) => name !== ALL && !names.includes(name));
  if (unknown === undefined) return;
  const known = [ALL, ...names].join(", ");
  throw new BlockZeroError("USAGE", `no participant is called ${unknown}`, `name one of ${known} in --settings`);
};

export const settingsOf = (settings: PlayerSettings, name: string): Readonly<Record<string, unknown>> => ({
  ...settings[ALL],
  ...settings[name],
});
