import type { SigningRequest } from "#shared/protocol/signer.js";

/** What a signature would state, as the signer itself reads it in the bytes. */
export type Statement = ExtrinsicStatement | DocumentStatement | RequestStatement | DrawStatement;

export interface ExtrinsicStatement {
  readonly kind: "extrinsic";
  /** Hash of the chain's block 0, 64 hex digits. */
  readonly genesis: string;
  /** As in `subtensorModule.setWeights`. */
  readonly method: string;
  readonly netuid: number;
  /** Type of the record that a commitment holds; null for other calls. */
  readonly record: string | null;
  /** First 8 hex digits of the network's hash; null where the call names none. */
  readonly network: string | null;
  readonly slot: Slot | null;
}

export interface DocumentStatement {
  readonly kind: "document";
  /** Its kind, such as `update`. */
  readonly document: string;
  /** First 8 hex digits of the network's hash. */
  readonly network: string;
  readonly slot: Slot | null;
}

export interface RequestStatement {
  readonly kind: "request";
  /** The blob server that is asked. */
  readonly origin: string;
}

/** A draw of duty. The same message gives the same draw, so there is nothing to say twice; which task it is of only hashes tell. */
export interface DrawStatement {
  readonly kind: "draw";
}

/** What a program asks a signer for: a signature, or a draw of duty. */
export type AskedRequest = SigningRequest | { readonly kind: "draw"; readonly message: Uint8Array };

/** A place for one statement: of what is signed for one slot, everything must say the same. */
export interface Slot {
  /** What the cycles of one kind on one network have in common. */
  readonly family: string;
  readonly cycle: number;
  /** Tells several slots of a cycle apart; empty where there is one. */
  readonly part: string;
  /** What is said, as SHA-256, 64 hex digits. */
  readonly content: string;
}

/** What is decoded: the request, and whose key is asked for. */
export interface Asked {
  readonly request: AskedRequest;
  /** SS58. */
  readonly hotkey: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}
