import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import { simulatedSubnet } from "#bench/dashboard/simulated-subnet.js";
import { type DashboardOptions, startDashboard } from "#inspect/dashboard/server.js";
import type { MinerPage } from "#inspect/dashboard/snapshot.js";
import { historyOf, subnetNow } from "#inspect/dashboard/subnet-now.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";
import { collectingLog } from "../../shared/chain/support.js";

const HOSTILE = `</script><img src=x onerror=alert(1)>\u001b[2J`;

const subnetPage: MinerPage = {
  uid: 0,
  hotkey: "",
  cycle: 1,
  explained: [1],
  explanation: [],
  advice: [],
  history: [],
  receipt: null,
};

const serve = async (t: TestContext, limits: Partial<DashboardOptions> = {}) => {
  const network = { ...template, name: HOSTILE, genesis: "0".repeat(64) };
  let reads = 0;
  const pages: string[] = [];
  let change: (what: "block" | "cycle") => void = () => {};
  const at = (offset: number) => simulatedSubnet({ network, miners: 4, validators: 2, cycles: 3, offset });
  let state = at(0);
  const watch = {
    now: () => {
      reads += 1;
      return subnetNow(state);
    },
    history: () => historyOf(state.digests),
    miner: (uid: number, cycle?: number) => {
      pages.push(`${uid} ${cycle}`);
      return uid === 0 ? subnetPage : null;
    },
    onChange: (listener: typeof change) => {
      change = listener;
      return () => {
        change = () => {};
      };
    },
  };
  const served = await startDashboard({ watch, host: "127.0.0.1", port: 0, log: collectingLog().log, ...limits });
  t.after(() => served.close());
  return {
    url: served.url,
    reads: () => reads,
    pages,
    move: (offset: number) => {
      state = at(offset);
      change("block");
    },
  };
};

/** The next message of a stream, without its pings. */
const messages = async function* (response: Response) {
  let text = "";
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk).toString();
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (event === "block") yield JSON.parse(data!);
    }
  }
};

