import { asciiLine, type Parsed } from "#shared/protocol/parsed.js";

/** Why a proof is rejected whole → that in one sentence, for the miner. */
export const PROOF_FAULTS = {
  late: "The proof's record was not included in the blocks of its phase.",
  too_large: "The proof has more bytes or more wins than its record or the protocol allows.",
  malformed: "The proof could not be read as the protocol writes it.",
  hash_mismatch: "The bytes served do not have the hash that the record promised.",
  wrong_network: "The proof was made for another network file.",
  wrong_cycle: "The proof was made for another cycle.",
  wrong_hotkey: "The proof names a hotkey other than the one that put its record.",
  bad_signature: "The proof is not signed by the hotkey that it names.",
  wrong_difficulty: "The proof was made at a difficulty other than the one declared before the seed.",
  wrong_count: "The proof has other numbers of wins or nonces than its record.",
  out_of_range: "A nonce is not an integer in the range that the protocol allows.",
  unsorted: "The wins do not ascend.",
  duplicate: "A nonce is listed twice.",
  not_a_prefix: "What was recorded earlier is no beginning of the whole, or differs from what the proof says of it.",
  late_work: "By a record at a third or two thirds of the time less than half was done of what an even pace gives.",
  improbable: "The number of wins does not fit the number of nonces.",
  wins_unlike_digests: "A nonce is listed as a win that its digest says is none, or the other way round.",
  not_in_tree: "The opening does not lead to the root.",
} as const;

/** Why a proof is rejected whole. */
export type ProofFault = keyof typeof PROOF_FAULTS;

/** The verdict on a proof by pure checks: the proof, or its fault and one line of detail. Never an exception. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: ProofFault; readonly detail: string };

export const faulty = (fault: ProofFault, detail: string = PROOF_FAULTS[fault]) =>
  ({ ok: false, fault, detail: asciiLine(detail) }) as const;

/** A verdict as the other parsers give theirs. */
export const asParsed = <T>(checked: Checked<T>): Parsed<T> =>
  checked.ok ? checked : { ok: false, problem: checked.detail };
