import { BlockZeroError } from "#shared/errors/error.js";
import { decodeBitmap, encodeBitmap, isBitmap } from "./bitmap.js";
import { groupName } from "./expert-group.js";
import { MAX_MEMBERS } from "./group-rules.js";
import { hashFromRecord, hashToRecord, isHash } from "./hash.js";
import { isLocation, MAX_LOCATION_CHARS } from "./location.js";
import { accepted, type Parsed, quote, refused } from "./parsed.js";
import { decodePulse, encodePulse, isPulse } from "./pulse-text.js";
import { MAX_DIFFICULTY, MIN_DIFFICULTY } from "./sprint.js";
import { decodeVotes, encodeVotes, type StepVote, votesProblem } from "./step-vote.js";

/** Greatest length of a record, in bytes. All records are ASCII. */
export const MAX_RECORD_BYTES = 128;

/** Largest cycle in a record: block numbers have 32 bits, so cycles do too. */
export const MAX_CYCLE = 2 ** 32 - 1;

interface CycleRecord {
  /** First 8 hex digits of the network's hash. */
  readonly network: string;
  readonly cycle: number;
}

/** A miner commits to an artifact that nobody has seen. */
export interface CommitRecord extends CycleRecord {
  readonly type: "commit";
  /** `commitmentOf(artifact, hotkey, cycle)`. */
  readonly commitment: string;
}

/** A miner reveals which artifact it committed to and where it is. */
export interface RevealRecord extends CycleRecord {
  readonly type: "reveal";
  readonly group: string;
  /** Hash of the update manifest. */
  readonly artifact: string;
  readonly location: string;
}

/** A validator commits to its signed report. */
export interface ReportRecord extends CycleRecord {
  readonly type: "report";
  readonly report: string;
  readonly location: string;
}

/** A validator states which of the cycle's committed reports it holds. */
export interface HeldRecord extends CycleRecord {
  readonly type: "held";
  /** Numbers of the reports, ascending, each below `MAX_HELD`. Number n is the n-th committed report by ascending uid. */
  readonly held: readonly number[];
}

/** A validator states which steps of the outer optimiser make each group of the model better. */
export interface BallotRecord extends CycleRecord {
  readonly type: "ballot";
  /** One vote for each group of the network, in ascending order of the groups' names. */
  readonly votes: readonly StepVote[];
}

/** A validator states which model the cycle's merge gave. */
export interface ModelRecord extends CycleRecord {
  readonly type: "model";
  /** Hash of the model manifest. */
  readonly model: string;
  readonly location: string;
}

/** A miner announces that it takes part in the cycle's Sprint, before any seed of it is known. */
export interface EnterRecord extends CycleRecord {
  readonly type: "enter";
  /** One nonce in so many wins: `MIN_DIFFICULTY` to `MAX_DIFFICULTY`. Chosen before the seed, because wins for a larger one are a subset of those for a smaller one. */
  readonly difficulty: number;
  readonly location: string;
}

/** A miner commits to its proof of the Sprint. */
export interface SprintRecord extends CycleRecord {
  readonly type: "sprint";
  /** Hash of the proof. */
  readonly proof: string;
  /** The winning nonces in it, at most `MAX_WINS`, and the nonces tried, at most `MAX_NONCES`, which nobody can check. */
  readonly wins: number;
  readonly nonces: number;
  readonly location: string;
}

/** A miner says, at a third and at two thirds of a Sprint's time, what it has computed so far: the beginning of a proof of all nonces. */
export interface PrefixRecord extends CycleRecord {
  readonly type: "prefix";
  /** Thirds of the time that are over. */
  readonly thirds: 1 | 2;
  /** Root of the tree over the digests of these nonces. */
  readonly root: string;
  /** Nonces from 0 on, at most `MAX_NONCES`. */
  readonly nonces: number;
}

/** A validator commits to its signed verdicts on the proofs of a Sprint. */
export interface ChecksRecord extends CycleRecord {
  readonly type: "checks";
  readonly checks: string;
  readonly location: string;
}

/** A member commits to its signed duty document: what it checked of a Sprint, and its draws. */
export interface DutyRecord extends CycleRecord {
  readonly type: "duty";
  readonly duty: string;
  readonly location: string;
}

/** A member commits to its signed answers: draws of tasks that its duty document does not claim. */
export interface AnswersRecord extends CycleRecord {
  readonly type: "answers";
  readonly answers: string;
  readonly location: string;
}

