import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { quote } from "#shared/protocol/parsed.js";
import { boundedText } from "#shared/util/bounded-text.js";
import { withDeadline } from "#shared/util/deadline.js";
import { MAX_NOTE_BYTES } from "./release-note.js";

const ANSWER_MS = 20_000;

/** A release file of GitHub needs two. */
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface NoteOptions {
  readonly ask?: Ask;
  /** Longest wait for an answer, milliseconds. */
  readonly answerMs?: number;
}

type Ask = (url: string, how: { readonly signal: AbortSignal; readonly redirect: "manual" }) => Promise<Response>;

/**
 * The text of a note, from a file or an http(s) URL; redirects are followed to https alone. Nothing that it says is
 * believed yet.
 *
 * @throws BlockZeroError FILE_…, RELEASE_NOTE_UNREACHABLE
 */
export const readNote = async (from: string, options: NoteOptions = {}): Promise<string> =>
  /^https?:\/\//.test(from)
    ? fetched(from, options)
    : new TextDecoder().decode(await readSmallFile(from, MAX_NOTE_BYTES));

const fetched = async (url: string, { ask = fetch, answerMs = ANSWER_MS }: NoteOptions): Promise<string> => {
  const unreachable = (reason: string, cause?: unknown) =>
    new BlockZeroError(
      "RELEASE_NOTE_UNREACHABLE",
      `${url}: ${reason}`,
      "check the address and the network, or give a file",
      { cause },
    );
  try {
    return await withDeadline(
      answerMs,
      () => unreachable(`no answer within ${answerMs / 1000} s`),
      async (signal) => {
        const response = await followed(url, (next) => ask(next, { signal, redirect: "manual" }));
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

/**
 * The answer at the end of the redirects.
 *
 * @throws Error where there are too many, or one leads elsewhere than to https; as `ask`
 */
const followed = async (url: string, ask: (url: string) => Promise<Response>): Promise<Response> => {
  let at = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await ask(at);
    const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
    if (location === null) return response;
    await response.body?.cancel();
    const next = URL.canParse(location, at) ? new URL(location, at) : null;
    if (next?.protocol !== "https:") throw new Error(`it redirects to ${quote(location)}, which is no https address`);
    at = next.href;
  }
  throw new Error(`it redirects more than ${MAX_REDIRECTS} times`);
};
