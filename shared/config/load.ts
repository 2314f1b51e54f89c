import { isAlias, isMap, isScalar, type Node } from "yaml";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { redactUrls } from "#shared/telemetry/redact.js";
import { nearest } from "#shared/util/nearest.js";
import { allowedValues, fromText } from "./allowed.js";
import { type Config, type Definition, environmentName, flagName, type Setting, spellingOf } from "./settings.js";
import { MAX_ALIASES, readYaml } from "./yaml-file.js";

export interface ConfigInputs {
  /** A YAML file, nested (`wallet: { hotkey: x }`) or dotted (`wallet.hotkey: x`). */
  readonly file?: string | undefined;
  /** Settings of another program that file and flags may hold as well; they are not looked at. */
  readonly others?: Definition | undefined;
  /** An empty variable counts as unset. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By key in any of its spellings: `wallet.hotkey`, `wallet-hotkey`, `walletHotkey`. */
  readonly flags: Readonly<Record<string, string | number | boolean | undefined>>;
}

interface Given {
  readonly value: unknown;
  /** Where it was given, as its reader knows it: `miner.yaml:3`, `--seed`, an environment variable. */
  readonly origin: string;
  /** Line of the file. */
  readonly line?: number;
}

interface Fault {
  readonly error: BlockZeroError;
  /** Line of the file, where it is one of a file. */
  readonly line?: number | undefined;
}

/** Faults that one message names. */
const NAMED_FAULTS = 8;

/**
 * The configuration from flags, environment, file and defaults, the earlier before the later. `null` in the file counts
 * as unset; a path in the file is relative to the file, any other to the current folder.
 *
 * @throws BlockZeroError CONFIG_NOT_FOUND, CONFIG_MALFORMED, CONFIG_UNKNOWN_KEY, CONFIG_DUPLICATE_KEY,
 *         CONFIG_MISSING_KEY, CONFIG_INVALID_VALUE: the code is that of the first fault, those of the file before the others; the message names all
 */
export const loadConfig = <D extends Definition>(
  definition: D,
  { file, others = {}, env, flags }: ConfigInputs,
): Config<D> => {
  const faults: Fault[] = [];
  const fromFile =
    file === undefined ? new Map<string, Given>() : readSettings({ ...others, ...definition }, file, faults);
  const fromFlags = flagValues(definition, others, flags, faults);
  const values = new Map<string, unknown>();
  for (const [key, setting] of Object.entries(definition)) {
    const given = fromFlags.get(key) ?? environmentValue(key, setting, env) ?? fromFile.get(key);
    const parsed = setting.schema.safeParse(given === undefined ? setting.default : given.value);
    if (parsed.success) values.set(key, parsed.data);
    else
      faults.push({
        error: given === undefined ? missing(key, setting) : invalid(key, setting, given),
        line: given?.line,
      });
  }
  if (faults.length > 0) throw ofAll(faults);
  return nest(values) as Config<D>;
};

const environmentValue = (key: string, setting: Setting, env: ConfigInputs["env"]): Given | undefined => {
  const name = environmentName(key, setting);
  const text = env[name]?.trim() ?? "";
  return text === "" ? undefined : { value: fromText(text, setting), origin: name };
};

const flagValues = (
  definition: Definition,
  others: Definition,
  flags: ConfigInputs["flags"],
  faults: Fault[],
): Map<string, Given> => {
  const unread = new Set(Object.keys(others).map(spellingOf));
  const keys = new Map(Object.keys(definition).map((key) => [spellingOf(key), key]));
  const given = new Map<string, Given>();
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    const key = keys.get(spellingOf(name));
    const setting = key === undefined ? undefined : definition[key];
    if (key === undefined || setting === undefined) {
      if (unread.has(spellingOf(name))) continue;
      faults.push({ error: unknownKey(name, "flag", Object.keys(definition)) });
    } else
      given.set(key, { value: typeof value === "string" ? fromText(value, setting) : value, origin: flagName(key) });
  }
  return given;
};

