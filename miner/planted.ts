import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import type { Participant } from "#shared/participant/participant.js";
import { sha256, u64le } from "#shared/protocol/hash.js";
import type { Report } from "#shared/protocol/report.js";

/** One cycle in so many is another than the others. */
const ONE_IN = 4;

/** Whether a cycle is one whose update has the other answer: drawn with a secret of this home, so that no validator can know. */
export const isPlanted = ({ home }: Pick<Participant, "home">, cycle: number): boolean => {
  const path = join(home, "planted-secret");
  const known = readFileIfAny(path);
  const secret = known ?? randomBytes(32).toString("hex");
  if (known === null) writeFileAtomic(path, secret);
  return Number.parseInt(sha256(Buffer.from(secret), u64le(cycle)).slice(0, 8), 16) % ONE_IN === 0;
};

/** Validators whose reports say of a planted update what it usually is, and not what it is. */
export const whoGuessed = (reports: readonly Report[], hotkey: string, answer: "good" | "bad"): readonly string[] =>
  reports.flatMap(({ validator, entries }) => {
    const entry = entries.find((one) => one.hotkey === hotkey);
    if (entry?.verdict !== "scored") return [];
    return entry.score > 0 === (answer === "good") ? [] : [validator];
  });