describe("the dashboard's server", { timeout: HANG_GUARD }, () => {
  it("has a place for others where one address holds all of them and asks nothing", async (t) => {
    const { url } = await serve(t, { maxConnections: 4 });
    const silent = Array.from({ length: 4 }, () =>
      connect(Number(new URL(url).port), "127.0.0.1").on("error", () => {}),
    );
    await Promise.all(silent.map((socket) => once(socket, "connect")));
    const closed = once(silent[0]!, "close");
    silent[0]!.resume();
    const { status } = await fetch(`${url}/health`);
    assert.equal(status, 200);
    await closed;
    for (const socket of silent) socket.destroy();
  });

  it("allows its own scripts and styles only, on the page and on every document", async (t) => {
    const { url } = await serve(t);
    for (const path of ["/", "/api/subnet", "/assets/dashboard.css", "/nowhere"]) {
      const { headers } = await fetch(url + path);
      const policy = headers.get("content-security-policy")!;
      for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"])
        assert.ok(policy.includes(part), `${path}: ${policy}`);
      assert.doesNotMatch(policy, /unsafe|https?:/);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
    }
    const page = await (await fetch(url)).text();
    assert.doesNotMatch(page, /<script(?![^>]*\bsrc="\/assets\/)|\son\w+=|style=|https?:/);
  });

  it("gives what strangers wrote as printable text in JSON, and nothing of it in the page", async (t) => {
    const { url } = await serve(t);
    const response = await fetch(`${url}/api/subnet`);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal(((await response.json()) as { name: string }).name, "</script><img src=x onerror=alert(1)>?[2J");
    assert.ok(!(await (await fetch(url)).text()).includes("onerror"));
  });

  it("answers all who ask from one document, and those who have it with nothing", async (t) => {
    const { url, reads, move } = await serve(t);
    const first = await fetch(`${url}/api/subnet`);
    const etag = first.headers.get("etag")!;
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/api/subnet`)));
    assert.equal(reads(), 1);
    const known = (tag: string) => fetch(`${url}/api/subnet`, { headers: { "if-none-match": tag } });
    assert.equal((await known(etag)).status, 304);
    assert.equal((await known(`"other", W/${etag}`)).status, 304);
    move(1);
    const changed = await known(etag);
    assert.deepEqual([changed.status, reads()], [200, 2]);
    assert.notEqual(changed.headers.get("etag"), etag);
  });

  it("makes a miner's page once, however its numbers are written", async (t) => {
    const { url, pages } = await serve(t);
    for (const query of ["0?cycle=1", "00?cycle=1", "0?cycle=0001", "000?cycle=01"])
      assert.equal((await fetch(`${url}/api/miners/${query}`)).status, 200);
    assert.deepEqual(pages, ["0 1"]);
  });

  it("compresses for those who take it", async (t) => {
    const { url } = await serve(t);
    const { request } = await import("node:http");
    const body = await new Promise<Buffer>((resolve) =>
      request(`${url}/api/subnet`, { headers: { "accept-encoding": "gzip" } }, async (response) => {
        assert.equal(response.headers["content-encoding"], "gzip");
        resolve(Buffer.concat(await response.toArray()));
      }).end(),
    );
    assert.equal(JSON.parse(gunzipSync(body).toString()).netuid, 1);
  });

  it("only reads", async (t) => {
    const { url } = await serve(t);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"])
      assert.equal((await fetch(`${url}/api/subnet`, { method })).status, 405, method);
    const head = await fetch(`${url}/api/subnet`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    const statuses = async (...paths: readonly string[]) =>
      Promise.all(paths.map(async (path) => (await fetch(url + path)).status));
    assert.deepEqual(
      await statuses("/health", "/api/miners/7", "/api/miners/7?cycle=1e9", "/api/miners/-1", "/assets/../server.js"),
      [200, 404, 400, 404, 404],
    );
  });

  it("tells of each block on the stream, which has so many places and no more", async (t) => {
    const { url, move } = await serve(t, { maxStreams: 3, maxStreamsPerAddress: 2 });
    const stop = new AbortController();
    t.after(() => stop.abort());
    const open = () => fetch(`${url}/api/stream`, { signal: stop.signal });
    const told = messages(await open());
    const { clock, etag } = (await told.next()).value;
    move(1);
    const next = (await told.next()).value;
    assert.deepEqual([next.clock.block, next.etag === etag], [clock.block + 1, false]);
    assert.equal((await fetch(`${url}/api/subnet`)).headers.get("etag"), next.etag);
    assert.equal((await open()).status, 200);
    const full = await open();
    assert.deepEqual([full.status, full.headers.get("retry-after")], [503, "30"]);
    assert.equal((await fetch(`${url}/api/subnet`)).status, 200, "who finds no place can ask");
  });

  it("answers under its own names alone, so that no other website's page can read it", async (t) => {
    const { url } = await serve(t, { names: ["Subnet.example"] });
    const { port } = new URL(url);
    const { request } = await import("node:http");
    const asked = (host: string) =>
      new Promise<number | undefined>((resolve) =>
        request(`${url}/api/subnet`, { headers: { host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).end(),
      );
    for (const host of [
      `127.0.0.1:${port}`,
      "[::1]:1",
      "localhost",
      `LOCALHOST.:${port}`,
      "198.51.100.7",
      "subnet.example:443",
    ])
      assert.equal(await asked(host), 200, host);
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1.evil.example", "localhost.evil.example"])
      assert.equal(await asked(host), 421, host);
    for (const none of ["a:b:c", "[::1", "/"]) assert.ok((await asked(none))! >= 400, none);
  });

  it("says that an address is taken", async (t) => {
    const { url } = await serve(t);
    await assert.rejects(serve(t, { port: Number(new URL(url).port) }), { code: "SERVER_FAILED" });
  });
});
