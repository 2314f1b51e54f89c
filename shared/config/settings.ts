import type { z } from "zod";

/** One setting: its file key, environment variable, flag, check and documentation come from here. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  /** What it decides, one sentence, units included. */
  readonly describe: string;
  /** Without one the setting must be given, unless its schema takes undefined. */
  readonly default?: z.input<Schema>;
  /** An environment variable other than `BLOCKZERO_` and the key. */
  readonly env?: string;
  /** Of a setting that names a file or a folder: its value in a configuration file, made relative to that file. */
  readonly beside?: (file: string, value: string) => string;
  /** What is allowed, in words, where the schema alone says too little. */
  readonly allowed?: string;
}

/** Settings by dotted key, `wallet.hotkey`. */
export type Definition = Readonly<Record<string, Setting>>;

/** The loaded configuration: `{ "wallet.hotkey": … }` becomes `{ wallet: { hotkey: … } }`. */
export type Config<D extends Definition> = {
  readonly [Key in keyof D & string as HeadOf<Key>]: Key extends keyof D
    ? Key extends HeadOf<Key>
      ? z.output<D[Key]["schema"]>
      : Config<Below<D, HeadOf<Key>>>
    : never;
};

type HeadOf<Key extends string> = Key extends `${infer Head}.${string}` ? Head : Key;

type Below<D extends Definition, Head extends string> = {
  readonly [Key in keyof D & string as Key extends `${Head}.${infer Rest}` ? Rest : never]: D[Key];
};

export const setting = <Schema extends z.ZodType>(options: Setting<Schema>): Setting<Schema> => options;

/**
 * Checks a definition and keeps its type.
 *
 * @throws TypeError when two keys share a spelling (`a_b` and `a.b` are one environment variable), or one lies within another
 */
export const defineConfig = <const D extends Definition>(definition: D): D => {
  const spellings = new Map<string, string>();
  for (const key of Object.keys(definition)) {
    const other = spellings.get(spellingOf(key));
    if (other !== undefined) throw new TypeError(`settings ${other} and ${key} cannot be told apart`);
    spellings.set(spellingOf(key), key);
    const within = Object.keys(definition).find((parent) => key.startsWith(`${parent}.`));
    if (within !== undefined) throw new TypeError(`setting ${key} lies within the setting ${within}`);
  }
  return definition;
};

/** What all spellings of a key have in common: `wallet.hotkey`, `wallet-hotkey`, `walletHotkey`, `WALLET_HOTKEY`. */
export const spellingOf = (key: string): string => key.replace(/[._-]/g, "").toLowerCase();

/** The environment variable of a key: `wallet.hotkey` is `BLOCKZERO_WALLET_HOTKEY`. */
export const environmentName = (key: string, { env }: Setting): string =>
  env ?? `BLOCKZERO_${key.replaceAll(".", "_").toUpperCase()}`;

/** The flag of a key as documented, `--wallet.hotkey`. */
export const flagName = (key: string): string => `--${key}`;
