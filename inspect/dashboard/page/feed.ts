import type { Clock } from "../snapshot.js";

/** What the server says after each block: the clock, and the versions of the documents. */
export interface News {
  readonly clock: Clock;
  readonly etag: string;
  readonly history: string;
}

/** Milliseconds between two polls where there is no place on the stream, and between two tries for one. */
const POLL_MS = 5_000;
const RETRY_MS = 60_000;

export interface FeedHandlers {
  readonly onNews: (news: News) => void;
  /** Called instead of `onNews` where only polling is left. */
  readonly onPoll: () => void;
  readonly onState: (state: "live" | "polling" | "interrupted") => void;
}

/** Follows the subnet by server-sent events, or by polling where the server has no place for another reader. */
export const followServer = ({ onNews, onPoll, onState }: FeedHandlers): void => {
  let polling: ReturnType<typeof setInterval> | undefined;
  const open = () => {
    const stream = new EventSource("/api/stream");
    stream.addEventListener("block", ({ data }) => {
      clearInterval(polling);
      polling = undefined;
      onState("live");
      onNews(JSON.parse(data));
    });
    stream.addEventListener("error", () => {
      if (stream.readyState !== EventSource.CLOSED) return onState("interrupted");
      onState("polling");
      polling ??= setInterval(onPoll, POLL_MS);
      setTimeout(open, RETRY_MS);
    });
  };
  open();
};
