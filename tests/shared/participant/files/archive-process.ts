// Publishes texts with a directory as the archive, says so, and lives until it is killed: archive-process.js <home> <archive> <text>…
import { join } from "node:path";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { openArchive } from "#shared/participant/files/archive.js";
import { createBlobs } from "#shared/participant/files/blobs.js";
import { silentLog } from "#shared/telemetry/log.js";

const [home = "", elsewhere = "", ...texts] = process.argv.slice(2);
const local = directoryStore(join(home, "blobs"));
const archive = openArchive({
  local,
  remote: directoryStore(elsewhere),
  queue: join(home, "archive.json"),
  log: silentLog,
});
const blobs = await createBlobs(local, createBlobClient({ allowPrivateAddresses: true, log: silentLog }), 1, {
  archive,
});
for (const text of texts) await blobs.put(Buffer.from(text));
await archive.idle();
console.log("published");
setInterval(() => {}, 1000);
