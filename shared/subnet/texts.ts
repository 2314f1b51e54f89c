import { withTokenizer } from "#shared/data/pinned-tokenizer.js";
import { withTexts } from "#shared/packs/pinned-text.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { OpenedSubnet } from "./open-subnet.js";

/**
 * The subnet with the files of documents and the tokenizer that its network names: what drawing batches needs, and nothing else does.
 *
 * @throws BlockZeroError TEXT_MISSING, TOKENIZER_MISSING
 */
export const subnetWithTexts = async <
  S extends { readonly source: CycleSource; readonly files: Pick<OpenedSubnet["files"], "locate"> },
>(
  subnet: S,
): Promise<S> => {
  const { source, files } = subnet;
  const locate = ({ sha256, bytes }: { readonly sha256: string; readonly bytes: number }) =>
    files.locate({ hash: sha256, maxBytes: bytes });
  const network = await withTexts(await withTokenizer(source.network, locate), locate);
  return { ...subnet, source: { ...source, network } };
};
