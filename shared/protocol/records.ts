import { BlockZeroError } from "#shared/errors/error.js";
import { MAX_LOCATION_CHARS } from "./location.js";
import { accepted, type Parsed, quote, refused } from "./parsed.js";
import {
  CYCLE,
  DIFFICULTY,
  type Field,
  GROUP,
  HASH,
  HASH_OR_NONE,
  LOCATION,
  MEMBERS,
  NONCES,
  NUMBERS,
  PULSE,
  THIRDS,
  VOTES,
  WINS,
} from "./record-fields.js";
import type { StepVote } from "./step-vote.js";

export { MAX_CYCLE, MAX_NONCES, MAX_WINS } from "./record-fields.js";

/** Greatest length of a record, in bytes. All records are ASCII. */
export const MAX_RECORD_BYTES = 128;

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
  /**
   * One nonce in so many wins: `MIN_DIFFICULTY` to `MAX_DIFFICULTY`. Chosen before the seed, because wins for a larger one are a subset of those for
   * a smaller one.
   */
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

/** The fields of a record after its network, in their order on chain. */
type Form<R> = { readonly [K in Exclude<keyof R, "type" | "network">]: Field<R[K]> };

const FORMS: { readonly [T in ChainRecord["type"]]: Form<Extract<ChainRecord, { readonly type: T }>> } = {
  commit: { cycle: CYCLE, commitment: HASH },
  reveal: { cycle: CYCLE, group: GROUP, artifact: HASH, location: LOCATION },
  report: { cycle: CYCLE, report: HASH, location: LOCATION },
  held: { cycle: CYCLE, held: NUMBERS },
  ballot: { cycle: CYCLE, votes: VOTES },
  model: { cycle: CYCLE, model: HASH, location: LOCATION },
  enter: { cycle: CYCLE, difficulty: DIFFICULTY, location: LOCATION },
  sprint: { cycle: CYCLE, proof: HASH, wins: WINS, nonces: NONCES, location: LOCATION },
  prefix: { cycle: CYCLE, thirds: THIRDS, root: HASH, nonces: NONCES },
  checks: { cycle: CYCLE, checks: HASH, location: LOCATION },
  duty: { cycle: CYCLE, duty: HASH, location: LOCATION },
  answers: { cycle: CYCLE, answers: HASH, location: LOCATION },
  checksheld: { cycle: CYCLE, held: NUMBERS },
  seal: { cycle: CYCLE, contribution: HASH, location: LOCATION },
  sealheld: { cycle: CYCLE, held: NUMBERS },
  deal: { cycle: CYCLE, document: HASH, location: LOCATION },
  group: { cycle: CYCLE, group: HASH, location: LOCATION },
  partial: { cycle: CYCLE, held: MEMBERS, partials: HASH_OR_NONE, location: LOCATION },
  pulse: { cycle: CYCLE, pulse: PULSE },
  network: { hash: HASH, location: LOCATION },
};

/** The names and fields of `FORMS[type]`. TypeScript cannot follow which value belongs to which field: the table's type has said it. */
const fieldsOf = (type: ChainRecord["type"]): readonly [name: string, field: Field<unknown>][] =>
  Object.entries(FORMS[type] as unknown as Record<string, Field<unknown>>);

/** The form in which records name a network: the first 8 hex digits of its hash. */
export const shortHash = (hash: string): string => hash.slice(0, 8);

/** The record's text. @throws BlockZeroError RECORD_INVALID when a field does not fit its form */
export const encodeRecord = (record: ChainRecord): string => {
  const problem = problemOf(record);
  if (problem !== null) {
    throw new BlockZeroError("RECORD_INVALID", `a ${record.type} record cannot carry ${problem}`, ADVICE);
  }
  return write(record);
};

/** Parses any text found on chain. Accepts only what `encodeRecord` writes, and says why any other text is not a record. Never throws. */
export const parseRecord = (text: string): Parsed<ChainRecord> => {
  if (text.length > MAX_RECORD_BYTES) return refused(`longer than ${MAX_RECORD_BYTES} bytes`);
  const [version, type, network, ...texts] = text.split(":");
  if (version !== "bz1") return refused("not a bz1 record");
  if (type === undefined || network === undefined) return refused("too few fields");
  const record = isType(type) ? read(type, network, texts) : null;
  if (record === null) return refused(`not a ${quote(type)} record: a field is missing or not in its form`);
  const problem = problemOf(record);
  if (problem !== null) return refused(`${type} record carries ${problem}`);
  return write(record) === text ? accepted(record) : refused("not in canonical form");
};

const ADVICE = `a location is an http(s) origin of at most ${MAX_LOCATION_CHARS} characters, a group 1–12 of a–z, 0–9, -`;

const isType = (text: string): text is ChainRecord["type"] => Object.hasOwn(FORMS, text);

const write = (record: ChainRecord): string => {
  const values = new Map<string, unknown>(Object.entries(record));
  const texts = fieldsOf(record.type).map(([name, field]) => field.write(values.get(name)));
  return ["bz1", record.type, record.network, ...texts].join(":");
};

/** The last field takes all that is left: a location contains colons. Null if a field is missing or not in its form. */
const read = (type: ChainRecord["type"], network: string, texts: readonly string[]): ChainRecord | null => {
  const fields = fieldsOf(type);
  const last = fields.length - 1;
  const values = fields.map(([name, field], i) => [
    name,
    field.read((i === last ? texts.slice(last).join(":") : texts[i]) ?? ""),
  ]);
  if (values.some(([, value]) => value === undefined)) return null;
  return { type, network, ...Object.fromEntries(values) };
};

const problemOf = (record: ChainRecord): string | null => {
  if (!/^[0-9a-f]{8}$/.test(record.network)) return "a network that is not 8 hex digits";
  const values = new Map<string, unknown>(Object.entries(record));
  for (const [name, field] of fieldsOf(record.type)) {
    const problem = field.problem(values.get(name));
    if (problem !== null) return problem;
  }
  if (record.type === "network" && shortHash(record.hash) !== record.network)
    return "a hash that belongs to another network";
  return record.type === "sprint" && record.wins > record.nonces ? "more wins than nonces" : null;
};
