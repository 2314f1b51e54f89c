// A process that writes with a key: `node writer-process.js ENDPOINT KEY_FOLDER URI NAME COUNT`. One commitment after another,
// `NAME 0`, `NAME 1` and so on, each printed as it is included.
import { setCommitment } from "#shared/chain/call.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { NETUID } from "../support.js";

const [endpoint, keyFolder, uri, name, count] = process.argv.slice(2) as [string, string, string, string, string];
const signer = await signerFromUri(uri);
const chain = await connectDevchain({ endpoint, keyFolder });
for (let i = 0; i < Number(count); i++) {
  const { block } = await chain.submit(setCommitment(NETUID, `${name} ${i}`), signer);
  console.log(`${name} ${i} in block ${block}`);
}
await chain.close();
