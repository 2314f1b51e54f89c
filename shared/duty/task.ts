import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import { hashJson } from "#shared/protocol/hash-json.js";

/** What a task of each kind is about: everything that its check needs beside the chain and the files. */
export interface TaskSubjects {
  /** A validator's score of an update: recomputed from the update, the base and the cycle's seed. */
  readonly score: { readonly group: string; readonly artifact: string; readonly base: string };
  /** A validator's merge: recomputed from the updates and the base. */
  readonly merge: { readonly base: string };
  /** One winning nonce of a Sprint: recomputed from the seeds. */
  readonly "sprint-win": { readonly node: string; readonly nonce: number; readonly difficulty: number };
  /** One answer of a served model: replayed from its prompt. */
  readonly inference: { readonly model: string; readonly request: string };
}

export type TaskKind = keyof TaskSubjects;

/** Kinds whose result is the same bits on every machine: one recomputation settles a dispute, and a false verdict is proven by it. */
export const EXACT_KINDS: ReadonlySet<TaskKind> = new Set<TaskKind>(["merge", "sprint-win"]);

/** A piece of work that is done and can be checked. */
export type Task = {
  readonly [K in TaskKind]: {
    readonly kind: K;
    /** `taskId` of the other fields: 64 hex digits. */
    readonly id: string;
    /** Full hash of the network file. */
    readonly network: string;
    readonly cycle: number;
    /** Hotkey of who did it. */
    readonly executor: string;
    readonly subject: TaskSubjects[K];
    /** Hash of its result, 64 hex digits: on chain, or in a document whose hash is, before the beacon that draws its verifiers. */
    readonly result: string;
  };
}[TaskKind];

export type TaskOf<K extends TaskKind> = Extract<Task, { readonly kind: K }>;

interface TaskOrigin {
  readonly network: string;
  readonly cycle: number;
  /** The executor's public key, 32 bytes. */
  readonly executorKey: Uint8Array;
  readonly kind: TaskKind;
  readonly subject: object;
}

/**
 * SHA-256("blockzero/task/1" ‖ network hash ‖ cycle as u64 little-endian ‖ executor's public key ‖ hash of the subject's canonical JSON ‖ kind in
 * ASCII), 64 hex digits. Nobody chooses an id: it follows from the work.
 */
export const taskId = ({ network, cycle, executorKey, kind, subject }: TaskOrigin): string =>
  sha256(
    Buffer.from("blockzero/task/1"),
    hashBytes(network),
    u64le(cycle),
    executorKey,
    hashBytes(hashJson(subject)),
    Buffer.from(kind),
  );
