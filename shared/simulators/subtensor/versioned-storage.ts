import type { Hex, StorageView } from "./executor.js";

interface Version {
  readonly block: number;
  readonly value: Hex | null;
}

/** A chain's storage at each of its newest blocks. */
export class VersionedStorage {
  readonly #versions = new Map<Hex, Version[]>();
  /** Every key with a version, in order. */
  readonly #keys: Hex[] = [];
  #oldest = 0;

  get oldest(): number {
    return this.#oldest;
  }

  /** Stores the changes of a block. Blocks come in order, and the newest may be changed again. */
  write(block: number, changes: Iterable<readonly [Hex, Hex | null]>): void {
    for (const [key, value] of changes) {
      const versions = this.#versions.get(key);
      if (!versions) {
        this.#versions.set(key, [{ block, value }]);
        this.#keys.splice(this.#firstFrom(key), 0, key);
        continue;
      }
      if (versions.at(-1)!.block === block) versions.pop();
      versions.push({ block, value });
      this.#trim(versions);
    }
  }

  /** Blocks before this one will not be read any more. */
  forget(oldest: number): void {
    this.#oldest = oldest;
  }

  at(block: number): StorageView & { keys(prefix: Hex, count: number, after: Hex): readonly Hex[] } {
    const get = (key: Hex): Hex | undefined =>
      this.#versions.get(key)?.findLast((version) => version.block <= block)?.value ?? undefined;
    const keys = (prefix: Hex, count: number, after: Hex): Hex[] => {
      const found: Hex[] = [];
      for (let i = this.#firstFrom(after < prefix ? prefix : after); found.length < count; i++) {
        const key = this.#keys[i];
        if (!key?.startsWith(prefix)) break;
        if (key > after && get(key) !== undefined) found.push(key);
      }
      return found;
    };
    return { get, keys, nextKey: (prefix, after) => keys(prefix, 1, after)[0] };
  }

  #trim(versions: Version[]): void {
    const kept = versions.findLastIndex(({ block }) => block <= this.#oldest);
    if (kept > 0) versions.splice(0, kept);
  }

  /** Index of the first key that is not less than the given one. */
  #firstFrom(key: Hex): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
