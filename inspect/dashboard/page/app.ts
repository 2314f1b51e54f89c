import type { History, MinerPage, SubnetNow } from "../snapshot.js";
import { redrawCharts } from "./charts.js";
import { drawClock } from "./clock.js";
import { byId, setText } from "./dom.js";
import { followServer, type News } from "./feed.js";
import { createMinerView } from "./miner-view.js";
import { createOverview } from "./overview.js";
import { minerHref, routeOf } from "./route.js";

const start = async (): Promise<void> => {
  const overview = createOverview();
  const miner = createMinerView((cycle) => {
    const route = routeOf(location.hash);
    if (route.view === "miner") location.hash = minerHref(route.uid, cycle);
  });
  let shown = { etag: "", history: "" };
  let asked: News | null = null;
  let isFetching = false;
  let cycle: number | null | undefined;

  /** Fetches and draws what is not shown yet. @param news versions that the server has; null: not known */
  const refresh = async (news: News | null): Promise<void> => {
    const begun = performance.now();
    const [history, now] = await Promise.all([
      news?.history === shown.history ? null : fetchJson<History>("/api/history"),
      news?.etag === shown.etag ? null : fetchJson<SubnetNow>("/api/subnet"),
    ]);
    const received = performance.now();
    if (history && history.etag !== shown.history) overview.showHistory(history.value);
    if (now && now.etag !== shown.etag) showSubnet(now.value);
    shown = { history: history?.etag ?? shown.history, etag: now?.etag ?? shown.etag };
    const took = Math.round(performance.now() - received);
    setText(byId("drawn"), `Fetched in ${Math.round(received - begun)} ms, drawn in ${took} ms.`);
    document.documentElement.dataset.drawn = String(took);
    if (now && now.value.cycle !== cycle) {
      cycle = now.value.cycle;
      if (routeOf(location.hash).view === "miner") await route();
    }
  };

  /** One at a time; of those that come meanwhile only the last. */
  const catchUp = async (): Promise<void> => {
    if (isFetching) return;
    isFetching = true;
    try {
      while (asked !== null) {
        const news = asked;
        asked = null;
        await refresh(news);
      }
    } finally {
      isFetching = false;
    }
  };

  const showSubnet = (now: SubnetNow): void => {
    setText(byId("name"), now.name);
    document.title = `${now.name}, subnet ${now.netuid}`;
    setText(byId("where"), `subnet ${now.netuid}, network ${now.network.slice(0, 12)}`);
    drawClock(now.clock);
    overview.show(now);
    const { reads, problem } = now.chain;
    setText(
      byId("cost"),
      `${reads} reads of the chain since the start, shared by everybody who looks.${problem === null ? "" : ` The last one failed: ${problem}`}${now.isWhole ? "" : " Not every report of the newest judged cycle can be had."}`,
    );
  };

  const route = async (): Promise<void> => {
    const at = location.hash;
    const to = routeOf(at);
    const page =
      to.view === "miner"
        ? await fetchJson<MinerPage>(`/api/miners/${to.uid}${to.cycle === null ? "" : `?cycle=${to.cycle}`}`)
        : null;
    // Somebody went on before it came.
    if (location.hash !== at) return;
    byId("overview").hidden = to.view !== "overview";
    byId("miner").hidden = page === null;
    const missing = byId("missing");
    missing.hidden = to.view === "overview" || page !== null;
    if (to.view !== "miner") return;
    if (page) miner.show(page.value);
    else
      setText(
        missing,
        `Nothing is known of uid ${to.uid}${to.cycle === null ? "" : ` in cycle ${to.cycle}`}: its cycle is not judged yet, or too old.`,
      );
  };

  window.addEventListener("hashchange", async () => {
    await route();
    const isMiner = routeOf(location.hash).view === "miner" && !byId("miner").hidden;
    byId(isMiner ? "h-miner" : "main").focus();
    scrollTo(0, 0);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawCharts);

  await refresh(null);
  if (routeOf(location.hash).view === "miner") await route();
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
  followServer({
    onNews: (news) => {
      drawClock(news.clock);
      asked = news;
      void catchUp();
    },
    onPoll: () => void refresh(null),
    onState: (state) =>
      setText(
        byId("status"),
        { live: "live", polling: "live, asked every 5 s", interrupted: "no connection: what is shown is old" }[state],
      ),
  });
};

interface Fetched<T> {
  readonly value: T;
  readonly etag: string;
}

/** Null where the server does not have it, or cannot be reached. */
const fetchJson = async <T>(path: string): Promise<Fetched<T> | null> => {
  try {
    const response = await fetch(path);
    if (!response.ok) return null;
    return { value: (await response.json()) as T, etag: response.headers.get("etag") ?? "" };
  } catch {
    return null;
  }
};

await start();
