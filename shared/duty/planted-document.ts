import { z } from "zod";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { hashSchema } from "#shared/protocol/hash.js";
import type { Parsed } from "#shared/protocol/parsed.js";
import { MAX_CYCLE } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import { addressSchema, isSignedBy, signatureSchema, signDocument, type Verify } from "#shared/protocol/signing.js";
import { drawSchema } from "./duty-document.js";

/** Greatest size of a disclosure, in bytes. */
export const MAX_PLANTED_BYTES = 4096;

/** A relay discloses, after duty documents are committed, which task it planted. */
export const plantedDocumentSchema = z.strictObject({
  version: z.literal(1),
  kind: z.literal("planted"),
  network: hashSchema,
  cycle: z.int().min(0).max(MAX_CYCLE),
  hotkey: addressSchema,
  /** The task's id. */
  task: hashSchema,
  /** The draw that made it a relay: it says whether the task's result had to be wrong. */
  draw: drawSchema,
  signature: signatureSchema,
});

export type PlantedDocument = z.infer<typeof plantedDocumentSchema>;

export type UnsignedPlantedDocument = Pick<PlantedDocument, "network" | "cycle" | "task" | "draw">;

/** What a relay signs. */
export const plantedBody = (fields: UnsignedPlantedDocument, hotkey: string): Omit<PlantedDocument, "signature"> => ({
  version: 1,
  kind: "planted",
  hotkey,
  ...fields,
});

export const signPlantedDocument = (
  fields: UnsignedPlantedDocument,
  signer: Pick<Signer, "address" | "sign">,
): Promise<PlantedDocument> => signDocument(plantedBody(fields, signer.address), signer);

/** Never throws, whatever the bytes. */
export const parsePlantedDocument = (bytes: Uint8Array): Parsed<PlantedDocument> =>
  parseCanonical(bytes, plantedDocumentSchema, MAX_PLANTED_BYTES);

export const isPlantedDocumentSigned = (document: PlantedDocument, verify: Verify): boolean =>
  isSignedBy(document, document.hotkey, verify);
