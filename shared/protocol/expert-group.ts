import { z } from "zod";
import { dataSourceSchema } from "./data-source.js";
import { hashSchema } from "./hash.js";
import { about } from "./network-file/about.js";
import { drandBeaconSchema } from "./network-file/drand-beacon.js";

/** A name that fits a record: lower case, at most 12 characters. */
export const groupName = z.string().regex(/^[a-z][a-z0-9-]{0,11}$/, "a group's name is 1–12 of a–z, 0–9, -");

/** Greatest number of expert groups in a network: a ballot record has space for this many votes. */
export const MAX_GROUPS = 48;

/** Evaluation text that nobody can read before a given time: see `sealed-text.ts`. */
export const sealedTextSchema = z.strictObject({
  beacon: drandBeaconSchema.meta(about("The drand beacon that opens the envelopes.")),
  first_round: z.int().min(1).meta(about("The round that opens the first envelope.")),
  spacing: z.int().min(1).meta(about("From one envelope to the next.", "rounds")),
  envelopes: z.int().min(1).max(1_000_000).meta(about("How many there are.")),
  index: hashSchema.meta(
    about("SHA-256 of the index: the hashes of all envelopes, 32 bytes each, one after the other."),
  ),
});

/** Which experts of which layer a group owns, as in the file group → layer → expert ids. */
export const expertGroupSchema = z.strictObject({
  experts: z
    .record(z.string().regex(/^\d+$/), z.array(z.int().min(0)).min(1))
    .meta(
      about("For every layer of the model, the ids of the experts that the group owns. No two groups own the same."),
    ),
  data: z.array(dataSourceSchema).min(1).meta(about("The documents that the group learns from.")),
  sealed: sealedTextSchema
    .optional()
    .meta(
      about("Text that its updates are judged on in place of the held-out part of `data`. `blockzero seal` writes it."),
    ),
});

export type SealedText = z.infer<typeof sealedTextSchema>;
export type ExpertGroup = z.infer<typeof expertGroupSchema>;
