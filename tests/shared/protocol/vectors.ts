import { readFileSync } from "node:fs";
import type { z } from "zod";

/** Reads `tests/vectors/<name>.json`, which other languages' implementations check against too. */
export const loadVectors = <T>(name: string, schema: z.ZodType<T>): T =>
  schema.parse(JSON.parse(readFileSync(new URL(`../../../../tests/vectors/${name}.json`, import.meta.url), "utf8")));