/** A validator states which of the committed documents of checks of a Sprint it holds. */
export interface ChecksHeldRecord extends CycleRecord {
  readonly type: "checksheld";
  /** Numbers of the documents, ascending, each below `MAX_HELD`. Number n is the n-th committed document by ascending uid. */
  readonly held: readonly number[];
}

/** A contributor to the beacon commits to its sealed contribution to a cycle's value. */
export interface SealRecord extends CycleRecord {
  readonly type: "seal";
  /** Hash of the signed contribution. */
  readonly contribution: string;
  readonly location: string;
}

/** A validator states which of the cycle's committed contributions it holds. */
export interface SealHeldRecord extends CycleRecord {
  readonly type: "sealheld";
  /** Numbers of the contributions, ascending, each below `MAX_HELD`. Number n is the n-th committed contribution by ascending uid. */
  readonly held: readonly number[];
}

/** A member of the beacon's threshold group that is being formed commits to its document of the cycle's step. */
export interface DealRecord extends CycleRecord {
  readonly type: "deal";
  /** Hash of the signed document. */
  readonly document: string;
  readonly location: string;
}

/** A validator states which threshold group signs. */
export interface GroupRecord extends CycleRecord {
  readonly type: "group";
  /** Hash of the group's file. */
  readonly group: string;
  readonly location: string;
}

/** A validator states which of the cycle's documents of members it holds, and commits to its partial signatures of the cycle. */
export interface PartialRecord extends CycleRecord {
  readonly type: "partial";
  /** Numbers of the members, ascending, each below `MAX_MEMBERS`. */
  readonly held: readonly number[];
  /** Hash of the signed document with its partial signatures. Null if it has no share. */
  readonly partials: string | null;
  readonly location: string;
}

/** The signature of a cycle by the beacon's threshold group. Whoever publishes it: it proves itself. */
export interface PulseRecord extends CycleRecord {
  readonly type: "pulse";
  /** Compressed point of G1, 96 hex digits. */
  readonly pulse: string;
}

/** The subnet owner names the network file in force. */
export interface NetworkRecord {
  readonly type: "network";
  /** First 8 hex digits of `hash`. */
  readonly network: string;
  /** Hash of the network file. */
  readonly hash: string;
  readonly location: string;
}

export type ChainRecord =
  | CommitRecord
  | RevealRecord
  | ReportRecord
  | HeldRecord
  | BallotRecord
  | ModelRecord
  | EnterRecord
  | SprintRecord
  | PrefixRecord
  | ChecksRecord
  | DutyRecord
  | AnswersRecord
  | ChecksHeldRecord
  | SealRecord
  | SealHeldRecord
  | DealRecord
  | GroupRecord
  | PartialRecord
  | PulseRecord
  | NetworkRecord;

/** Greatest number of winning nonces in a record. */
export const MAX_WINS = 2 ** 20;

/** Greatest number of nonces in a record. */
export const MAX_NONCES = 2 ** 48 - 1;

/** The form in which records name a network: the first 8 hex digits of its hash. */
export const shortHash = (hash: string): string => hash.slice(0, 8);

/** The record's text. @throws BlockZeroError RECORD_INVALID when a field does not fit its form */
export const encodeRecord = (record: ChainRecord): string => {
  const problem = problemOf(record);
  if (problem !== null) {
    throw new BlockZeroError("RECORD_INVALID", `a ${record.type} record cannot carry ${problem}`, FORMS);
  }
  return fieldsOf(record).join(":");
};

/** Parses any text found on chain. Accepts only what `encodeRecord` writes, and says why any other text is not a record. Never throws. */
export const parseRecord = (text: string): Parsed<ChainRecord> => {
  if (text.length > MAX_RECORD_BYTES) return refused(`longer than ${MAX_RECORD_BYTES} bytes`);
  const [version, type, network, ...rest] = text.split(":");
  if (version !== "bz1") return refused("not a bz1 record");
  if (type === undefined || network === undefined) return refused("too few fields");
  const record = read(type, network, rest);
  if (record === null) return refused(`not a ${quote(type)} record: a field is missing or not in its form`);
  const problem = problemOf(record);
  if (problem !== null) return refused(`${type} record carries ${problem}`);
  return fieldsOf(record).join(":") === text ? accepted(record) : refused("not in canonical form");
};

const FORMS = `a location is an http(s) origin of at most ${MAX_LOCATION_CHARS} characters, a group 1–12 of a–z, 0–9, -`;

