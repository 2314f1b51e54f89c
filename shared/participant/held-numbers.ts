import { type LastingOptions, lastingAtBlock } from "./deciding-block.js";
import type { Participant } from "./participant.js";

/** A document that a hotkey committed to. */
interface Committed {
  readonly hotkey: string;
  readonly hash: string;
}

export interface NumberedList<T> extends LastingOptions {
  readonly list: () => Promise<readonly T[]>;
  /** Which of these documents are here, in their order. */
  readonly look: (committed: readonly T[]) => Promise<readonly boolean[]>;
}

/**
 * Numbers of the documents that are here, in the list as the chain has it when they are about to go on chain. A number says nothing of the document,
 * and a fork that replaces the block whose state has the list gives the same number to another one.
 *
 * @throws what reading the list and looking throw
 */
export const heldNumbers = <T extends Committed>(
  participant: Pick<Participant, "chain" | "clock" | "log" | "signal">,
  { list, look, ...options }: NumberedList<T>,
): Promise<readonly number[]> => {
  const isHere = new Map<string, boolean>();
  const nameOf = ({ hotkey, hash }: Committed) => `${hotkey} ${hash}`;
  return lastingAtBlock(participant, options, async () => {
    const listed = await list();
    const unknown = listed.filter((one) => !isHere.has(nameOf(one)));
    const found = await look(unknown);
    for (const [i, one] of unknown.entries()) isHere.set(nameOf(one), found[i]!);
    return listed.flatMap((one, number) => (isHere.get(nameOf(one)) ? [number] : []));
  });
};
