// A crowd that asks one server for one page again and again for some seconds, and waits as long as a refusal tells it to.
import http from "node:http";

const { port, path, headers, clients, seconds } = JSON.parse(process.argv[2]);
const end = performance.now() + 1000 * seconds;
const waits = {};
const counts = { lost: 0, untold: 0 };
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function ask(agent) {
  const started = performance.now();
  return new Promise((resolve) => {
    const lose = () => resolve({ lost: true });
    const request = http.get({ agent, host: "127.0.0.1", port, path, headers }, (response) => {
      response.on("error", lose).on("end", () => {
        (waits[response.statusCode] ??= []).push(performance.now() - started);
        resolve({ status: response.statusCode, retryAfter: Number(response.headers["retry-after"]) });
      });
      response.resume();
    });
    request.on("error", lose);
  });
}

async function visit() {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  while (performance.now() < end) {
    const { lost, status, retryAfter } = await ask(agent);
    if (lost) counts.lost += 1;
    if (status >= 400 && !retryAfter) counts.untold += 1;
    if (retryAfter) await pause(Math.min(1000 * retryAfter, Math.max(0, end - performance.now())));
  }
  agent.destroy();
}

await Promise.all(Array.from({ length: clients }, visit));
for (const [status, list] of Object.entries(waits)) {
  list.sort((one, other) => one - other);
  counts[status] = { answers: list.length, p50_ms: Math.round(list[list.length >> 1]), p99_ms: Math.round(list[Math.floor(0.99 * list.length)]) };
}
console.log(JSON.stringify(counts));
