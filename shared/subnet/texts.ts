import { withTexts } from "#shared/data/pinned-text.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { OpenedSubnet } from "./open-subnet.js";

/**
 * The subnet with the files of documents that its network names: what drawing batches needs, and nothing else does.
 *
 * @throws BlockZeroError TEXT_MISSING
 */
export const subnetWithTexts = async <
  S extends { readonly source: CycleSource; readonly files: Pick<OpenedSubnet["files"], "locate"> },
>(
  subnet: S,
): Promise<S> => {
  const { source, files } = subnet;
  const network = await withTexts(source.network, ({ sha256, bytes }) =>
    files.locate({ hash: sha256, maxBytes: bytes }),
  );
  return { ...subnet, source: { ...source, network } };
};
