import { z } from "zod";

/** Printable ASCII that canonical JSON writes as it is: a head has 1 KiB in all. */
const word = z.string().regex(/^[ !#-[\]-~]{1,64}$/);

/** What a host says of the machine that made a proof. Nobody checks it, and nothing depends on it. */
export const hardwareSchema = z.strictObject({
  /** The processor's name, as the system has it. */
  processor: word,
  /** Processor threads that computed. 0 where another device did. */
  threads: z.int().min(0).max(65_536),
  /** What computed: the engine's name of the device. */
  device: word,
});

export type Hardware = z.infer<typeof hardwareSchema>;

const LONGEST = 64;

/** A name as a proof can carry it. */
export const hardwareWord = (text: string): string =>
  text
    .replace(/[^ !#-[\]-~]/g, "")
    .trim()
    .slice(0, LONGEST)
    .trim() || "unknown";
