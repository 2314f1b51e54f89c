import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { walletCheck } from "#shared/doctor/checks/wallet.js";
import type { Examined } from "#shared/doctor/examined.js";
import { TOUCH_MS } from "#shared/files/lock-file.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { requestMessage } from "#shared/protocol/request.js";
import { DUTY_CONTEXT, DUTY_MESSAGE_BYTES } from "#shared/protocol/signer.js";
import { openSigner } from "#shared/signing/open-signer.js";
import { remoteSigner } from "#shared/signing/remote-signer.js";
import { parseSignerAddress } from "#shared/signing/signer-address.js";
import { type Log, silentLog } from "#shared/telemetry/log.js";
import { verify, verifyVrf } from "#shared/wallet/index.js";
import { openSignedJournal } from "#signer/journal.js";
import { quietLog } from "#signer/quiet-log.js";
import { createSignerServer } from "#signer/server.js";
import { openSigning, type Signed } from "#signer/sign.js";
import type { AskedRequest } from "#signer/statement.js";
import { collectingLog } from "../shared/chain/support.js";
import { situation } from "../shared/doctor/support.js";
import { coded } from "../support/coded.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { ownCertificate } from "../support/own-certificate.js";
import { commitRequest, signerHome, WALLET } from "./rig.js";

const A = "aa".repeat(32);
const B = "bb".repeat(32);
/** Nothing is asked again. */
const PATIENT = { attemptMs: HANG_GUARD, requestMs: HANG_GUARD, extrinsicMs: 100, documentMs: 100, pauseMs: 60_000 };
/** The same of a signer that never answers. */
const QUICK = { ...PATIENT, attemptMs: 300, requestMs: 300 };

const at = (text: string) => parseSignerAddress(text) ?? assert.fail(text);

interface Reply {
  readonly status: number;
  readonly body: string;
}