const fieldsOf = (record: ChainRecord): readonly string[] => {
  const head = ["bz1", record.type, record.network];
  switch (record.type) {
    case "commit":
      return [...head, `${record.cycle}`, hashToRecord(record.commitment)];
    case "reveal":
      return [...head, `${record.cycle}`, record.group, hashToRecord(record.artifact), record.location];
    case "report":
      return [...head, `${record.cycle}`, hashToRecord(record.report), record.location];
    case "held":
    case "checksheld":
    case "sealheld":
      return [...head, `${record.cycle}`, encodeBitmap(record.held)];
    case "ballot":
      return [...head, `${record.cycle}`, encodeVotes(record.votes)];
    case "model":
      return [...head, `${record.cycle}`, hashToRecord(record.model), record.location];
    case "enter":
      return [...head, `${record.cycle}`, `${record.difficulty}`, record.location];
    case "sprint": {
      const { wins, nonces } = record;
      const counts = [wins.toString(36), nonces.toString(36)];
      return [...head, `${record.cycle}`, hashToRecord(record.proof), ...counts, record.location];
    }
    case "prefix":
      return [...head, `${record.cycle}`, `${record.thirds}`, hashToRecord(record.root), record.nonces.toString(36)];
    case "checks":
      return [...head, `${record.cycle}`, hashToRecord(record.checks), record.location];
    case "duty":
      return [...head, `${record.cycle}`, hashToRecord(record.duty), record.location];
    case "answers":
      return [...head, `${record.cycle}`, hashToRecord(record.answers), record.location];
    case "seal":
      return [...head, `${record.cycle}`, hashToRecord(record.contribution), record.location];
    case "deal":
      return [...head, `${record.cycle}`, hashToRecord(record.document), record.location];
    case "group":
      return [...head, `${record.cycle}`, hashToRecord(record.group), record.location];
    case "partial": {
      const { held, partials, location } = record;
      return [
        ...head,
        `${record.cycle}`,
        encodeBitmap(held),
        partials === null ? "" : hashToRecord(partials),
        location,
      ];
    }
    case "pulse":
      return [...head, `${record.cycle}`, encodePulse(record.pulse)];
    case "network":
      return [...head, hashToRecord(record.hash), record.location];
  }
};

/** The location comes last because only it may contain colons. */
const read = (type: string, network: string, rest: readonly string[]): ChainRecord | null => {
  if (type === "network") {
    const hash = hashFromRecord(rest[0] ?? "");
    return hash === null ? null : { type, network, hash, location: rest.slice(1).join(":") };
  }
  const [cycleText = "", ...fields] = rest;
  if (!/^(0|[1-9][0-9]{0,9})$/.test(cycleText)) return null;
  const at = { network, cycle: Number(cycleText) };
  if (type === "held" || type === "checksheld" || type === "sealheld") {
    const held = fields.length === 1 ? decodeBitmap(fields[0]!) : null;
    return held && { type, ...at, held };
  }
  if (type === "ballot") {
    const votes = fields.length === 1 ? decodeVotes(fields[0]!) : null;
    return votes && { type, ...at, votes };
  }
  if (type === "enter") {
    const difficulty = /^[1-9][0-9]{0,3}$/.test(fields[0] ?? "") ? Number(fields.shift()) : 0;
    return { type, ...at, difficulty, location: fields.join(":") };
  }
  if (type === "pulse") {
    const pulse = fields.length === 1 ? decodePulse(fields[0]!) : null;
    return pulse === null ? null : { type, ...at, pulse };
  }
  if (type === "partial") {
    const [held, hash = ""] = [decodeBitmap(fields.shift() ?? ""), fields.shift()];
    const partials = hash === "" ? null : hashFromRecord(hash);
    if (held === null || (partials === null && hash !== "")) return null;
    return { type, ...at, held, partials, location: fields.join(":") };
  }
  if (type === "prefix") {
    const [thirds, root, nonces] = [fields[0], hashFromRecord(fields[1] ?? ""), fromBase36(fields[2])];
    if (fields.length !== 3 || root === null || nonces === null) return null;
    return thirds === "1" || thirds === "2" ? { type, ...at, thirds: thirds === "1" ? 1 : 2, root, nonces } : null;
  }
  const group = type === "reveal" ? (fields.shift() ?? "") : "";
  const hash = hashFromRecord(fields.shift() ?? "");
  if (hash === null) return null;
  if (type === "sprint") {
    const [wins, nonces] = [fields.shift(), fields.shift()].map(fromBase36);
    if (wins == null || nonces == null) return null;
    return { type, ...at, proof: hash, wins, nonces, location: fields.join(":") };
  }
  const location = fields.join(":");
  switch (type) {
    case "commit":
      return { type, ...at, commitment: hash };
    case "reveal":
      return { type, ...at, group, artifact: hash, location };
    case "report":
      return { type, ...at, report: hash, location };
    case "model":
      return { type, ...at, model: hash, location };
    case "checks":
      return { type, ...at, checks: hash, location };
    case "duty":
      return { type, ...at, duty: hash, location };
    case "answers":
      return { type, ...at, answers: hash, location };
    case "seal":
      return { type, ...at, contribution: hash, location };
    case "deal":
      return { type, ...at, document: hash, location };
    case "group":
      return { type, ...at, group: hash, location };
    default:
      return null;
  }
};

