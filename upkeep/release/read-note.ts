import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { boundedText } from "#shared/util/bounded-text.js";
import { withDeadline } from "#shared/util/deadline.js";
import { MAX_NOTE_BYTES } from "./release-note.js";

const ANSWER_MS = 20_000;

/** The text of a note, from a file or an http(s) URL. Nothing that it says is believed yet. @throws BlockZeroError FILE_…, RELEASE_NOTE_UNREACHABLE */
export const readNote = async (from: string): Promise<string> =>
  /^https?:\/\//.test(from) ? fetched(from) : new TextDecoder().decode(await readSmallFile(from, MAX_NOTE_BYTES));

const fetched = async (url: string): Promise<string> => {
  const unreachable = (reason: string, cause?: unknown) =>
    new BlockZeroError(
      "RELEASE_NOTE_UNREACHABLE",
      `${url}: ${reason}`,
      "check the address and the network, or give a file",
      { cause },
    );
  try {
    return await withDeadline(
      ANSWER_MS,
      () => unreachable(`no answer within ${ANSWER_MS / 1000} s`),
      async (signal) => {
        const response = await fetch(url, { signal, redirect: "error" });
        const text = await boundedText(response, MAX_NOTE_BYTES);
        if (!response.ok) throw new Error(`it answers ${response.status}`);
        return text;
      },
    );
  } catch (thrown) {
    if (thrown instanceof BlockZeroError) throw thrown;
    throw unreachable(reasonOf(thrown), thrown);
  }
};
