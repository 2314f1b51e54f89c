// The pages of docs/api: every name that a part of the library exports, its declaration and its comment, from the compiled declarations.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

/** One page a part, by its path below docs/. */
export const apiPages = (generated) =>
  Object.fromEntries(
    readdirSync(join(root, "shared", "library"))
      .sort()
      .map((file) => [`api/${file.replace(/\.ts$/, ".md")}`, pageOf(file.replace(/\.ts$/, ""), generated)]),
  );

const pageOf = (part, generated) => {
  const file = join(root, "shared", "library", `${part}.ts`);
  const [, purpose] = /^\/\*\* (.+) \*\/$/m.exec(readFileSync(file, "utf8"));
  const entry = join(dist, "shared", "library", `${part}.d.ts`);
  const names = exportsOf(entry).sort((a, b) => (a.name < b.name ? -1 : 1));
  return [`# blockzero/${part}`, generated, purpose, ...names.map(sectionOf)];
};

const sectionOf = ({ name, file, original }) => {
  if (original === "*") {
    const operators = exportsOf(file).map((inner) => declarationOf(inner.file, inner.original));
    return [`## ${name}`, ...operators.map(inBlock)].join("\n\n");
  }
  const declaration = declarationOf(file, original);
  return [`## ${name}`, ...proseOf(declaration.comment), inBlock(declaration)].join("\n\n");
};

const inBlock = ({ code }) => `\`\`\`ts\n${code}\n\`\`\``;

/** What a declaration file exports from other files: the name, that file and the name there. */
const exportsOf = (file) => {
  const text = readFileSync(file, "utf8");
  const named = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)";$/gm)].flatMap(([, list, from]) =>
    list
      .split(",")
      .map((item) => item.trim().replace(/^type /, ""))
      .filter((item) => item !== "")
      .map((item) => {
        const [original, name = original] = item.split(" as ");
        return { name, original, file: fileOf(file, from) };
      }),
  );
  const spaces = [...text.matchAll(/^export \* as (\w+) from "([^"]+)";$/gm)].map(([, name, from]) => ({
    name,
    original: "*",
    file: fileOf(file, from),
  }));
  return [...named, ...spaces];
};

const fileOf = (importer, specifier) =>
  (specifier.startsWith("#") ? join(dist, specifier.slice(1)) : join(dirname(importer), specifier)).replace(
    /\.js$/,
    ".d.ts",
  );

/** A name's declaration and the comment before it, through files that only pass it on. */
const declarationOf = (file, name) => {
  const passedOn = exportsOf(file).find((inner) => inner.name === name);
  if (passedOn) return declarationOf(passedOn.file, passedOn.original);
  const lines = readFileSync(file, "utf8").split("\n");
  const first = lines.findIndex((line) =>
    new RegExp(`^export (?:declare )?(?:abstract )?(?:const|function|class|interface|type) ${name}\\b`).test(line),
  );
  if (first === -1) throw new Error(`${file} does not declare ${name}`);
  let end = first + 1;
  // The members of a union may have comments of their own: a type ends with its semicolon.
  if (/^export (?:declare )?type /.test(lines[first])) while (!/^ ?\S.*;$/.test(lines[end - 1])) end++;
  while (end < lines.length && !/^(export|declare|import|interface|type|const|\/\*\*|\/\/)/.test(lines[end])) end++;
  let begin = first;
  if (/^ ?\*\/$|\*\/$/.test(lines[first - 1] ?? ""))
    do begin--;
    while (!lines[begin].startsWith("/**"));
  return {
    comment: lines.slice(begin, first).join("\n"),
    code: lines
      .slice(first, end)
      .join("\n")
      .replace(/ +$/gm, "")
      .trimEnd()
      .replace(/^export (?:declare )?/, ""),
  };
};

/** A comment as paragraphs of Markdown. */
const proseOf = (comment) => {
  const text = comment
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .replace(/^@param (\S+)\s+/gm, "- `$1`: ")
    .replace(/^@returns? +/gm, "- Returns: ")
    .replace(/^@throws +/gm, "- Throws: ")
    .trim();
  return text === "" ? [] : [text];
};
