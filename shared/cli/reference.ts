import { Command, type Option } from "commander";
import type { CommandGroup, CommandSpec } from "./program.js";

/** A command's section of the reference, Markdown: what it does, how it is called, its options, examples. */
export const commandReference = (spec: CommandSpec | CommandGroup, parent = "", depth = 2): string => {
  const path = parent === "" ? spec.name : `${parent} ${spec.name}`;
  const head = [`${"#".repeat(depth)} ${path}`, sentence(spec.description)];
  if ("commands" in spec)
    return [...head, ...spec.commands.map((inner) => commandReference(inner, path, depth + 1))].join("\n\n");
  const command = new Command(spec.name);
  spec.define(command);
  return [
    ...head,
    block(`${path} ${command.usage()}`),
    ...optionTable(command.options.filter(({ hidden }) => !hidden)),
    ...examples(spec),
  ].join("\n\n");
};

const examples = ({ examples }: CommandSpec): string[] =>
  examples.length === 0 ? [] : ["Examples:", block(examples.join("\n"))];

const optionTable = (options: readonly Option[]): string[] => {
  if (options.length === 0) return [];
  const rows = options.map((option) => [`\`${option.flags}\``, description(option), defaultOf(option)]);
  return [
    [["Option", "What it does", "Default"], ["---", "---", "---"], ...rows]
      .map((cells) => `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`)
      .join("\n"),
  ];
};

const description = ({ description, argChoices }: Option): string =>
  argChoices ? `${description} (${argChoices.join(", ")})` : description;

const defaultOf = ({ mandatory, defaultValue, defaultValueDescription }: Option): string => {
  if (defaultValue !== undefined) return `\`${defaultValueDescription ?? String(defaultValue)}\``;
  return mandatory ? "required" : "";
};

const block = (text: string): string => `\`\`\`sh\n${text}\n\`\`\``;

const sentence = (text: string): string => {
  const capital = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return capital.endsWith(".") ? capital : `${capital}.`;
};
