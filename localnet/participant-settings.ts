import { z } from "zod";
import { readYaml, yamlValue } from "#shared/config/yaml-file.js";
import { BlockZeroError } from "#shared/errors/error.js";

/** Participants' settings that differ from the localnet's own: by name, or of `all`. */
export type ParticipantSettings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const CODES = { missing: "CONFIG_NOT_FOUND", malformed: "CONFIG_MALFORMED" } as const;
const schema = z.record(z.string(), z.record(z.string(), z.unknown()));

/** Everybody's, before one's own. */
const ALL = "all";

/**
 * Reads a YAML file: name → the keys of a participant's configuration. Each participant checks its own at its start.
 *
 * @throws BlockZeroError CONFIG_NOT_FOUND, CONFIG_MALFORMED
 */
export const readParticipantSettings = (file: string): ParticipantSettings => {
  const parsed = schema.safeParse(yamlValue(file, readYaml(file, CODES), CODES));
  if (parsed.success) return parsed.data;
  throw new BlockZeroError(
    "CONFIG_MALFORMED",
    `${file} is not settings by participant`,
    "write the name of each participant, or `all`, and under it its settings",
  );
};

/** @throws BlockZeroError USAGE for a name that nobody has */
export const checkNames = (settings: ParticipantSettings, names: readonly string[]): void => {
  const unknown = Object.keys(settings).find((name) => name !== ALL && !names.includes(name));
  if (unknown === undefined) return;
  const known = [ALL, ...names].join(", ");
  throw new BlockZeroError("USAGE", `no participant is called ${unknown}`, `name one of ${known} in --settings`);
};

type Settings = Readonly<Record<string, unknown>>;

/** The localnet's own settings of a participant, with everybody's and then its own in their place; `listen` and its like key by key. */
export const withSettings = (own: Settings, settings: ParticipantSettings, name: string): Settings =>
  [settings[ALL], settings[name]].reduce<Settings>((so, more) => (more ? merged(so, more) : so), own);

const merged = (before: Settings, after: Settings): Settings => ({
  ...before,
  ...Object.fromEntries(
    Object.entries(after).map(([key, value]) => {
      const known = before[key];
      return [key, isSettings(known) && isSettings(value) ? merged(known, value) : value];
    }),
  ),
});

const isSettings = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);
