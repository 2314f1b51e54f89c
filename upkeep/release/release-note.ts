import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import { addressSchema, isSignedBy, signatureSchema, type Verify } from "#shared/protocol/signing.js";

const VERSION = /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:-[0-9A-Za-z.-]{1,32})?$/;

/** What a publisher says of a version, signed with sr25519 over the canonical JSON of everything but the signature. */
const noteSchema = z.strictObject({
  kind: z.literal("blockzero/release/1"),
  version: z.string().regex(VERSION, "a version is MAJOR.MINOR.PATCH"),
  published: z.iso.datetime(),
  /** What changes for who runs it, in a few sentences. */
  summary: z.string().max(4000),
  /** Whether networks of the version before must begin anew, or participants must change together. */
  protocol: z.enum(["same", "new"]),
  signature: signatureSchema,
});

export type ReleaseNote = z.infer<typeof noteSchema>;

export const MAX_NOTE_BYTES = 64 << 10;

/**
 * A note of a publisher, given as text.
 *
 * @param publisher SS58 address of the key that signs releases
 * @throws BlockZeroError RELEASE_NOTE_INVALID where it is no note, or not signed by the publisher
 */
export const parseReleaseNote = (text: string, publisher: string, verify: Verify): ReleaseNote => {
  const note = noteOf(text);
  if (note !== null && isSignedBy(note, publisher, verify)) return note;
  throw new BlockZeroError(
    "RELEASE_NOTE_INVALID",
    note === null ? "this is no release note" : `the release note is not signed by ${publisher}`,
    "take it from its publisher, and compare the key with another source of it; nothing of the note is shown",
  );
};

const noteOf = (text: string): ReleaseNote | null => {
  try {
    return noteSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
};

/** SS58 address of a publisher's key. @throws BlockZeroError RELEASE_KEY_INVALID */
export const publisherKey = (text: string): string => {
  if (addressSchema.safeParse(text).success) return text;
  throw new BlockZeroError("RELEASE_KEY_INVALID", "a publisher's key is an SS58 address", "take it from the publisher");
};

/** Negative where a version is older than another, positive where it is newer, 0 where they are the same but for what follows `-`. */
export const compareVersions = (a: string, b: string): number => {
  const [left, right] = [a, b].map((version) => VERSION.exec(version)?.slice(1, 4).map(Number) ?? [0, 0, 0]);
  return left!.map((part, i) => part - right![i]!).find((difference) => difference !== 0) ?? 0;
};
