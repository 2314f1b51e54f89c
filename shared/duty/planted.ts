import { hashBytes, sha256, u64le } from "#shared/protocol/hash.js";
import type { LocalKey } from "#shared/protocol/signer.js";
import type { VerifyVrf } from "#shared/protocol/signing.js";
import { sumStake } from "#shared/protocol/voting/stake.js";
import { MILLION } from "#shared/util/fraction.js";
import { isOnDuty } from "./draw.js";
import type { PlantedDocument } from "./planted-document.js";
import { ALL_DRAWS, type Weights } from "./threshold.js";

/** Share of the tasks that is planted, in millionths. */
export const PLANTED_SHARE = MILLION / 100;

const RELAY_CONTEXT = "blockzero/duty-relay/1";

/** What a member draws over to learn whether it plants a task in a cycle. */
export interface RelaySubject {
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
  /** 64 hex digits, not known when the weights were fixed, and known before the cycle's tasks are done. */
  readonly beacon: string;
}

const relayMessage = ({ network, cycle, beacon }: RelaySubject): Uint8Array =>
  Buffer.concat([hashBytes(network), u64le(cycle), hashBytes(beacon)]);

/** A member's draw as a relay, 96 bytes. Only it knows the draw before it discloses it. */
export const drawRelay = (subject: RelaySubject, signer: Pick<LocalKey, "vrf">): Uint8Array =>
  signer.vrf(relayMessage(subject), RELAY_CONTEXT);

/**
 * The threshold below which a draw makes a relay, which plants one task: on average a hundredth of the tasks of the cycle before, and at least one.
 *
 * @param tasks number of tasks of the cycle before
 */
export const relayThreshold = (hotkey: string, weights: Weights, tasks: number): bigint => {
  const total = sumStake(weights.values());
  const weight = weights.get(hotkey) ?? 0n;
  if (weight <= 0n || total === 0n) return 0n;
  const expected = BigInt(Math.max(MILLION, tasks * PLANTED_SHARE));
  const threshold = (ALL_DRAWS * expected * weight) / (BigInt(MILLION) * total);
  return threshold < ALL_DRAWS ? threshold : ALL_DRAWS;
};

/**
 * Whether the task that a relay plants must have a wrong result: by the last bit of SHA-256(y), so half of them. Nobody else knows the draw before
 * the relay discloses it, and no audit asks for it: a relay that plants only right results, or none, is not found.
 */
export const mustBeWrong = (draw: Uint8Array): boolean => {
  const hash = sha256(draw.subarray(0, 32));
  return Number.parseInt(hash.slice(-1), 16) % 2 === 1;
};

/**
 * What a relay commits to with its task: SHA-256("blockzero/planted/1" ‖ task id ‖ y), 64 hex digits. Nobody else knows y, so it tells nobody
 * anything.
 */
export const plantedCommitment = (task: string, draw: Uint8Array): string =>
  sha256(Buffer.from("blockzero/planted/1"), hashBytes(task), draw.subarray(0, 32));

interface PlantedClaim {
  readonly document: PlantedDocument;
  readonly subject: RelaySubject;
  /** `relayThreshold` of the document's hotkey. */
  readonly threshold: bigint;
  /** The one commitment that the hotkey made before duty was drawn; undefined if it made none. */
  readonly commitment: string | undefined;
}

/** Whether a disclosed task was really planted: drawn, and committed to before. Never throws. */
export const isPlanted = (
  { document, subject, threshold, commitment }: PlantedClaim,
  verifyVrf: VerifyVrf,
): boolean => {
  const draw = Buffer.from(document.draw, "hex");
  return (
    document.network === subject.network &&
    document.cycle === subject.cycle &&
    isOnDuty(draw, threshold) &&
    commitment === plantedCommitment(document.task, draw) &&
    verifyVrf(relayMessage(subject), draw, document.hotkey, RELAY_CONTEXT)
  );
};
