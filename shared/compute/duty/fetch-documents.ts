import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { reasonOf } from "#shared/errors/error.js";
import type { Parsed } from "#shared/protocol/parsed.js";
import type { Member } from "#shared/settlement/cycle-inputs.js";
import type { CommittedDocument } from "./committed-documents.js";
import type { FetchCount } from "./cut-off.js";

/** Fetches a document, or says why the bytes are none. @throws BlockZeroError FETCH_… if it is not available */
export type FetchDocument<T> = (one: CommittedDocument) => Promise<Parsed<T>>;

/** How members' documents of one kind are fetched. */
interface Fetching<T> {
  /** Hotkey → what it committed to. */
  readonly committed: ReadonlyMap<string, CommittedDocument>;
  readonly fetch: FetchDocument<T>;
  /** Whether the time to fetch is over. */
  readonly isOver: () => boolean;
  /** Documents that could not be had while there was time, each as `<hotkey> <hash>`. What fails is added. */
  readonly failed: Set<string>;
}

/** What was fetched. */
interface FetchedDocuments<T> extends FetchCount {
  /** Member → its document. */
  readonly documents: ReadonlyMap<string, T>;
  /** Member → why what it committed to does not count. */
  readonly problems: ReadonlyMap<string, string>;
  /** Members whose document time ran out for: nothing is held against them. */
  readonly unknown: ReadonlySet<string>;
  readonly isWhole: boolean;
}

/**
 * Fetches what members committed to. A document that is malformed, or that nobody serves, counts as not published. If time runs out, it is
 * unknown, unless an earlier try failed in time: otherwise a member that sends its document one byte at a time would never miss duty.
 */
export const fetchDocuments = async <T>(
  members: readonly Pick<Member, "hotkey">[],
  { committed, fetch, isOver, failed }: Fetching<T>,
): Promise<FetchedDocuments<T>> => {
  const documents = new Map<string, T>();
  const problems = new Map<string, string>();
  const unknown = new Set<string>();
  const gone = new Set<string>();
  // All at once: members that send theirs a byte at a time hold up nobody else's.
  const named = members.flatMap(({ hotkey }) => committed.get(hotkey) ?? []);
  await Promise.all(
    named.map(async (one) => {
      try {
        const read = await fetch(one);
        if (read.ok) documents.set(one.hotkey, read.value);
        else problems.set(one.hotkey, read.problem);
      } catch (thrown) {
        if (!isFetchFault(thrown)) throw thrown;
        gone.add(one.hotkey);
        const key = `${one.hotkey} ${one.hash}`;
        if (!isOver()) failed.add(key);
        else if (!failed.has(key)) unknown.add(one.hotkey);
        problems.set(one.hotkey, `it cannot be had: ${reasonOf(thrown)}`);
      }
    }),
  );
  return { committed: new Set(committed.keys()), gone, documents, problems, unknown, isWhole: gone.size === 0 };
};
