import type { Command, Option } from "commander";

/** What a program's page says beside its commands. */
export interface ManPage {
  readonly program: Command;
  readonly version: string;
}

/** A program's page for `man`, section 1, in roff: every command with its options. */
export const manPage = ({ program, version }: ManPage): string => {
  const name = program.name();
  return `${[
    `.TH ${name.toUpperCase()} 1 "" "blockzero ${version}" "BlockZero"`,
    ".SH NAME",
    `${text(name)} \\- ${text(firstLine(program.description()))}`,
    ".SH SYNOPSIS",
    `.B ${text(name)}`,
    text(program.usage()),
    ".SH DESCRIPTION",
    text(program.description()),
    ...(program.options.length > 0 ? [".SH OPTIONS", ...program.options.flatMap(option)] : []),
    ...(program.commands.length > 0
      ? [".SH COMMANDS", ...program.commands.flatMap((inner) => command(inner, name))]
      : []),
    ".SH EXIT STATUS",
    "0: done. 1: the answer is no, or a bug. 2: something that you can put right, said in one line. 130 or 143: stopped by a signal.",
    ".SH SEE ALSO",
    "The folder docs of the package.",
  ].join("\n")}\n`;
};

const command = (inner: Command, parent: string): readonly string[] => {
  const path = `${parent} ${inner.name()}`;
  if (inner.commands.length > 0) return inner.commands.flatMap((below) => command(below, path));
  return [
    `.SS ${text(`${path} ${inner.usage()}`)}`,
    text(inner.description()),
    ...inner.options.filter(({ hidden }) => !hidden).flatMap(option),
  ];
};

const option = ({
  flags,
  description,
  argChoices,
  defaultValue,
  defaultValueDescription,
}: Option): readonly string[] => {
  const known = argChoices === undefined ? "" : ` (${argChoices.join(", ")})`;
  const standard = defaultValue === undefined ? "" : ` [default: ${defaultValueDescription ?? String(defaultValue)}]`;
  return [".TP", `.B ${text(flags)}`, text(`${description}${known}${standard}`)];
};

const firstLine = (description: string): string => description.split(/[.:;] /)[0]!.replace(/\.$/, "");

/** A line of roff: backslashes and hyphens stand for themselves, what is not ASCII is named, and no line begins a request. */
const text = (line: string): string =>
  line
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/\s+/g, " ")
    .replace(/[^\x20-\x7e]/gu, (letter) => `\\[u${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`)
    .replace(/^([.'])/, "\\&$1");
