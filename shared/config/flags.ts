import { type Command, Option } from "commander";
import { allowedValues, isBoolean } from "./allowed.js";
import { headingOf } from "./headings.js";
import { type Definition, flagName, type Setting, spellingOf } from "./settings.js";

/** Adds a flag for every setting, `--wallet.hotkey <value>`, spelt `--wallet-hotkey` as well. */
export const addFlags = (command: Command, definition: Definition): Command => {
  for (const [key, setting] of Object.entries(definition)) {
    const option = flagOf(key, setting);
    const heading = headingOf(key);
    command.addOption(heading === undefined ? option : option.helpGroup(heading));
  }
  return command;
};

/** Takes flags of further settings, which help does not show. What the command has already goes before. */
export const addHiddenFlags = (command: Command, definition: Definition): Command => {
  const taken = new Set(command.options.map((option) => spellingOf(option.attributeName())));
  for (const [key, setting] of Object.entries(definition))
    if (!taken.has(spellingOf(key))) command.addOption(flagOf(key, setting).hideHelp());
  return command;
};

const flagOf = (key: string, setting: Setting): Option => {
  const dashed = `--${key.replace(/[._]/g, "-")}`;
  const names = dashed === flagName(key) ? dashed : `${dashed}, ${flagName(key)}`;
  const value = isBoolean(setting) ? "[boolean]" : "<value>";
  return new Option(
    `${names} ${value}`,
    `${setting.describe} (${allowedValues(setting)}${defaultText(setting.default)})`,
  );
};

const defaultText = (value: unknown): string => (value === undefined ? "" : `; default ${String(value)}`);
