import { FOLLOWERS, type InstrumentDefinitions, PARTICIPANTS, SECONDS } from "../definition.js";
import { FETCH_OUTCOMES, PEERS, REFUSALS } from "../labels.js";

/** Blobs served, fetched and kept, and the disk. */
export const fileInstruments = {
  blockzero_blob_sent_bytes_total: {
    type: "counter",
    help: "Bytes that the blob server sent, by who asked.",
    roles: FOLLOWERS,
    unit: "bytes",
    labels: { peer: PEERS },
  },
  blockzero_blob_requests_total: {
    type: "counter",
    help: "Requests that the blob server answered with a blob or a part of one, by who asked.",
    roles: FOLLOWERS,
    unit: "requests",
    labels: { peer: PEERS },
  },
  blockzero_blob_requests_refused_total: {
    type: "counter",
    help: "Requests and connections that the blob server refused, and why.",
    roles: FOLLOWERS,
    unit: "requests",
    labels: { reason: REFUSALS },
  },
  blockzero_blob_connections: {
    type: "gauge",
    help: "Open connections to the blob server.",
    roles: FOLLOWERS,
    unit: "connections",
  },
  blockzero_blob_received_bytes_total: {
    type: "counter",
    help: "Bytes of blobs that were received, by who sent them.",
    roles: PARTICIPANTS,
    unit: "bytes",
    labels: { peer: PEERS },
  },
  blockzero_blob_fetches_total: {
    type: "counter",
    help: "Attempts to fetch a blob from one server, by how they ended.",
    roles: PARTICIPANTS,
    unit: "fetches",
    labels: { outcome: FETCH_OUTCOMES },
  },
  blockzero_blob_fetch_duration_seconds: {
    type: "histogram",
    help: "Time of a fetch that brought the blob, the wait for a turn included.",
    roles: PARTICIPANTS,
    unit: "seconds",
    labels: { peer: PEERS },
    buckets: SECONDS,
  },
  blockzero_cache_bytes: {
    type: "gauge",
    help: "Blobs on disk, fetched and made, at the last turn of a cycle.",
    roles: PARTICIPANTS,
    unit: "bytes",
  },
  blockzero_cache_blobs: {
    type: "gauge",
    help: "Number of blobs on disk at the last turn of a cycle.",
    roles: PARTICIPANTS,
    unit: "blobs",
  },
  blockzero_disk_free_bytes: {
    type: "gauge",
    help: "Bytes that this user may still write on the disk of checkpoint_dir.",
    roles: FOLLOWERS,
    unit: "bytes",
  },
  blockzero_disk_size_bytes: {
    type: "gauge",
    help: "Size of the disk of checkpoint_dir.",
    roles: FOLLOWERS,
    unit: "bytes",
  },
} as const satisfies InstrumentDefinitions;
