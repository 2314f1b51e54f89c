import type { Completed } from "./tree.js";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** The script that a shell reads to complete some programs. */
export const completionScript = (shell: Shell, programs: readonly (readonly Completed[])[]): string => {
  const parts = programs.map((commands) => ({ program: commands[0]!.path, commands }));
  return `${parts.map((part) => SCRIPTS[shell](part)).join("\n\n")}\n`;
};

interface Part {
  readonly program: string;
  readonly commands: readonly Completed[];
}

const functionOf = (program: string): string => `_${program.replaceAll("-", "_")}`;
const quoted = (text: string): string => `'${text}'`;

/** Branches of a `case` that lengthen the path by a command: what else stands there is an option or its value. */
const descents = (commands: readonly Completed[]): string => {
  const paths = commands.flatMap(({ path, commands: inner }) => inner.map(({ text }) => `"${path} ${text}"`));
  return paths.length === 0 ? "" : `      ${paths.join("|")}) at="$at $word";;\n`;
};

const choices = (commands: readonly Completed[]): readonly (readonly [after: string, values: readonly string[]])[] =>
  commands.flatMap(({ path, options }) =>
    options
      .filter((option) => option.choices.length > 0)
      .map((option) => [`${path} ${option.text}`, option.choices] as const),
  );

/** Options whose value may be anything: the shell's own completion of files. */
const anyValue = (commands: readonly Completed[]): readonly string[] =>
  commands.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue, choices: known }) => takesValue && known.length === 0)
      .map(({ text }) => `"${path} ${text}"`),
  );

const bash = ({ program, commands }: Part): string => {
  const valued = choices(commands).map(
    ([after, values]) => `    "${after}") COMPREPLY=($(compgen -W "${values.join(" ")}" -- "$current")); return;;`,
  );
  const free = anyValue(commands);
  return `${functionOf(program)}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" at="${program}" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
${descents(commands)}      *) ;;
    esac
  done
  COMPREPLY=()
  case "$at $before" in
${valued.join("\n")}
${free.length === 0 ? "" : `    ${free.join("|")}) return;;\n`}    *) ;;
  esac
  case "$at" in
${commands
  .map(
    ({ path, commands: inner, options }) =>
      `    "${path}") words="${[...inner, ...options].map(({ text }) => text).join(" ")}";;`,
  )
  .join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F ${functionOf(program)} ${program}`;
};

const zsh = ({ program, commands }: Part): string => {
  const valued = choices(commands).map(([after, values]) => `    "${after}") compadd -- ${values.join(" ")}; return;;`);
  const free = anyValue(commands);
  return `#compdef ${program}
${functionOf(program)}() {
  local at="${program}" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
${descents(commands)}      *) ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${valued.join("\n")}
${free.length === 0 ? "" : `    ${free.join("|")}) _files; return;;\n`}    *) ;;
  esac
  case "$at" in
${commands
  .map(
    ({ path, commands: inner, options }) =>
      `    "${path}") compadd -- ${[...inner, ...options].map(({ text }) => text).join(" ")};;`,
  )
  .join("\n")}
  esac
}
compdef ${functionOf(program)} ${program}`;
};

const fish = ({ program, commands }: Part): string => {
  const at = `${functionOf(program)}_at`;
  const lines = commands.flatMap(({ path, commands: inner, options }) => {
    const here = `complete -c ${program} -n ${quoted(`test (${at}) = "${path}"`)}`;
    return [
      ...inner.map(({ text, about }) => `${here} -f -a ${quoted(text)} -d ${quoted(about)}`),
      ...options.map(({ text, about, takesValue, choices: known }) => {
        const value = known.length > 0 ? ` -x -a ${quoted(known.join(" "))}` : takesValue ? " -r -F" : " -f";
        return `${here} -l ${quoted(text.slice(2))} -d ${quoted(about)}${value}`;
      }),
    ];
  });
  const paths = commands.flatMap(({ path, commands: inner }) => inner.map(({ text }) => quoted(`${path} ${text}`)));
  return `function ${at}
  set -l at ${program}
  for word in (commandline -opc)[2..-1]
    contains -- "$at $word" ${paths.join(" ")}; and set at "$at $word"
  end
  echo $at
end
${lines.join("\n")}`;
};

const SCRIPTS: Readonly<Record<Shell, (part: Part) => string>> = { bash, zsh, fish };