/** Whole numbers below 2⁵³ as ECMAScript writes them to the base 36. Null for any other text. */
const fromBase36 = (text = ""): number | null => {
  const number = /^[0-9a-z]{1,10}$/.test(text) ? Number.parseInt(text, 36) : Number.NaN;
  return Number.isSafeInteger(number) && number.toString(36) === text ? number : null;
};

const problemOf = (record: ChainRecord): string | null => {
  if (!/^[0-9a-f]{8}$/.test(record.network)) return "a network that is not 8 hex digits";
  if (record.type === "held" || record.type === "checksheld" || record.type === "sealheld")
    return cycleProblem(record) ?? (isBitmap(record.held) ? null : "numbers that are none");
  if (record.type === "pulse")
    return cycleProblem(record) ?? (isPulse(record.pulse) ? null : "a pulse of another form");
  if (record.type === "ballot") return cycleProblem(record) ?? votesProblem(record.votes);
  if (record.type === "enter") return cycleProblem(record) ?? difficultyProblem(record) ?? locationProblem(record);
  if (record.type === "partial")
    return cycleProblem(record) ?? membersProblem(record) ?? partialsProblem(record) ?? locationProblem(record);
  if (!isHash(hashOf(record))) return "a hash that is not 64 hex digits";
  if (record.type === "network") {
    if (shortHash(record.hash) !== record.network) return "a hash that belongs to another network";
  } else {
    const problem = cycleProblem(record);
    if (problem !== null) return problem;
  }
  if (record.type === "reveal" && !groupName.safeParse(record.group).success) return "a group that is no group's name";
  if (record.type === "sprint") return countsProblem(record) ?? locationProblem(record);
  if (record.type === "prefix") return isCount(record.nonces) ? null : "nonces that are no count";
  return record.type === "commit" ? null : locationProblem(record);
};

const locationProblem = ({ location }: { readonly location: string }): string | null =>
  isLocation(location) ? null : "a location that is not a short http(s) origin";

const membersProblem = ({ held }: PartialRecord): string | null =>
  isBitmap(held) && (held.at(-1) ?? 0) < MAX_MEMBERS ? null : "numbers that are no members";

const partialsProblem = ({ partials }: PartialRecord): string | null =>
  partials === null || isHash(partials) ? null : "a hash that is not 64 hex digits";

const difficultyProblem = ({ difficulty }: EnterRecord): string | null =>
  Number.isInteger(difficulty) && difficulty >= MIN_DIFFICULTY && difficulty <= MAX_DIFFICULTY
    ? null
    : `a difficulty that is not between ${MIN_DIFFICULTY} and ${MAX_DIFFICULTY}`;

const countsProblem = ({ wins, nonces }: SprintRecord): string | null => {
  if (!Number.isInteger(wins) || wins < 0 || wins > MAX_WINS) return "wins that are no count";
  return isCount(nonces) && nonces >= wins ? null : "nonces that are no count";
};

const isCount = (nonces: number): boolean => Number.isInteger(nonces) && nonces >= 0 && nonces <= MAX_NONCES;

const cycleProblem = ({ cycle }: CycleRecord): string | null =>
  Number.isInteger(cycle) && cycle >= 0 && cycle <= MAX_CYCLE ? null : "a cycle that is not a 32-bit number";

const hashOf = (
  record: Exclude<
    ChainRecord,
    HeldRecord | BallotRecord | EnterRecord | ChecksHeldRecord | SealHeldRecord | PartialRecord | PulseRecord
  >,
): string => {
  switch (record.type) {
    case "commit":
      return record.commitment;
    case "reveal":
      return record.artifact;
    case "report":
      return record.report;
    case "model":
      return record.model;
    case "sprint":
      return record.proof;
    case "prefix":
      return record.root;
    case "checks":
      return record.checks;
    case "duty":
      return record.duty;
    case "answers":
      return record.answers;
    case "seal":
      return record.contribution;
    case "deal":
      return record.document;
    case "group":
      return record.group;
    case "network":
      return record.hash;
  }
};
