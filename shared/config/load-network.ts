import type { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import { pathBeside } from "../files/beside.js";
import type { ExpertGroup } from "../protocol/expert-group.js";
import { type Network, networkSchema } from "../protocol/network.js";
import { mapTokenizerFiles } from "../protocol/tokenizer-files.js";
import { readYaml, yamlValue } from "./yaml-file.js";

const CODES = { missing: "NETWORK_FILE_NOT_FOUND", malformed: "NETWORK_FILE_MALFORMED" } as const;

/**
 * Reads a network file (YAML, of which JSON is a part). Paths in it are relative to it.
 *
 * @throws BlockZeroError NETWORK_FILE_NOT_FOUND, NETWORK_FILE_MALFORMED (line and column), NETWORK_FILE_INVALID (field)
 */
export const loadNetwork = (file: string): Network => {
  const network = parseNetwork(yamlValue(file, readYaml(file, CODES), CODES), file);
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
    `${origin}: ${first === undefined ? "not a network" : faultOf(first)}${more}`,
    "correct that field (docs/network-file.md); everybody on a subnet needs the same file, so ask its owner for the current one",
    { cause: parsed.error },
  );
};

/** The JSON of a network file that was fetched; null, which is no network, where it is none. */
export const parsedJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
};

/** The field that is wrong, and how. */
export const faultOf = (issue: z.core.$ZodIssue): string => {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return `unknown field ${[...issue.path, issue.keys[0] ?? ""].join(".")}`;
  }
  return path === "" ? `not a network: ${issue.message}` : `${path}: ${issue.message}`;
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