describe("a signer over a Unix socket", { timeout: HANG_GUARD }, () => {
  it("signs once, repeats itself, refuses the second, and knows it after a restart", async (t) => {
    const home = await signerHome(t);
    const { address } = home.key;
    const first = await home.start();
    assert.deepEqual([first.hotkey, first.at], [address, home.socket]);
    const path = home.socket.slice("unix://".length);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const client = remoteSigner({ address: at(home.socket), hotkey: address, timeouts: PATIENT });
    t.after(() => client.close());
    await client.check();
    const request = commitRequest(address, 7, A);
    const signature = await client.sign(request);
    assert.ok(verify(request.message, signature, address));
    assert.deepEqual(await client.sign(request), signature);
    const resent = commitRequest(address, 7, A, 1);
    const newest = await client.sign(resent);
    assert.ok(verify(resent.message, newest, address), "the same record with another nonce");
    await assert.rejects(client.sign(commitRequest(address, 7, B)), coded("SIGNER_CONFLICT", /cycle 7/));
    await first.close();
    await assert.rejects(client.sign(request), coded("SIGNER_UNREACHABLE"));
    const second = await home.start();
    assert.deepEqual(await client.sign(resent), newest);
    await assert.rejects(client.sign(commitRequest(address, 7, B)), coded("SIGNER_CONFLICT"));
    assert.ok(home.lines.some(({ fields }) => fields?.code === "SIGNER_CONFLICT"));
    await assert.rejects(home.start(), coded("HOME_IN_USE"));
    await assert.rejects(home.start({ home: join(home.folder, "two") }), coded("SERVER_FAILED", /another program/));
    await second.close();
    writeFileSync(path, "no socket");
    await assert.rejects(home.start(), coded("SERVER_FAILED", /no socket/));
    rmSync(path);
  });

  it("says when another signer took its home over", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const home = await signerHome(t);
    const { lost } = await home.start();
    writeFileSync(join(home.folder, "home", home.key.address, "lock"), "another's");
    assert.ok(!lost.aborted);
    t.mock.timers.tick(TOUCH_MS);
    assert.ok(coded("HOME_IN_USE", /was taken over/)(lost.reason));
  });

  it("replaces a socket that a killed signer left", async (t) => {
    const home = await signerHome(t);
    await (await home.start()).close();
    const path = home.socket.slice("unix://".length);
    assert.ok(!existsSync(path));
    const left = createServer().listen(path);
    await new Promise((resolve) => left.once("listening", resolve));
    await assert.rejects(home.start(), coded("SERVER_FAILED", /another program/));
    // Where it is found by its path no more, closing does not remove it.
    renameSync(path, `${path}.moved`);
    await new Promise((resolve) => left.close(resolve));
    renameSync(`${path}.moved`, path);
    await (await home.start()).close();
  });

  it("gives programs the hotkey without its key file, and says what is wrong with a line", async (t) => {
    const home = await signerHome(t);
    const running = await home.start({ "rates.requests": 1 });
    const path = join(home.folder, "keys");
    const hotkeys = join(path, WALLET.name, "hotkeys");
    rmSync(join(hotkeys, WALLET.hotkey));
    assert.deepEqual(readdirSync(hotkeys), [`${WALLET.hotkey}pub.txt`]);
    const wallet = { path, ...WALLET, signer: at(home.socket) };
    const { config } = (await situation(t)).about;
    const about = { config: { ...config, wallet, dry_run: true } } as unknown as Examined;
    const { verdict, says } = await walletCheck.run(about, new AbortController().signal);
    assert.deepEqual([verdict, says.includes(`signed for by ${home.socket}`)], ["ok", true], says);
    const opened = await openSigner(wallet);
    assert.equal(opened.address, home.key.address);
    assert.deepEqual(opened.publicKey, home.key.publicKey);
    const ask = { method: "GET", origin: "http://a.example", path: "/blob/0", hotkey: opened.address };
    const request = (nonce: number) => ({ kind: "request", message: requestMessage({ ...ask, nonce }) }) as const;
    await opened.sign(request(Date.now()));
    await assert.rejects(opened.sign(request(Date.now() + 1)), coded("SIGNER_BUSY"));
    await assert.rejects(opened.sign(request(Date.now() + 2)), coded("SIGNER_UNREACHABLE", /a moment ago/));
    opened.close();
    await running.close();
    await assert.rejects(openSigner(wallet), coded("SIGNER_UNREACHABLE"));
    await assert.rejects(walletCheck.run(about, new AbortController().signal), coded("SIGNER_UNREACHABLE"));
    writeFileSync(join(hotkeys, "xpub.txt"), JSON.stringify({ ss58Address: home.key.address }));
    await assert.rejects(openSigner({ ...wallet, hotkey: "none" }), coded("WALLET_NOT_FOUND", /public half/));
    await assert.rejects(openSigner({ path, ...WALLET }), coded("WALLET_NOT_FOUND"));
  });

  it("gives draws of duty, alike each time, and no other draws", async (t) => {
    const home = await signerHome(t);
    await home.start({ "rates.draws": 2 });
    const client = remoteSigner({ address: at(home.socket), hotkey: home.key.address, timeouts: PATIENT });
    t.after(() => client.close());
    const message = Buffer.alloc(DUTY_MESSAGE_BYTES, 7);
    const draw = await client.vrf(message, DUTY_CONTEXT);
    assert.ok(verifyVrf(message, draw, home.key.address, DUTY_CONTEXT));
    const own = home.key.vrf(message, DUTY_CONTEXT);
    assert.deepEqual([...draw.subarray(0, 32)], [...own.subarray(0, 32)]);
    await assert.rejects(
      async () => client.vrf(message, "blockzero/duty-relay/1"),
      coded("SIGNER_REFUSED", /duty-relay/),
    );
    await assert.rejects(
      async () => client.vrf(message.subarray(1), DUTY_CONTEXT),
      coded("SIGNER_REFUSED", /127 bytes/),
    );
    await client.vrf(message, DUTY_CONTEXT);
    await assert.rejects(async () => client.vrf(message, DUTY_CONTEXT), coded("SIGNER_BUSY"));
  });

  it("is not taken for another hotkey's", async (t) => {
    const home = await signerHome(t);
    await home.start();
    const hotkey = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
    const client = remoteSigner({ address: at(home.socket), hotkey, timeouts: PATIENT });
    t.after(() => client.close());
    await assert.rejects(client.check(), coded("SIGNER_WRONG_KEY"));
    await assert.rejects(client.sign(commitRequest(hotkey, 1, A)), coded("SIGNER_REFUSED", /another account/));
  });
});

describe("a signer that is away", { timeout: HANG_GUARD }, () => {
  it("is waited for until the program closes", async (t) => {
    const home = await signerHome(t);
    const { log, said } = collectingLog();
    const client = remoteSigner({ address: at(home.socket), hotkey: home.key.address, log });
    const asked = said("asked again");
    const refused = assert.rejects(
      client.sign({ kind: "document", message: Buffer.from("{}") }),
      coded("SIGNER_UNREACHABLE"),
    );
    await asked;
    client.close();
    await refused;
  });
});

