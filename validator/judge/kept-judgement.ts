import { join } from "node:path";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { type Report, reportSchema } from "#shared/protocol/report.js";

/** A report that is not signed. */
export type Judgement = Omit<Report, "signature">;

const fileOf = (home: string): string => join(home, "judgement.json");

/**
 * Writes down what is about to be signed. A second judgement of the cycle, after a crash, may come to other figures, and a signer signs one
 * report a cycle.
 */
export const keepJudgement = (home: string, judgement: Judgement): void =>
  writeFileAtomic(fileOf(home), canonicalBytes(judgement));

/** What was to be signed of a cycle before a crash; null if there is none, or if it cannot be read. */
export const keptJudgement = (
  home: string,
  { network, cycle, validator }: Pick<Report, "network" | "cycle" | "validator">,
): Judgement | null => {
  try {
    const value: object = JSON.parse(readFileIfAny(fileOf(home)) ?? "null") ?? {};
    const { signature: _, ...judgement } = reportSchema.parse({ ...value, signature: "0".repeat(128) });
    const isOurs = judgement.validator === validator && judgement.network === network;
    return isOurs && judgement.cycle === cycle ? judgement : null;
  } catch {
    return null;
  }
};
