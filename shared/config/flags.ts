import { type Command, Option } from "commander";
import { allowedValues, isBoolean } from "./allowed.js";
import { headingOf } from "./headings.js";
import { type Definition, flagName } from "./settings.js";

/** Adds a flag for every setting, `--wallet.hotkey <value>`, spelt `--wallet-hotkey` as well. */
export const addFlags = (command: Command, definition: Definition): Command => {
  for (const [key, setting] of Object.entries(definition)) {
    const dashed = `--${key.replace(/[._]/g, "-")}`;
    const names = dashed === flagName(key) ? dashed : `${dashed}, ${flagName(key)}`;
    const value = isBoolean(setting) ? "[boolean]" : "<value>";
    const text = `${setting.describe} (${allowedValues(setting)}${defaultText(setting.default)})`;
    const option = new Option(`${names} ${value}`, text);
    const heading = headingOf(key);
    command.addOption(heading === undefined ? option : option.helpGroup(heading));
  }
  return command;
};

const defaultText = (value: unknown): string => (value === undefined ? "" : `; default ${String(value)}`);
