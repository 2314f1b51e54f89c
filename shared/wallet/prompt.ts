import type { ReadStream } from "node:tty";
import { BlockZeroError } from "#shared/errors/error.js";

/** Asks a question and returns one line, which is not shown. */
export type Prompt = (question: string) => Promise<string>;

/** What a prompt needs of a terminal. */
export interface Terminal {
  readonly input: Pick<ReadStream, "setRawMode" | "on" | "off" | "resume" | "pause">;
  readonly output: { write(text: string): unknown };
}

const MAX_BYTES = 4096;
const [CTRL_C, CTRL_D, BACKSPACE, LINE_FEED, RETURN, CTRL_U, DELETE] = [3, 4, 8, 10, 13, 21, 127];

/** A prompt on the process's terminal; undefined where standard input or error is none. */
export const terminalPrompt = (): Prompt | undefined =>
  process.stdin.isTTY && process.stderr.isTTY
    ? hiddenPrompt({ input: process.stdin, output: process.stderr })
    : undefined;

/** A prompt that shows nothing of what is typed. Ctrl-C throws `BlockZeroError` CANCELLED. What was typed is wiped after. */
export const hiddenPrompt = ({ input, output }: Terminal): Prompt => {
  // What was typed ahead or pasted belongs to the next question.
  let ahead = Buffer.alloc(0);
  return (question) =>
    new Promise((resolve, reject) => {
      const typed = Buffer.alloc(MAX_BYTES);
      let length = 0;
      // First, so that not even what is typed at once is echoed.
      input.setRawMode(true);
      output.write(question);

      const end = (settle: () => void) => {
        input.off("data", onData);
        input.pause();
        input.setRawMode(false);
        output.write("\n");
        settle();
        typed.fill(0);
      };
      const onData = (chunk: Buffer) => {
        for (const [i, byte] of chunk.entries()) {
          if (byte === CTRL_C) {
            return end(() => reject(new BlockZeroError("CANCELLED", "cancelled at the prompt", "nothing was written")));
          }
          if (byte === RETURN || byte === LINE_FEED || byte === CTRL_D) {
            ahead = Buffer.from(chunk.subarray(i + 1));
            chunk.fill(0);
            return end(() => resolve(typed.toString("utf8", 0, length)));
          }
          if (byte === CTRL_U) length = 0;
          else if (byte === BACKSPACE || byte === DELETE) length = withoutLast(typed, length);
          else if (byte >= 32 && length < MAX_BYTES) typed[length++] = byte;
        }
        chunk.fill(0);
      };
      input.on("data", onData);
      const waiting = ahead;
      ahead = Buffer.alloc(0);
      if (waiting.length > 0) onData(waiting);
      input.resume();
    });
};

/** The length of UTF-8 text without its last character. */
const withoutLast = (text: Uint8Array, length: number): number => {
  let shorter = Math.max(0, length - 1);
  while (shorter > 0 && (text[shorter]! & 0xc0) === 0x80) shorter--;
  return shorter;
};