describe("a signer over TCP", { timeout: HANG_GUARD }, () => {
  const withToken = async (t: Parameters<typeof signerHome>[0]) => {
    const home = await signerHome(t);
    const token = join(home.folder, "token");
    writeFileSync(token, `${"t".repeat(40)}\n`, { mode: 0o600 });
    return { home, token };
  };

  it("wants a token, and plain HTTP on this machine alone", async (t) => {
    const { home, token } = await withToken(t);
    await assert.rejects(home.start({ listen: "http://127.0.0.1:0" }), coded("SIGNER_TOKEN_INVALID"));
    await assert.rejects(home.start({ listen: "http://10.0.0.1:9000", token }), coded("CONFIG_INVALID_VALUE"));
    const running = await home.start({ listen: "http://127.0.0.1:0", token });
    const address = at(running.at);
    const wallet = { path: join(home.folder, "keys"), ...WALLET, signer: address };
    await assert.rejects(openSigner(wallet), coded("SIGNER_TOKEN_INVALID"));
    (await openSigner({ ...wallet, signer_token: token })).close();
    const wrong = join(home.folder, "wrong");
    writeFileSync(wrong, "x".repeat(40), { mode: 0o600 });
    await assert.rejects(openSigner({ ...wallet, signer_token: wrong }), coded("SIGNER_UNAUTHORIZED"));
    chmodSync(token, 0o644);
    await assert.rejects(openSigner({ ...wallet, signer_token: token }), coded("WALLET_MODE"));
    writeFileSync(wrong, "short");
    await assert.rejects(openSigner({ ...wallet, signer_token: wrong }), coded("SIGNER_TOKEN_INVALID"));
  });

  it("proves itself by its certificate", async (t) => {
    const { home, token } = await withToken(t);
    const [cert, key] = [join(home.folder, "cert.pem"), join(home.folder, "key.pem")];
    const made = ownCertificate("localhost");
    writeFileSync(cert, made.cert);
    writeFileSync(key, made.key, { mode: 0o600 });
    const listen = "https://localhost:0";
    await assert.rejects(home.start({ listen, token }), coded("SIGNER_CERTIFICATE_UNREADABLE"));
    const tls = { "tls.certificate": cert, "tls.key": key };
    await assert.rejects(
      home.start({ listen, token, ...tls, "tls.key": token }),
      coded("SIGNER_CERTIFICATE_UNREADABLE"),
    );
    const running = await home.start({ listen, token, ...tls });
    const wallet = { path: join(home.folder, "keys"), ...WALLET, signer: at(running.at), signer_token: token };
    const opened = await openSigner({ ...wallet, signer_certificate: cert });
    assert.ok(await opened.sign(commitRequest(home.key.address, 1, A)));
    opened.close();
    await assert.rejects(
      openSigner(wallet),
      (thrown: unknown) =>
        coded("SIGNER_UNREACHABLE")(thrown) && /signer_certificate/.test((thrown as { hint: string }).hint),
    );
    const elsewhere = { ...wallet, signer_certificate: join(home.folder, "none.pem") };
    await assert.rejects(openSigner(elsewhere), coded("SIGNER_CERTIFICATE_UNREADABLE"));
  });
});

