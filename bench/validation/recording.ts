import { z } from "zod";

const groupSchema = z.strictObject({
  group: z.string(),
  /** Inner steps behind the base model. */
  pretraining: z.int(),
  updates: z.array(
    z.strictObject({
      kind: z.enum(["honest", "lazy", "noise", "flipped"]),
      /** Inner steps of one that trained; of noise and a flipped sign, those of the update whose norm it has. */
      steps: z.int(),
      /** Loss without the update − loss with it, one a batch, nats per token. */
      differences: z.array(z.number()),
    }),
  ),
});

/** Paired differences as a validator measures them, in a file. */
export const recordingSchema = z.strictObject({
  about: z.string(),
  groups: z.array(groupSchema),
});

/** One expert group's cycle: every update on the same batches. */
export type RecordedGroup = z.infer<typeof groupSchema>;

export type RecordedUpdate = RecordedGroup["updates"][number];

const DIGITS = 7;

/** One line an update, differences to 10⁻⁷. */
export const formatRecording = (groups: readonly RecordedGroup[]): string => {
  const about =
    "Paired differences of real updates of the localnet's models: npm run bench -- validation --record FILE";
  const round = (value: number) => Number(value.toFixed(DIGITS));
  const lines = groups.map(({ updates, ...group }) => {
    const rows = updates.map((update) => JSON.stringify({ ...update, differences: update.differences.map(round) }));
    return `${JSON.stringify(group).slice(0, -1)},"updates":[\n${rows.join(",\n")}\n]}`;
  });
  return `{"about":${JSON.stringify(about)},"groups":[\n${lines.join(",\n")}\n]}\n`;
};
