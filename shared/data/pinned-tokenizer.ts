import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { Network } from "../protocol/network.js";
import { mapTokenizerFiles, tokenizerFiles } from "../protocol/tokenizer-files.js";

/** A file of the tokenizer that the network file names by its content. */
export interface PinnedFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

type WithData = Pick<Network, "data">;

/** Every such file of a network. */
export const pinnedTokenizer = ({ data }: WithData): readonly PinnedFile[] =>
  tokenizerFiles(data.tokenizer).flatMap(({ name, sha256, bytes }) =>
    sha256 !== undefined && bytes !== undefined ? [{ name, sha256, bytes }] : [],
  );

/**
 * A network whose tokenizer can be opened here: its files have the paths at which `locate` finds them.
 *
 * @throws BlockZeroError TOKENIZER_MISSING
 */
export const withTokenizer = async <N extends WithData>(
  network: N,
  locate: (file: PinnedFile) => Promise<string>,
): Promise<N> => {
  const paths = new Map<string, string>();
  for (const file of pinnedTokenizer(network)) paths.set(file.sha256, await located(file, locate));
  const tokenizer = mapTokenizerFiles(network.data.tokenizer, (file) => {
    const path = paths.get(file.sha256 ?? "");
    return path === undefined ? file : { ...file, path };
  });
  return { ...network, data: { ...network.data, tokenizer } };
};

const located = async (file: PinnedFile, locate: (file: PinnedFile) => Promise<string>): Promise<string> => {
  try {
    return await locate(file);
  } catch (cause) {
    if (!(cause instanceof BlockZeroError)) throw cause;
    throw new BlockZeroError(
      "TOKENIZER_MISSING",
      `the network's ${file.name} (${file.sha256}, ${file.bytes} bytes) cannot be had: ${reasonOf(cause)}`,
      "everybody needs it: ask the subnet's owner to keep `blockzero publish` running, then start again",
      { cause },
    );
  }
};
