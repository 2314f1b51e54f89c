import { networkOf } from "#shared/blobs/network-of.js";
import { tokenBuckets } from "#shared/blobs/token-buckets.js";
import { type Document, jsonDocument } from "./document.js";
import type { Watch } from "./watch.js";

/** Miners' pages as documents, of which those asked for last are kept until the next cycle is read. */
export interface MinerPages {
  /**
   * Null: nothing is known of the uid in the cycle. A number: too many were made, ask again in so many seconds.
   *
   * @param address who asks
   */
  get(uid: number, cycle: number | undefined, address: string): Document | null | number;
  clear(): void;
}

/** Bytes of pages that are kept. One has some 400 of each cycle that the dashboard keeps. */
const KEPT_BYTES = 32 * 2 ** 20;

/**
 * Pages that are made in a minute, for everybody and for one address, behind which a proxy may have many. Each takes time that blocks are read in.
 */
const MADE_A_MINUTE = 600;
const MADE_FOR_ONE = 300;

/**
 * @param make a miner's page in a cycle; without one, in the newest that is explained
 * @param now milliseconds
 */
export const createMinerPages = (make: Watch["miner"], now = (): number => performance.now()): MinerPages => {
  // In the order in which they were asked for.
  const kept = new Map<string, Document>();
  const made = tokenBuckets({ perMinute: MADE_A_MINUTE, now });
  const own = tokenBuckets({ perMinute: MADE_FOR_ONE, now });
  let bytes = 0;
  const forget = (key: string): void => {
    const document = kept.get(key);
    if (document === undefined) return;
    kept.delete(key);
    bytes -= sizeOf(document);
  };
  const keep = (key: string, document: Document): void => {
    kept.set(key, document);
    bytes += sizeOf(document);
    for (const oldest of kept.keys()) {
      if (bytes <= KEPT_BYTES) return;
      forget(oldest);
    }
  };
  return {
    get: (uid, cycle, address) => {
      // By the numbers, not by how somebody writes them: one page takes one place.
      const key = `${uid} ${cycle}`;
      const known = kept.get(key);
      if (known) {
        forget(key);
        keep(key, known);
        return known;
      }
      const wait = made.wait("") || own.take(networkOf(address));
      if (wait > 0) return Math.ceil(wait / 1000);
      const page = make(uid, cycle);
      // What is not there costs who asks for it, and nobody else.
      if (page === null) return null;
      made.take("");
      const document = jsonDocument(page);
      keep(key, document);
      return document;
    },
    clear: () => {
      kept.clear();
      bytes = 0;
    },
  };
};

const sizeOf = ({ body, gzip }: Document): number => body.length + (gzip?.length ?? 0);
