import { makePack } from "#owner/pack/pack.js";
import { packOptions } from "./material.js";

/** Makes a pack, and kills itself without warning at so many events of its progress. */
const [source, out, at, ...stage] = process.argv.slice(2);
let events = 0;
await makePack(
  packOptions([source!], out!, {
    settings: { shard_bytes: 20_000, held_out: 0.1 },
    pieceBytes: 30_000,
    onProgress: (progress) => {
      if (stage.length === 0 || progress.stage === stage[0]) events++;
      if (events === Number(at)) process.kill(process.pid, "SIGKILL");
    },
  }),
);
