import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import type { Checker } from "./check-task.js";
import { leastLots } from "./least-lots.js";
import { type TaskOf, taskId } from "./task.js";

/** A proof of a Sprint that is on chain, as far as its tasks need it. */
export interface ProvenWins {
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
  readonly hotkey: string;
  /** Its public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The seed of its nonces, 64 hex digits. */
  readonly node: string;
  readonly difficulty: number;
  /** Hash of the proof, as committed. */
  readonly proof: string;
  /** Nonces that it claims to win, each once. */
  readonly wins: readonly number[];
}

/**
 * Tasks of kind `sprint-win` of a proof, ascending by nonce: the `count` wins with the least SHA-256("blockzero/duty-win/1" ‖ seed ‖ public key ‖
 * proof hash ‖ nonce as u64 little-endian). A task's result is SHA-256("blockzero/win-result/1" ‖ proof hash ‖ nonce). Events go on meanwhile: a
 * stranger's proof may have 2^20 wins.
 *
 * @param seed known after proofs are committed to, 64 hex digits: so nobody can place false wins where nobody looks
 */
export const sprintTasks = async (
  { network, cycle, hotkey, publicKey, node, difficulty, proof, wins }: ProvenWins,
  { seed, count }: { readonly seed: string; readonly count: number },
): Promise<readonly TaskOf<"sprint-win">[]> => {
  const head = Buffer.concat([Buffer.from("blockzero/duty-win/1"), hashBytes(seed), publicKey, hashBytes(proof)]);
  const drawn = await leastLots(wins, { head, count });
  return drawn
    .sort((a, b) => a - b)
    .map((nonce) => {
      const subject = { node, nonce, difficulty };
      const id = taskId({ network, cycle, executorKey: publicKey, kind: "sprint-win", subject });
      const result = sha256(Buffer.from("blockzero/win-result/1"), hashBytes(proof), u64le(nonce));
      return { kind: "sprint-win", id, network, cycle, executor: hotkey, subject, result };
    });
};

/** What recomputing a win gives. */
interface RecomputedWin {
  readonly isWin: boolean;
  /** Hash of the nonce's output. Null where others compute other bits. */
  readonly digest: string | null;
}

/** Checks wins by recomputing them. */
export const sprintWinChecker =
  (recompute: (task: TaskOf<"sprint-win">) => Promise<RecomputedWin>): Checker<"sprint-win"> =>
  async (task) => {
    const { nonce, difficulty } = task.subject;
    const { isWin, digest } = await recompute(task);
    const evidence = digest === null ? {} : { digest };
    return isWin
      ? { verdict: "valid", ...evidence }
      : { verdict: "invalid", reason: `nonce ${nonce} does not win at difficulty ${difficulty}`, ...evidence };
  };
