import type { Tally } from "./tally.js";

/** A document on its way into a pack. */
export interface PieceDocument {
  readonly text: string;
  /** Of a conversation: UTF-8 bytes of its parts, in turn such as do not count and such as do. */
  readonly parts?: readonly number[] | undefined;
}

/** What is known of the documents of a piece, in columns; `count` of each. */
export interface PieceIndex {
  readonly count: number;
  /** Where each document stands in the piece's file, and UTF-8 bytes of its text. */
  readonly offsets: Uint32Array;
  readonly bytes: Uint32Array;
  /** Where each came from: the file's number, and the row's from 1. */
  readonly files: Uint32Array;
  readonly rows: Uint32Array;
  /** The first 16 bytes of SHA-256 of each text's UTF-8. */
  readonly exact: Uint8Array;
}

/** Keys of 64 bits in halves, a document each. */
export interface Keys {
  readonly highs: Uint32Array;
  readonly lows: Uint32Array;
}

/** Where the next row is. */
export interface Position {
  readonly file: number;
  readonly row: number;
}

/** What is written last of a piece, and says that it is whole. */
export interface PieceSeal {
  readonly next: Position;
  readonly isLast: boolean;
  readonly tally: Tally;
}
