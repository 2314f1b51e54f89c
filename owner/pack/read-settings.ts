import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { type PackSettings, packSettingsSchema } from "./settings.js";

/** What flags say; undefined leaves it to the file. */
export interface PackFlags {
  readonly field?: string | undefined;
  readonly messages?: boolean | undefined;
  readonly date?: string | undefined;
  readonly textIs?: PackSettings["text_is"] | undefined;
  readonly heldOut?: number | undefined;
  readonly seed?: number | undefined;
  readonly shardBytes?: number | undefined;
  readonly languages?: readonly string[] | undefined;
  readonly isUnfiltered?: boolean | undefined;
}

/** A pack's settings from a YAML file, where one is named, and flags, which go before it. @throws BlockZeroError PACK_SETTINGS */
export const readPackSettings = (path: string | undefined, flags: PackFlags): PackSettings => {
  const { field, messages, date, textIs, heldOut, seed, shardBytes, languages, isUnfiltered } = flags;
  const file = path === undefined ? {} : readYaml(path);
  const filters = { ...asObject(file.filters) };
  if (languages) filters.language = { only: languages };
  if (isUnfiltered)
    for (const name of ["length", "symbols", "repetition"]) filters[name] = { ...asObject(filters[name]), use: false };
  const given = {
    ...(messages && { field: "messages" }),
    ...file,
    ...(field !== undefined && { field }),
    ...(messages !== undefined && { messages }),
    ...(date !== undefined && { date }),
    ...(textIs !== undefined && { text_is: textIs }),
    ...(heldOut !== undefined && { held_out: heldOut }),
    ...(seed !== undefined && { seed }),
    ...(shardBytes !== undefined && { shard_bytes: shardBytes }),
    filters,
  };
  const parsed = packSettingsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw invalid(`${path ?? "the flags"}: ${issue.path.join(".") || "settings"}: ${issue.message}`, parsed.error);
};

const asObject = (value: unknown): Record<string, unknown> =>
  z.record(z.string(), z.unknown()).safeParse(value).data ?? {};

const readYaml = (path: string): Record<string, unknown> => {
  try {
    return z.record(z.string(), z.unknown()).parse(parse(readFileSync(path, "utf8")) ?? {});
  } catch (cause) {
    throw invalid(`cannot read the settings in ${path}: ${reasonOf(cause)}`, cause);
  }
};

const invalid = (message: string, cause: unknown): BlockZeroError =>
  new BlockZeroError("PACK_SETTINGS", message, "see the settings of a pack in docs/data.md", { cause });
