import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import { addressSchema, isSignedBy, signatureSchema, type Verify } from "#shared/protocol/signing.js";

const VERSION = /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:-([0-9A-Za-z.-]{1,32}))?$/;

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

/**
 * Negative where a version is older than another, positive where it is newer, else 0: a release is newer than its
 * candidates (Semantic Versioning 2.0.0, 11).
 */
export const compareVersions = (a: string, b: string): number => {
  const [left, right] = [partsOf(a), partsOf(b)];
  const difference = left.numbers.map((part, i) => part - right.numbers[i]!).find((each) => each !== 0);
  return difference ?? compareCandidates(left.candidate, right.candidate);
};

interface Parts {
  readonly numbers: readonly number[];
  /** What follows `-`, by its dots; undefined for a release. */
  readonly candidate: readonly string[] | undefined;
}

const partsOf = (version: string): Parts => {
  const found = VERSION.exec(version);
  return { numbers: (found?.slice(1, 4) ?? [0, 0, 0]).map(Number), candidate: found?.[4]?.split(".") };
};

const compareCandidates = (left: Parts["candidate"], right: Parts["candidate"]): number => {
  if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
  const difference = left.slice(0, right.length).map((part, i) => compareIdentifiers(part, right[i]!));
  return difference.find((each) => each !== 0) ?? left.length - right.length;
};

/** Numbers by their value and before words, words by their characters. */
const compareIdentifiers = (left: string, right: string): number => {
  const [one, other] = [numberOf(left), numberOf(right)];
  if (one !== null && other !== null) return Number(one > other) - Number(one < other);
  if (one !== null || other !== null) return one === null ? 1 : -1;
  return Number(left > right) - Number(left < right);
};

const numberOf = (text: string): bigint | null => (/^\d+$/.test(text) ? BigInt(text) : null);
