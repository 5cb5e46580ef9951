// Readers of the newest list. Each walks through its pages again and again, at least twice and until nothing more comes in on stdin, and
// counts what may not be. The id of each list is printed when the first of them sees it, the counts at the end.
import http from "node:http";

const { ports, token, readers, keepAlive, limit } = JSON.parse(process.argv[2]);
const counts = { answers: 0, walks: 0, failed: 0, mixed: 0, back: 0 };
const waits = [];
const seen = new Set();
const LEAST_WALKS = 2;
let stopping = false;
process.stdin.on("end", () => (stopping = true)).resume();

const DAY = 24 * 3600 * 1000;
const nameOf = (ranking) => `list${(Date.parse(ranking.as_of) - Date.parse("2026-01-09")) / DAY}`;

function ask(reader, path) {
  const headers = { authorization: `Bearer ${token}` };
  const started = performance.now();
  reader.turn += 1;
  return new Promise((resolve) => {
    const port = ports[reader.turn % ports.length];
    const request = http.get({ agent: reader.agent, host: "127.0.0.1", port, path, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (body += part));
      response.on("error", () => resolve({ status: 0 }));
      response.on("end", () => {
        waits.push(performance.now() - started);
        resolve({ status: response.statusCode, id: response.headers["x-ranking-id"], page: JSON.parse(body) });
      });
    });
    request.on("error", () => resolve({ status: 0 }));
  });
}

async function walk(reader) {
  let path = `/v1/rankings?limit=${limit}`;
  let first;
  while (path) {
    const { status, id, page } = await ask(reader, path);
    counts.answers += 1;
    if (status === 410 && first) return;
    if (status !== 200) {
      counts.failed += 1;
      return;
    }
    first ??= page.ranking;
    if (!seen.has(id)) console.log(id);
    seen.add(id);
    const names = new Set([nameOf(first), ...page.rows.map((row) => row.name)]);
    if (id !== first.ranking_id || page.ranking.ranking_id !== id || names.size > 1) counts.mixed += 1;
    path = page.next && `/v1/rankings?limit=${limit}&cursor=${page.next}`;
  }
  if (first.as_of < reader.newest) counts.back += 1;
  reader.newest = first.as_of;
  reader.walks += 1;
  counts.walks += 1;
}

async function read(number) {
  const reader = { turn: number, newest: "", walks: 0, agent: new http.Agent({ keepAlive, maxSockets: 1 }) };
  while (!stopping || (reader.walks < LEAST_WALKS && !counts.failed)) await walk(reader);
  reader.agent.destroy();
}

await Promise.all(Array.from({ length: readers }, (_, number) => read(number)));
waits.sort((one, other) => one - other);
const wait = (share) => Math.round(waits[Math.floor(share * waits.length)]);
console.log(JSON.stringify({ ...counts, p50_ms: wait(0.5), p99_ms: wait(0.99) }));
