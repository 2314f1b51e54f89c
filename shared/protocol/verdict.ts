/** A validator's verdict on a miner's cycle. `abstained` means that the validator failed, and by itself never counts against the miner. */
export const VERDICTS = ["scored", "rejected", "abstained"] as const;

export type Verdict = (typeof VERDICTS)[number];

/** Whether a cycle is in the mean that a miner is paid by: not if the validators abstained, whatever reason some of them gave. */
export const countsInMean = (verdict: string): boolean => verdict !== "abstained";

const TEXTS = {
  no_commit: "No commitment of this hotkey was on chain when the commit phase closed.",
  no_reveal: "A commitment was made, but no reveal followed before the reveal phase closed.",
  commitment_mismatch: "The revealed artifact is not the one that was committed to.",
  unreachable: "The artifact could not be fetched from where the reveal said it was.",
  malformed: "The manifest, the tensor file or a tensor's encoding could not be read as the protocol writes them.",
  hash_mismatch: "The bytes served do not have the hash that was promised.",
  bad_signature: "The manifest is not signed by the hotkey that revealed it.",
  wrong_network: "The update was made for another network file.",
  wrong_group: "The update is for an expert group other than the revealed one, or for one that does not exist.",
  wrong_cycle: "The update was made for another cycle.",
  stale_base: "The update was not trained from the current model.",
  wrong_codec: "The update is not written in the codec that the network file names.",
  unknown_tensor: "The update contains a tensor that does not belong to its expert group.",
  missing_tensor: "The update lacks a tensor of its expert group.",
  wrong_shape: "A tensor of the update has another shape than the model and the codec give it.",
  wrong_dtype: "A tensor of the update has another dtype than its codec writes.",
  not_finite: "The update contains a NaN or an infinity.",
  too_large: "The update is larger than the network allows.",
  norm: "The update's norm is too large for the weights it would change.",
  duplicate:
    "The same tensors, byte for byte, were merged before, or revealed lately or for weights that the group still has.",
  non_finite_loss:
    "With the update applied, the loss of an evaluation batch was no finite number or above 1,000 nats a token.",
  validator_failed: "The validator could not evaluate this cycle.",
} as const;

export type ReasonCode = keyof typeof TEXTS;

export const REASON_CODES = Object.keys(TEXTS) as ReasonCode[];

/** The reason in one sentence, for the miner. */
export const explainReason = (reason: ReasonCode): string => TEXTS[reason];

/**
 * The verdict that one validator gives with a reason. If it could not fetch or compute something, this counts as its own failure. Only the
 * tally can show whether an artifact was unreachable for all.
 */
export const verdictFor = (reason: ReasonCode): Exclude<Verdict, "scored"> =>
  reason === "unreachable" || reason === "validator_failed" ? "abstained" : "rejected";
