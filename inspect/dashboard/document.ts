import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** A body that is made once and answered to everybody, whatever it takes to make. */
export interface Document {
  readonly type: string;
  readonly etag: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Null where it saves nothing. */
  readonly gzip: Uint8Array<ArrayBuffer> | null;
}

/** Bodies that are shorter are not compressed. */
const WORTH_BYTES = 1024;

export const documentOf = (text: string, type: string): Document => {
  const body = Uint8Array.from(Buffer.from(text));
  const hash = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  return {
    type,
    etag: `"${hash}"`,
    body,
    gzip: body.length < WORTH_BYTES ? null : Uint8Array.from(gzipSync(body, { level: 5 })),
  };
};

export const jsonDocument = (value: object): Document => documentOf(JSON.stringify(value), "application/json");

/** A document that is made anew only when it is asked for after a change. */
export interface LazyDocument<T extends object> {
  value(): T;
  get(): Document;
  expire(): void;
}

export const lazyDocument = <T extends object>(make: () => T): LazyDocument<T> => {
  let value: T | null = null;
  let made: Document | null = null;
  const current = (): T => {
    value ??= make();
    return value;
  };
  return {
    value: current,
    get: () => {
      made ??= jsonDocument(current());
      return made;
    },
    expire: () => {
      value = null;
      made = null;
    },
  };
};
