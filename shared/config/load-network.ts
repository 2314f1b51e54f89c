import { isAlias, isMap, isNode, isScalar, isSeq, type Node } from "yaml";
import type { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import { pathBeside } from "../files/beside.js";
import type { ExpertGroup } from "../protocol/expert-group.js";
import { documentExcess } from "../protocol/json-excess.js";
import { type Network, networkSchema } from "../protocol/network.js";
import { mapTokenizerFiles } from "../protocol/tokenizer-files.js";
import { readYaml, type YamlFile, yamlValue } from "./yaml-file.js";

const CODES = { missing: "NETWORK_FILE_NOT_FOUND", malformed: "NETWORK_FILE_MALFORMED" } as const;

/**
 * Reads a network file (YAML, of which JSON is a part). Paths in it are relative to it.
 *
 * @throws BlockZeroError NETWORK_FILE_NOT_FOUND, NETWORK_FILE_MALFORMED (line and column), NETWORK_FILE_INVALID (field)
 */
export const loadNetwork = (file: string): Network => {
  const yaml = readYaml(file, CODES);
  const network = parsedFile(yamlValue(file, yaml, CODES), file, yaml);
  const groups = Object.entries(network.groups).map(([name, group]) => [name, groupBeside(file, group)]);
  return { ...network, data: dataBeside(file, network.data), groups: Object.fromEntries(groups) };
};

/** What makes tokens of text as a file has it: paths of a tokenizer's files are relative to that file. */
export const dataBeside = (file: string, data: Network["data"]): Network["data"] => ({
  ...data,
  tokenizer: mapTokenizerFiles(data.tokenizer, ({ path, ...others }) =>
    path === undefined ? others : { ...others, path: pathBeside(file, path) },
  ),
});

/** A group as a file has it: paths of documents are relative to that file. */
export const groupBeside = (file: string, group: ExpertGroup): ExpertGroup => ({
  ...group,
  data: group.data.map(({ path, ...source }) =>
    path === undefined ? source : { ...source, path: pathBeside(file, path) },
  ),
});

/**
 * Checks a network that was read elsewhere, such as one fetched by its hash.
 *
 * @param origin where it came from, for the message
 * @throws BlockZeroError NETWORK_FILE_INVALID
 */
export const parseNetwork = (value: unknown, origin: string): Network => {
  const parsed = networkSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first, ...others] = parsed.error.issues;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  throw new BlockZeroError(
    "NETWORK_FILE_INVALID",
    `${origin}: ${first === undefined ? "not a network" : faultOf(first, value)}${more}`,
    "everybody on a subnet needs the same file: ask its owner for one that docs/network-file.md allows",
    { cause: parsed.error },
  );
};

/** As `parseNetwork`, of a file that whoever asks may have written: names the lines of all that is wrong in it. */
const parsedFile = (value: unknown, file: string, yaml: YamlFile): Network => {
  const parsed = networkSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues
    .map((issue) => ({ line: lineOf(yaml, pathOf(issue)), says: faultOf(issue, value) }))
    .sort((a, b) => a.line - b.line);
  const left = faults.length - NAMED_FAULTS;
  const named = faults.slice(0, NAMED_FAULTS).map(({ line, says }) => `${file}:${line}: ${says}`);
  throw new BlockZeroError(
    "NETWORK_FILE_INVALID",
    `${named.join("; ")}${left > 0 ? `; and ${left} more` : ""}`,
    "docs/network-file.md says what a field takes; if the file is not yours, ask the subnet's owner for the current one",
    { cause: parsed.error },
  );
};

/** Faults that one message names. */
const NAMED_FAULTS = 8;

/** Line of a field, or of the nearest one around it that is there. */
const lineOf = ({ document, lineAt }: YamlFile, path: readonly string[]): number => {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap<Node, Node>(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (!pair) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq<Node>(node)) {
      node = node.items[Number(key)];
      if (!isNode(node)) break;
      offset = node.range?.[0] ?? offset;
    } else break;
  }
  return lineAt(offset);
};

const pathOf = (issue: z.core.$ZodIssue): readonly string[] => [
  ...issue.path.map(String),
  ...(issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : []),
];

/** The JSON of a network file that was fetched; null, which is no network, where it is none. */
export const parsedJson = (bytes: Uint8Array): unknown => {
  if (documentExcess(bytes) !== null) return null;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
};

/** The field that is wrong, what it is in `value`, and how it is wrong. */
export const faultOf = (issue: z.core.$ZodIssue, value: unknown): string => {
  const path = pathOf(issue).join(".");
  if (issue.code === "unrecognized_keys") return `unknown field ${path}`;
  if (path === "") return `not a network: ${issue.message}`;
  const given = issue.path.reduce<unknown>(
    (found, key) => (isContainer(found) ? Reflect.get(found, key) : undefined),
    value,
  );
  return given === undefined || isContainer(given)
    ? `${path}: ${issue.message}`
    : `${path} is ${shown(given)}: ${issue.message}`;
};

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

export interface NetworkDifference {
  /** Dotted path. */
  readonly field: string;
  readonly left: unknown;
  readonly right: unknown;
}

/** Every field in which two networks differ; where one lacks a whole branch, the branch. */
export const networkDifferences = (a: object, b: object): readonly NetworkDifference[] => [...differences(a, b, [])];

/** The dotted path of the first field in which two networks differ, or undefined where they are the same. */
export const differingField = (a: Network, b: Network): string | undefined => {
  for (const { field } of differences(a, b, [])) return field;
  return undefined;
};

function* differences(left: unknown, right: unknown, path: readonly string[]): Generator<NetworkDifference> {
  if (Object.is(left, right)) return;
  if (!isContainer(left) || !isContainer(right) || Array.isArray(left) !== Array.isArray(right)) {
    yield { field: path.join("."), left, right };
    return;
  }
  const ours = new Map(Object.entries(left));
  const theirs = new Map(Object.entries(right));
  for (const key of new Set([...ours.keys(), ...theirs.keys()]))
    yield* differences(ours.get(key), theirs.get(key), [...path, key]);
}

const isContainer = (value: unknown): value is object => typeof value === "object" && value !== null;
