import { fsyncSync } from "node:fs";
import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import { hashSchema } from "#shared/protocol/hash.js";
import { MAX_CYCLE } from "#shared/protocol/records.js";
import { signatureSchema } from "#shared/protocol/signing.js";
import { beginJournalFile, malformed, openJournalFile, readJournalFile } from "./journal-file.js";
import { nameOf, type SignedSlots, type SlotLimits, signedSlots } from "./signed-slots.js";
import type { Slot } from "./statement.js";

/** What was signed for each slot. */
export interface SignedJournal {
  /**
   * The signature of a message for a slot: the one that was given before, or a new one, which is on disk before it is returned.
   *
   * @param message SHA-256 of the signed bytes, 64 hex digits
   * @param sign    makes the signature, 64 bytes
   * @throws BlockZeroError SIGNER_CONFLICT if the slot holds something else, SIGNER_REFUSED if it is too old or one too many, SIGNER_JOURNAL_FAILED
   */
  signOnce(slot: Slot, message: string, sign: () => Uint8Array): Uint8Array;
  close(): void;
}

export interface JournalOptions extends SlotLimits {
  readonly path: string;
  /** Whose signatures it holds, SS58. */
  readonly hotkey: string;
  /** Makes what was written durable; tests fail it. */
  readonly sync?: (file: number) => void;
  /** The file is written anew when it has so many more lines than twice what there is to remember. */
  readonly spareLines?: number;
}

const SPARE_LINES = 20_000;

const headSchema = z.strictObject({ kind: z.literal("blockzero/signed/1"), hotkey: z.string() });
const signedSchema = z.strictObject({
  family: z.string().max(300),
  cycle: z.int().min(0).max(MAX_CYCLE),
  part: z.string().max(100),
  content: hashSchema,
  message: hashSchema,
  signature: signatureSchema,
});
const forgottenSchema = z.strictObject({ family: z.string().max(300), floor: z.int().min(0).max(MAX_CYCLE) });

/** Opens a journal, or begins it. @throws BlockZeroError JOURNAL_MALFORMED, SIGNER_JOURNAL_FAILED */
export const openSignedJournal = ({
  path,
  hotkey,
  sync = fsyncSync,
  spareLines = SPARE_LINES,
  ...limits
}: JournalOptions): SignedJournal => {
  const slots = signedSlots(limits);
  const head: z.infer<typeof headSchema> = { kind: "blockzero/signed/1", hotkey };
  const kept = readJournalFile(path);
  if (kept !== null) takeUp(slots, kept.lines, { path, hotkey });
  const whole = kept ?? beginJournalFile(path, [head]);
  const file = openJournalFile({ path, whole, sync });
  let lines = whole.lines.length;

  /** Where the new file cannot be written, the old one stays, and is replaced after as many lines more. */
  const writeAnew = (): void => {
    const all = [head, ...slots.all()];
    lines = all.length;
    file.replace(all);
  };

  return {
    signOnce: (slot, message, sign) => {
      file.refuseIfLost();
      const known = slots.find(slot);
      if (known === undefined) slots.refuseNew(slot);
      else if (known.content !== slot.content) throw conflict(slot);
      else if (known.message === message) return Buffer.from(known.signature, "hex");
      const signature = sign();
      const signed = { ...slot, message, signature: Buffer.from(signature).toString("hex") };
      file.append(signed);
      lines += 1;
      slots.remember(signed);
      if (lines > spareLines + 2 * slots.count()) writeAnew();
      return signature;
    },
    close: file.close,
  };
};

/** Learns what a journal's lines say. @throws BlockZeroError JOURNAL_MALFORMED */
const takeUp = (
  slots: SignedSlots,
  [head, ...rest]: readonly object[],
  { path, hotkey }: Pick<JournalOptions, "path" | "hotkey">,
): void => {
  const owner = headSchema.safeParse(head);
  if (!owner.success) throw malformed(path, "its first line does not say whose it is");
  if (owner.data.hotkey !== hotkey) throw malformed(path, `it is ${owner.data.hotkey}'s, not ${hotkey}'s`);
  for (const [i, line] of rest.entries()) {
    const forgotten = forgottenSchema.safeParse(line);
    const signed = signedSchema.safeParse(line);
    if (forgotten.success) slots.forget(forgotten.data);
    else if (signed.success) slots.remember(signed.data);
    else throw malformed(path, `line ${i + 2} is none of its own`);
  }
};

const conflict = (slot: Slot): BlockZeroError =>
  new BlockZeroError(
    "SIGNER_CONFLICT",
    `something else was signed before for ${nameOf(slot)}`,
    "find the other program that signs with this hotkey",
  );
