import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { reasonOf } from "#shared/errors/error.js";

const SCRIPT = fileURLToPath(new URL("../../../bench/peers/data.py", import.meta.url));

const answerSchema = z.object({
  version: z.string(),
  seconds: z.object({ read: z.number(), quality: z.number(), repetition: z.number(), sketch: z.number() }),
  kept: z.object({ quality: z.number(), repetition: z.number() }),
});

export type PeerFigures = z.infer<typeof answerSchema>;

/** datatrove's stages on the same file; why there are none where a Python does not have it. */
export const measurePeer = async (python: string, path: string): Promise<PeerFigures | string> => {
  try {
    const { stdout } = await promisify(execFile)(python, [SCRIPT, path], {
      env: { ...process.env, OMP_NUM_THREADS: "1", PYTHONDONTWRITEBYTECODE: "1" },
      maxBuffer: 1 << 24,
    });
    return answerSchema.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  } catch (thrown) {
    const said = z.object({ stderr: z.string().min(1) }).safeParse(thrown);
    return (said.success ? said.data.stderr : reasonOf(thrown)).trim().split("\n").at(-1) ?? "it gave no figures";
  }
};