describe("a hostile client", { timeout: HANG_GUARD }, () => {
  it("gets nothing, whatever it sends, and takes nothing from others", async (t) => {
    const home = await signerHome(t);
    await home.start();
    const path = home.socket.slice("unix://".length);
    const send = (bytes: Uint8Array | string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(path);
        let text = "";
        socket.on("data", (chunk) => {
          text += chunk.toString("latin1");
        });
        socket.on("error", () => resolve(text));
        socket.on("close", () => resolve(text));
        socket.end(bytes);
      });
    const post = (headers: string, body = "") =>
      `POST /v1/sign HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;
    const good = post("x-blockzero-kind: document\r\n", "{}");
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 500 }),
      fc
        .tuple(fc.nat(good.length), fc.string({ maxLength: 30 }))
        .map(([where, text]) => Buffer.from(good.slice(0, where) + text + good.slice(where))),
    );
    const property = fc.asyncProperty(noise, async (bytes) => {
      assert.doesNotMatch(await send(bytes), /"signature"/);
    });
    await fc.assert(property, { seed: 9, numRuns: 60 });
    assert.match(await send(post("x-blockzero-kind: anything\r\n")), /unknown kind/);
    assert.match(await send(post("x-blockzero-kind: __proto__\r\n")), /unknown kind/);
    assert.match(await send(post("x-blockzero-kind: document\r\nx-blockzero-purpose: {}\r\n")), /purpose that is none/);
    assert.match(await send(good.replace("content-length: 2", "content-length: 99999999")), / 413 /);
    assert.match(await send(good.replace("content-length: 2", "transfer-encoding: chunked")), / 411 /);
    assert.match(await send("GET /v1/else HTTP/1.1\r\nhost: x\r\n\r\n"), / 404 /);
    assert.match(await send(`GET /${"x".repeat(9000)} HTTP/1.1\r\n\r\n`), /^$|431/);
    const client = remoteSigner({ address: at(home.socket), hotkey: home.key.address });
    t.after(() => client.close());
    assert.ok(await client.sign(commitRequest(home.key.address, 1, A)));
    assert.equal(home.lines.filter(({ level }) => level === "error").length, 0);
  });

  it("that is silent or slow is dropped, and many are as one", async (t) => {
    const home = await signerHome(t);
    const key = home.key;
    const server = createSignerServer({
      hotkey: key.address,
      sign: () => assert.fail("asked to sign"),
      token: null,
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      maxConnections: 4,
      timeoutMs: 100,
    });
    const path = join(home.folder, "slow.sock");
    await new Promise<void>((resolve) => server.listen(path, resolve));
    t.after(() => server.close());
    const closed = (first: string) =>
      new Promise<void>((resolve) => {
        const socket = connect(path, () => socket.write(first));
        socket.on("error", () => {});
        socket.on("close", () => resolve());
        socket.resume();
      });
    const head = "POST /v1/sign HTTP/1.1\r\nhost: x\r\nx-blockzero-kind: document\r\ncontent-length: 1000\r\n\r\n{";
    await Promise.all(Array.from({ length: 40 }, (_, i) => closed(["", "POST /v1", head][i % 3]!)));
    const client = remoteSigner({ address: { transport: "unix", path }, hotkey: key.address });
    t.after(() => client.close());
    await client.check();
  });
});

it("a fault of the signer's own is an error in its log, and no answer", { timeout: HANG_GUARD }, async (t) => {
  const home = await signerHome(t);
  const { log, lines } = collectingLog();
  const hotkey = home.key.address;
  const sign = () => {
    throw new TypeError("a bug");
  };
  const server = createSignerServer({ hotkey, sign, token: null, log });
  const path = join(home.folder, "faulty.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  const client = remoteSigner({
    address: { transport: "unix", path },
    hotkey,
    timeouts: { ...PATIENT, extrinsicMs: 0 },
  });
  t.after(() => client.close());
  await assert.rejects(client.sign(commitRequest(hotkey, 1, A)), coded("SIGNER_UNREACHABLE"));
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields.reason]),
    [["error", "a bug"]],
  );
});

it("documents that are announced and never come keep no extrinsic out", { timeout: HANG_GUARD }, async (t) => {
  const { key, folder } = await signerHome(t);
  const sign = ({ message }: AskedRequest): Signed => ({
    statement: { kind: "request", origin: "" },
    signature: key.signBytes(message),
  });
  const server = createSignerServer({ hotkey: key.address, sign, token: null, log: silentLog });
  const path = join(folder, "s.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const head = "POST /v1/sign HTTP/1.1\r\nhost: x\r\nx-blockzero-kind: document\r\ncontent-length: 16777216\r\n\r\n";
  for (let n = 0; n < 3; n++) {
    const isRead = new Promise((resolve) => server.once("request", resolve));
    const socket = connect(path, () => socket.write(head));
    socket.on("error", () => {});
    await isRead;
  }
  const client = remoteSigner({ address: { transport: "unix", path }, hotkey: key.address, timeouts: PATIENT });
  t.after(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });
  assert.ok(await client.sign(commitRequest(key.address, 1, A)));
  const body = canonicalBytes({ text: "x".repeat(1 << 17) });
  await assert.rejects(client.sign({ kind: "document", message: body }), coded("SIGNER_BUSY", /too much/));
});

describe("a stranger on the network", { timeout: HANG_GUARD }, () => {
  for (const over of ["http", "https"] as const)
    it(`that only holds connections over ${over} keeps nobody out who has the token`, async (t) => {
      const token = "t".repeat(40);
      const { key: tlsKey, cert: certificate } = ownCertificate("localhost");
      const hotkey = (await signerHome(t)).key.address;
      const server = createSignerServer({
        hotkey,
        sign: () => assert.fail("asked to sign"),
        token,
        tls: over === "https" ? { certificate, key: tlsKey } : undefined,
        log: silentLog,
        maxConnections: 4,
        timeoutMs: HANG_GUARD,
      });
      await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
      const { port, address: host } = server.address() as AddressInfo;
      const held: Socket[] = [];
      t.after(() => {
        for (const socket of held) socket.destroy();
        server.closeAllConnections();
        server.close();
      });
      const client = remoteSigner({
        address: { transport: over, host: "localhost", port },
        hotkey,
        token,
        certificate,
      });
      t.after(() => client.close());
      const hold = async () => {
        for (let n = 0; n < 12; n++) {
          const socket = connect(port, host);
          held.push(socket.on("error", () => {}));
          await new Promise((resolve) => socket.once("connect", resolve));
        }
      };
      await hold();
      await client.check();
      await hold();
      await client.check();
    });
});

describe("what a signer tells", () => {
  it("of a conflict is told however many come without the token", () => {
    const { log, lines } = collectingLog();
    const quiet = quietLog(log as Log, () => 0);
    for (let n = 0; n < 100; n++) quiet.warn("a request without the token");
    quiet.error("not signed");
    assert.deepEqual([lines.length, lines.at(-1)?.level], [61, "error"]);
  });
});

describe("a clock that is set back", () => {
  it("stops no signatures", async (t) => {
    const home = await signerHome(t);
    const journal = openSignedJournal({ path: join(home.folder, "signed.jsonl"), hotkey: home.key.address });
    t.after(() => journal.close());
    let now = 1_800_000_000_000;
    const policy = { calls: ["commitments.setCommitment"], records: ["commit"], documents: [] };
    const rates = { extrinsics: 60, documents: 1, requests: 1, draws: 1 };
    const sign = openSigning({ key: home.key, policy, rates, journal, now: () => now });
    sign(commitRequest(home.key.address, 1, A));
    now -= 3_600_000;
    sign(commitRequest(home.key.address, 2, A));
  });
});

describe("what answers in the signer's place", { timeout: HANG_GUARD }, () => {
  it("with rubbish, nothing, too much or another's signature is told in one line", async (t) => {
    const home = await signerHome(t);
    const path = join(home.folder, "fake.sock");
    let reply: Reply | null = null;
    const server = createHttpServer((request, response) => {
      request.resume();
      if (reply) response.writeHead(reply.status).end(reply.body);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = { transport: "unix", path } as const;
    const clientOf = (timeouts: typeof QUICK) => {
      const client = remoteSigner({ address, hotkey: home.key.address, timeouts });
      t.after(() => client.close());
      return client;
    };
    const [quick, patient] = [clientOf(QUICK), clientOf(PATIENT)];
    const request = commitRequest(home.key.address, 1, A);
    const cases: readonly (readonly [Reply | null, Parameters<typeof coded>])[] = [
      [null, ["SIGNER_TIMEOUT", /0.3 s/]],
      [{ status: 200, body: "rubbish" }, ["SIGNER_MALFORMED"]],
      [{ status: 200, body: "{}" }, ["SIGNER_MALFORMED"]],
      [{ status: 500, body: '{"code":"PANIC","message":"x"}' }, ["SIGNER_MALFORMED"]],
      [{ status: 200, body: `"${"x".repeat(5000)}"` }, ["SIGNER_MALFORMED", /more bytes/]],
      [{ status: 200, body: `{"signature":"${"00".repeat(64)}"}` }, ["SIGNER_MALFORMED", /not 5/]],
      [{ status: 403, body: '{"code":"SIGNER_REFUSED","message":"no\\u001b[2J"}' }, ["SIGNER_REFUSED", /no\?\[2J$/]],
      [{ status: 507, body: '{"code":"SIGNER_JOURNAL_FAILED","message":"full"}' }, ["SIGNER_JOURNAL_FAILED"]],
    ];
    for (const [answer, fault] of cases) {
      reply = answer;
      const client = answer === null ? quick : patient;
      await assert.rejects(client.sign(request), coded(...fault), JSON.stringify(answer));
    }
  });
});
