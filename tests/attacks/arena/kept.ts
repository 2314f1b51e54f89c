import { createHash } from "node:crypto";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { machine } from "#bench/machine.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import type { Observation } from "./observation.js";

/** What observations hold for: with another of these they would be others. */
export interface Circumstances {
  readonly model: string;
  readonly cycles: number;
  readonly processor: string;
  /** SHA-256 of the compiled programs and attacks, hex. */
  readonly code: string;
}

/** Observations in a file, one a line, so that a run that was ended goes on where it stood. */
export interface KeptObservations {
  readonly known: readonly Observation[];
  add(observation: Observation): void;
}

const CODE = ["datasets", "miner", "shared", "validator", "tests/attacks", "tests/support"];

export const circumstancesOf = (run: Pick<Circumstances, "model" | "cycles">): Circumstances => ({
  ...run,
  processor: machine().processor,
  code: hashOfCode(fileURLToPath(new URL("../../../", import.meta.url))),
});

/**
 * Reads the observations that the file holds, or begins it. A last line that was cut off counts as never written.
 *
 * @throws BlockZeroError ATTACK_RUN_OTHER where it holds those of other circumstances; FILE_UNWRITABLE
 */
export const openKept = (file: string, circumstances: Circumstances): KeptObservations => {
  try {
    const [head, ...lines] = completeLines(readFileIfAny(file) ?? "");
    if (head !== undefined && head !== JSON.stringify(circumstances)) throw other(file);
    const known = lines.map((line, i) => parse(line) ?? refuse(file, i + 2));
    const whole = [circumstances, ...known].map((line) => `${JSON.stringify(line)}\n`);
    writeFileAtomic(file, whole.join(""));
    return { known, add: (observation) => appendFileSync(file, `${JSON.stringify(observation)}\n`) };
  } catch (error) {
    if (error instanceof BlockZeroError) throw error;
    throw new BlockZeroError(
      "FILE_UNWRITABLE",
      `cannot keep observations in ${file}: ${reasonOf(error)}`,
      "name another file",
      { cause: error },
    );
  }
};

const completeLines = (text: string): readonly string[] => text.split("\n").slice(0, -1);

const parse = (line: string): Observation | null => {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
};

const refuse = (file: string, line: number): never => {
  throw new BlockZeroError("ATTACK_RUN_OTHER", `${file}:${line} is damaged`, "remove that line, or the file");
};

const other = (file: string) =>
  new BlockZeroError(
    "ATTACK_RUN_OTHER",
    `${file} is of another run: its model, cycles, processor or code differ`,
    "name another file, or remove this one",
  );

const hashOfCode = (dist: string): string => {
  const hash = createHash("sha256");
  for (const room of CODE)
    for (const name of readdirSync(join(dist, room), { recursive: true, encoding: "utf8" }).sort())
      if (name.endsWith(".js")) hash.update(`${room}/${name}\0`).update(readFileSync(join(dist, room, name)));
  return hash.digest("hex");
};
