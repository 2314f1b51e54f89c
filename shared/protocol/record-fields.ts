import { decodeBitmap, encodeBitmap, isBitmap } from "./bitmap.js";
import { groupName } from "./expert-group.js";
import { hashFromRecord, hashToRecord, isHash } from "./hash.js";
import { isLocation } from "./location.js";
import { MAX_MEMBERS } from "./network-file/group-rules.js";
import { decodePulse, encodePulse, isPulse } from "./pulse-text.js";
import { MAX_DIFFICULTY, MIN_DIFFICULTY } from "./sprint.js";
import { decodeVotes, encodeVotes, type StepVote, votesProblem } from "./step-vote.js";

/** Largest cycle in a record: block numbers have 32 bits, so cycles do too. */
export const MAX_CYCLE = 2 ** 32 - 1;

/** Greatest number of winning nonces in a record. */
export const MAX_WINS = 2 ** 20;

/** Greatest number of nonces in a record. */
export const MAX_NONCES = 2 ** 48 - 1;

/** One field of a record: its form on chain, and which values it may have. */
export interface Field<T> {
  readonly write: (value: T) => string;
  /** Undefined for a text that is not in the field's form. */
  readonly read: (text: string) => T | undefined;
  /** What is wrong with a value, or null. */
  readonly problem: (value: T) => string | null;
}

const unless = (fits: boolean, problem: string): string | null => (fits ? null : problem);

const isWithin = (least: number, value: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

/** A text whose form is judged as its value is. */
const text = (problem: Field<string>["problem"]): Field<string> => ({
  write: (value) => value,
  read: (value) => value,
  problem,
});

const decimal = (form: RegExp, problem: Field<number>["problem"]): Field<number> => ({
  write: String,
  read: (digits) => (form.test(digits) ? Number(digits) : undefined),
  problem,
});

/** Whole numbers as ECMAScript writes them to the base 36. */
const count = (most: number, problem: string): Field<number> => ({
  write: (value) => value.toString(36),
  read: (digits) => (/^[0-9a-z]{1,10}$/.test(digits) ? Number.parseInt(digits, 36) : undefined),
  problem: (value) => unless(isWithin(0, value, most), problem),
});

export const CYCLE = decimal(/^(0|[1-9][0-9]{0,9})$/, (cycle) =>
  unless(isWithin(0, cycle, MAX_CYCLE), "a cycle that is not a 32-bit number"),
);

export const HASH: Field<string> = {
  write: hashToRecord,
  read: (digits) => hashFromRecord(digits) ?? undefined,
  problem: (hash) => unless(isHash(hash), "a hash that is not 64 hex digits"),
};

/** A hash, or nothing. */
export const HASH_OR_NONE: Field<string | null> = {
  write: (hash) => (hash === null ? "" : HASH.write(hash)),
  read: (digits) => (digits === "" ? null : HASH.read(digits)),
  problem: (hash) => (hash === null ? null : HASH.problem(hash)),
};

/** Last in its record: only a location may contain colons. */
export const LOCATION = text((location) =>
  unless(isLocation(location), "a location that is not a short http(s) origin"),
);

export const GROUP = text((group) => unless(groupName.safeParse(group).success, "a group that is no group's name"));

/** Ascending numbers, each below `MAX_HELD`. */
export const NUMBERS: Field<readonly number[]> = {
  write: encodeBitmap,
  read: (digits) => decodeBitmap(digits) ?? undefined,
  problem: (numbers) => unless(isBitmap(numbers), "numbers that are none"),
};

/** Ascending numbers, each below `MAX_MEMBERS`. */
export const MEMBERS: Field<readonly number[]> = {
  ...NUMBERS,
  problem: (numbers) => unless(isBitmap(numbers) && (numbers.at(-1) ?? 0) < MAX_MEMBERS, "numbers that are no members"),
};

export const VOTES: Field<readonly StepVote[]> = {
  write: encodeVotes,
  read: (digits) => decodeVotes(digits) ?? undefined,
  problem: votesProblem,
};

export const DIFFICULTY = decimal(/^[1-9][0-9]{0,3}$/, (difficulty) =>
  unless(
    isWithin(MIN_DIFFICULTY, difficulty, MAX_DIFFICULTY),
    `a difficulty that is not between ${MIN_DIFFICULTY} and ${MAX_DIFFICULTY}`,
  ),
);

/** Thirds of a Sprint's time that are over. */
export const THIRDS: Field<1 | 2> = {
  write: String,
  read: (digit) => (digit === "1" ? 1 : digit === "2" ? 2 : undefined),
  problem: (thirds) => unless(isWithin(1, thirds, 2), "thirds that are neither 1 nor 2"),
};

export const WINS = count(MAX_WINS, "wins that are no count");

export const NONCES = count(MAX_NONCES, "nonces that are no count");

export const PULSE: Field<string> = {
  write: encodePulse,
  read: (digits) => decodePulse(digits) ?? undefined,
  problem: (pulse) => unless(isPulse(pulse), "a pulse of another form"),
};
