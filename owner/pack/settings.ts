import { z } from "zod";

const share = z.number().min(0).max(1);
const shares = (usual: Readonly<Record<string, number>>) =>
  z.record(z.string().regex(/^[1-9]\d?$/), share).default(usual);

/** How a pack is made; every field has a default. The same settings and the same rows give the same bytes. */
export const packSettingsSchema = z.strictObject({
  /** The field of a row that has the text; `messages` where it is a conversation. */
  field: z.string().min(1).default("text"),
  /** Whether the field is a list of messages, which the tokenizer's chat template writes out. */
  messages: z.boolean().default(false),
  /** What a chat template takes for today; unset: there is no clock. */
  date: z.iso.date().optional(),
  /** Whether a text file is one document, or one a line. */
  text_is: z.enum(["document", "lines"]).default("document"),
  /** Part of the documents that nobody is to train on. */
  held_out: z.number().min(0).lt(1).default(0.01),
  /** Seed of the order. */
  seed: z.int().min(0).default(1),
  /** Text of a shard. */
  shard_bytes: z
    .int()
    .min(1024)
    .max(16 << 20)
    .default(4 << 20),
  filters: z
    .strictObject({
      length: z
        .strictObject({
          use: z.boolean().default(true),
          words: z.tuple([z.int().min(0), z.int().min(1)]).default([50, 100_000]),
          mean_word_length: z.tuple([z.number(), z.number()]).default([2, 12]),
          bytes: z
            .int()
            .min(1)
            .max(16 << 20)
            .default(4 << 20),
        })
        .prefault({}),
      symbols: z
        .strictObject({
          use: z.boolean().default(true),
          marks: z.number().min(0).default(0.1),
          bullet_lines: share.default(0.9),
          ellipsis_lines: share.default(0.3),
          words_with_letters: share.default(0.7),
        })
        .prefault({}),
      repetition: z
        .strictObject({
          use: z.boolean().default(true),
          lines: share.default(0.3),
          line_characters: share.default(0.2),
          paragraphs: share.default(0.3),
          paragraph_characters: share.default(0.2),
          top_grams: shares({ 2: 0.2, 3: 0.18, 4: 0.16 }),
          repeated_grams: shares({ 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1 }),
        })
        .prefault({}),
      /** Languages that stay, ISO 639-3; none: all. */
      language: z.strictObject({ only: z.array(z.string().regex(/^[a-z]{3}$/)).default([]) }).prefault({}),
    })
    .prefault({}),
  duplicates: z
    .strictObject({
      exact: z.enum(["remove", "keep"]).default("remove"),
      near: z.enum(["remove", "keep"]).default("remove"),
      words: z.int().min(1).max(32).default(5),
      bands: z.int().min(1).max(64).default(16),
      rows: z.int().min(1).max(64).default(8),
    })
    .prefault({}),
  overlap: z
    .strictObject({
      use: z.boolean().default(true),
      words: z.int().min(3).max(64).default(13),
    })
    .prefault({}),
});

export type PackSettings = z.infer<typeof packSettingsSchema>;