const readSettings = (definition: Definition, file: string, faults: Fault[]): Map<string, Given> => {
  const keys = Object.keys(definition);
  const { document, lineAt } = readYaml(file, { missing: "CONFIG_NOT_FOUND", malformed: "CONFIG_MALFORMED" });
  const given = new Map<string, Given>();

  const visit = (node: Node | null, path: string): void => {
    if (!isMap<Node, Node | null>(node)) return;
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : key.toString();
      const full = path === "" ? name : `${path}.${name}`;
      const line = lineAt(key.range?.[0] ?? 0);
      const origin = `${file}:${line}`;
      const wrong = (error: BlockZeroError) => faults.push({ error, line });
      const resolved = isAlias(value) ? value.resolve(document) : value;
      if (Object.hasOwn(definition, full)) {
        if (given.has(full)) wrong(duplicateKey(full, origin));
        const plain = plainValue(value, origin);
        const { beside } = definition[full]!;
        const found = beside && typeof plain === "string" ? beside(file, plain) : plain;
        if (found !== null) given.set(full, { value: found, origin, line });
        continue;
      }
      const children = keys.filter((known) => known.startsWith(`${full}.`));
      if (children.length === 0) wrong(unknownKey(full, origin, keys));
      else if (isMap(resolved)) visit(resolved, full);
      else if (!isEmpty(value)) wrong(noMapping(full, origin, children));
    }
  };

  const plainValue = (node: Node | null, origin: string): unknown => {
    try {
      return node?.toJS(document, { maxAliasCount: MAX_ALIASES }) ?? null;
    } catch (thrown) {
      throw new BlockZeroError("CONFIG_MALFORMED", `${origin}: ${reasonOf(thrown)}`, "write the value out", {
        cause: thrown,
      });
    }
  };

  const root = document.contents;
  if (root !== null && !isEmpty(root) && !isMap(root)) {
    throw new BlockZeroError("CONFIG_MALFORMED", `${file}:1: not a mapping`, "write one `key: value` a line");
  }
  visit(root, "");
  return given;
};

const isEmpty = (node: unknown): boolean => node === null || (isScalar(node) && node.value === null);

/** `{ "wallet.hotkey": x }` as `{ wallet: { hotkey: x } }`; the keys come from a definition, never from input. */
const nest = (values: ReadonlyMap<string, unknown>): Record<string, unknown> => {
  const groups = new Map<string, Map<string, unknown>>();
  const result: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const dot = key.indexOf(".");
    if (dot === -1) result[key] = value;
    else {
      const head = key.slice(0, dot);
      const group = groups.get(head) ?? new Map<string, unknown>();
      group.set(key.slice(dot + 1), value);
      groups.set(head, group);
    }
  }
  for (const [head, group] of groups) result[head] = nest(group);
  return result;
};

const unknownKey = (name: string, origin: string, keys: readonly string[]): BlockZeroError => {
  const near = nearest(name, keys);
  return new BlockZeroError(
    "CONFIG_UNKNOWN_KEY",
    `${origin}: unknown key "${name}"${near === undefined ? "" : `, did you mean "${near}"?`}`,
    near === undefined ? "remove it; --help lists every key" : `write ${near}, or remove it`,
  );
};

const noMapping = (key: string, origin: string, children: readonly string[]): BlockZeroError =>
  new BlockZeroError(
    "CONFIG_INVALID_VALUE",
    `${origin}: ${key} is a value, but holds ${children.join(", ")}`,
    `write these keys indented below ${key}:`,
  );

const duplicateKey = (key: string, origin: string): BlockZeroError =>
  new BlockZeroError("CONFIG_DUPLICATE_KEY", `${origin}: ${key} is given twice`, "keep one of the two");

const missing = (key: string, setting: Setting): BlockZeroError =>
  new BlockZeroError(
    "CONFIG_MISSING_KEY",
    `${key} is not set: ${setting.describe}`,
    `add ${key} to the file, or give ${flagName(key)} or ${environmentName(key, setting)}`,
  );

const invalid = (key: string, setting: Setting, { value, origin }: Given): BlockZeroError =>
  new BlockZeroError(
    "CONFIG_INVALID_VALUE",
    `${origin}: ${key} is ${shown(value)}, which is not ${allowedValues(setting)}`,
    `give ${allowedValues(setting)}`,
  );

const shown = (value: unknown): string => {
  // Who writes a password into a URL should not find it in a log as well.
  const text = redactUrls(JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

/** One error of all faults: those of the file first, in its order. */
const ofAll = (faults: readonly Fault[]): BlockZeroError => {
  const at = ({ line = Number.POSITIVE_INFINITY }: Fault) => line;
  const errors = [...faults].sort((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b))).map(({ error }) => error);
  const [first, ...others] = errors;
  if (others.length === 0) return first!;
  const left = errors.length - NAMED_FAULTS;
  const named = errors.slice(0, NAMED_FAULTS).map(({ message }) => message);
  return new BlockZeroError(
    first!.code,
    `${named.join("; ")}${left > 0 ? `; and ${left} more` : ""}`,
    `${first!.hint}; docs/configuration.md says what the others take`,
    { cause: first },
  );
};
