import { allowedValues } from "./allowed.js";
import { type Definition, environmentName, type Setting } from "./settings.js";

/** A Markdown table of every setting: key (also its flag), what it takes, default, environment variable, description. */
export const configReference = (definition: Definition): string => {
  const rows = Object.entries(definition).map(([key, setting]) => [
    `\`${key}\``,
    allowedValues(setting),
    defaultText(setting),
    `\`${environmentName(key, setting)}\``,
    setting.describe,
  ]);
  return [["Key", "Takes", "Default", "Environment", "What it decides"], ["---", "---", "---", "---", "---"], ...rows]
    .map((cells) => `| ${cells.map(cell).join(" | ")} |`)
    .join("\n")
    .concat("\n");
};

const defaultText = ({ schema, default: value }: Setting): string => {
  if (value !== undefined) return `\`${String(value)}\``;
  return schema.safeParse(undefined).success ? "unset" : "required";
};

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
