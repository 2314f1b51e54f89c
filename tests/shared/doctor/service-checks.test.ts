import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { deviceCheck } from "#shared/doctor/checks/device.js";
import { portCheck } from "#shared/doctor/checks/port.js";
import { proxyCheck } from "#shared/doctor/checks/proxy.js";
import { storeCheck } from "#shared/doctor/checks/store.js";
import { wandbCheck } from "#shared/doctor/checks/wandb.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { findingIn, outcomeOf, situation } from "./support.js";

const serve = async (t: TestContext, answer: RequestListener): Promise<number> => {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
};

describe("checks of services", () => {
  it("a port that serves, one that is taken, and a public address that leads elsewhere", async (t) => {
    const open = await findingIn(t, portCheck);
    assert.equal(open.verdict, "ok");
    assert.match(open.says, /^http:\/\/127\.0\.0\.1:\d+ serves this machine's files; asked from this machine: /);

    const program = await serve(t, (_, response) => response.end('{"status":"ok"}'));
    assert.match((await findingIn(t, portCheck, { flags: { "listen.port": program } })).says, /answers: the program/);
    const other = await serve(t, (_, response) => response.writeHead(404).end());
    assert.equal((await findingIn(t, portCheck, { flags: { "listen.port": other } })).verdict, "failure");

    const flags = { "listen.public_url": `http://127.0.0.1:${other}` };
    const astray = await findingIn(t, portCheck, { flags });
    assert.equal(astray.verdict, "warning");
    assert.match(astray.says, /does not serve this machine's files: /);
    const hidden = { allow_private_addresses: false };
    assert.match((await findingIn(t, portCheck, { flags: hidden })).says, /^LOCATION_PRIVATE /);
  });

  it("a store that takes nothing, or lacks its credentials", async (t) => {
    assert.equal((await findingIn(t, storeCheck)).verdict, "ok");
    const folder = temporaryFolder(t);
    assert.match(
      (await findingIn(t, storeCheck, { flags: { store: `directory:${folder}/store` } })).says,
      /^directory takes, gives and deletes a blob$/,
    );
    writeFileSync(join(folder, "file"), "");
    const below = await findingIn(t, storeCheck, { flags: { store: `directory:${folder}/file/below` } });
    assert.match(below.says, /^STORE_FAILED /);

    const away = join(folder, "away");
    mkdirSync(away);
    const { about, signer } = await situation(t, { flags: { store: `directory:${away}` } });
    const home = join(about.config.checkpoint_dir, signer.address);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "archive.json"), JSON.stringify({ pending: [], mark: "a-mark" }));
    const notMounted = (await outcomeOf(storeCheck, about)).says;
    assert.match(notMounted, /^STORE_FAILED .+ is not the folder that copies were put into before/);
    assert.deepEqual(readdirSync(away), []);

    rmSync(join(home, "archive.json"));
    mkdirSync(join(home, "archive.json"));
    const unreadable = await outcomeOf(storeCheck, about);
    assert.deepEqual([unreadable.verdict, unreadable.says.split(" ")[0]], ["failure", "FILE_UNREADABLE"]);

    const s3 = await findingIn(t, storeCheck, { flags: { store: "s3://bucket/prefix" } });
    assert.match(s3.says, /^STORE_CREDENTIALS_MISSING /);
  });

  it("a key of Weights & Biases that is missing, unknown, or cannot be asked about", async (t) => {
    assert.equal((await findingIn(t, wandbCheck)).says, "off");
    const flags = { wandb: true };
    assert.equal((await findingIn(t, wandbCheck, { flags })).verdict, "failure");
    const port = await serve(t, (request, response) => {
      const [, key] = Buffer.from(request.headers.authorization?.slice(6) ?? "", "base64")
        .toString()
        .split(":");
      if (key === "endless") for (let i = 0; i < 10; i++) response.write("x".repeat(20_000));
      response.end(JSON.stringify({ data: { viewer: key === "good" ? { username: "ann" } : null } }));
    });
    const withKey = (WANDB_API_KEY: string, WANDB_BASE_URL = `http://127.0.0.1:${port}`) =>
      findingIn(t, wandbCheck, { flags, about: { env: { WANDB_API_KEY, WANDB_BASE_URL } } });
    assert.deepEqual(await withKey("good").then(({ verdict, says }) => [verdict, says]), ["ok", "the key is ann's"]);
    assert.equal((await withKey("bad")).verdict, "failure");
    assert.match((await withKey("endless")).says, /answers with more than 65536 bytes$/);
    assert.equal((await withKey("good", "http://127.0.0.1:1")).verdict, "warning");
    const off = await findingIn(t, wandbCheck, { flags, about: { env: { WANDB_MODE: "offline" } } });
    assert.equal(off.verdict, "ok");
  });

  it("a proxy in the environment, which is not used", async (t) => {
    assert.equal((await findingIn(t, proxyCheck)).verdict, "ok");
    const { verdict, says } = await findingIn(t, proxyCheck, {
      about: { env: { https_proxy: "http://user:word@proxy" } },
    });
    assert.equal(verdict, "warning");
    assert.match(says, /^https_proxy is set, and not used: /);
  });

  it("the CPU has a speed, and a card that is not there fails", { timeout: HANG_GUARD }, async (t) => {
    assert.match((await findingIn(t, deviceCheck)).says, /^\S.*, \d+ GFLOP\/s in large products$/);
    const { says, remedy } = await findingIn(t, deviceCheck, { flags: { device: "cuda" } });
    assert.match(says, /^DEVICE_UNAVAILABLE /);
    assert.match(remedy!, /^blockzero gpu doctor /);
  });
});
