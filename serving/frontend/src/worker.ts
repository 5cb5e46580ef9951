// Service worker: the alerts that were seen or listed today can be read without a network. Nothing is kept beyond a day or a sign-out.
import { ExpirationPlugin } from "workbox-expiration";
import type { WorkboxPlugin } from "workbox-core/types";
import { registerRoute } from "workbox-routing";
import { CacheFirst, NetworkFirst } from "workbox-strategies";

declare const self: ServiceWorkerGlobalScope;

const PAGES = "alerts";
const DAY_SECONDS = 86_400;
const MOST_PAGES = 60;
const PATIENCE_SECONDS = 5;

/** Path of an address within the service, which may stand under a path of the site. */
const within = (address: URL) => `/${address.pathname.slice(new URL(self.registration.scope).pathname.length)}`;

/** How often somebody signed in or out: an answer that was asked for before is not kept after. */
let changesOfUser = 0;

/** A redirection leads to the login, which is no alert. */
const ofThisUser: WorkboxPlugin = {
  requestWillFetch: ({ request, state }) => {
    if (state) state.changesOfUser = changesOfUser;
    return Promise.resolve(request);
  },
  cacheWillUpdate: ({ response, state }) =>
    Promise.resolve(response.status === 200 && !response.redirected && state?.changesOfUser === changesOfUser ? response : null),
  cacheDidUpdate: async ({ state }) => {
    if (state?.changesOfUser !== changesOfUser) await caches.delete(PAGES);
  },
};

const pages = new NetworkFirst({
  cacheName: PAGES,
  networkTimeoutSeconds: PATIENCE_SECONDS,
  matchOptions: { ignoreVary: true, ignoreSearch: false },
  plugins: [ofThisUser, new ExpirationPlugin({ maxEntries: MOST_PAGES, maxAgeSeconds: DAY_SECONDS, purgeOnQuotaError: true })],
});

const files = new CacheFirst({ cacheName: "static" });

const isFile = (address: URL) => within(address).startsWith("/static/");

/** Fetch what a page asks for, one after the other, so that it is there without a network; this worker need not serve that page yet. */
async function fetchAhead(event: ExtendableMessageEvent): Promise<void> {
  for (const address of event.data as string[]) {
    const strategy = isFile(new URL(address)) ? files : pages;
    await strategy.handle({ event, request: address }).catch(() => undefined);
  }
}

registerRoute(({ url, sameOrigin }) => sameOrigin && /^\/alerts(\/[0-9a-f]+)?$/.test(within(url)), pages);
registerRoute(({ url, sameOrigin }) => sameOrigin && isFile(url), files);

self.addEventListener("fetch", (event) => {
  const path = within(new URL(event.request.url));
  if (event.request.method !== "POST" || (path !== "/logout" && path !== "/login")) return;
  changesOfUser += 1;
  event.waitUntil(caches.delete(PAGES));
});
self.addEventListener("message", (event) => event.waitUntil(fetchAhead(event)));
self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
