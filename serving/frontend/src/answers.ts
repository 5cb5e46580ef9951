// Answers on a phone with a weak network: what cannot be sent is kept on the phone and sent once when the network is back.
// Without this script the same forms work as plain forms. The key that travels with an answer makes repeating it harmless.

interface Kept {
  address: string;
  fields: [string, string][];
  button: string;
}

const STORE = "yujing-answers";
const RETRY_MS = 15_000;
const page = document.querySelector<HTMLElement>(".phone");

function kept(): Kept[] {
  return JSON.parse(localStorage.getItem(STORE) ?? "[]") as Kept[];
}

function keep(answers: Kept[]): void {
  localStorage.setItem(STORE, JSON.stringify(answers));
  show();
}

function show(): void {
  const waiting = kept();
  document.documentElement.dataset.net = waiting.length > 0 || !navigator.onLine ? "off" : "on";
  document.querySelectorAll<HTMLElement>("[data-kept]").forEach((strip) => (strip.hidden = waiting.length === 0));
  waiting.map(pressed).forEach((button) => {
    if (button && !button.classList.contains("done")) {
      button.classList.add("done");
      button.append(page?.dataset.toBeSent ?? "");
    }
  });
}

/** Return the button that an answer was given with, if it stands on this page. */
function pressed(answer: Kept): HTMLButtonElement | undefined {
  const group = answer.fields.find(([name]) => name === "group")?.[1];
  return [...document.forms]
    .filter((form) => new URL(form.action).pathname === answer.address && (!group || new FormData(form).get("group") === group))
    .flatMap((form) => [...form.querySelectorAll("button")])
    .find((button) => button.value === answer.button);
}

function send(answer: Kept): Promise<Response> {
  const fields = new URLSearchParams(answer.fields.map(([name, value]) => [name, name === "csrf" ? (page?.dataset.csrf ?? "") : value]));
  return fetch(answer.address, { method: "POST", body: fields });
}

/** Send what was kept, oldest first; stop at the first that the network or the login keeps back. */
async function sendKept(): Promise<void> {
  for (let waiting = kept(); waiting.length > 0; waiting = kept()) {
    const response = await send(waiting[0]!).catch(() => undefined);
    if (!response || response.status >= 500 || new URL(response.url).pathname === "/login") return;
    keep(waiting.slice(1));
    if (!response.ok) document.querySelectorAll<HTMLElement>("[data-refused]").forEach((strip) => (strip.hidden = false));
    else if (kept().length === 0) location.reload();
  }
}

async function answer(event: SubmitEvent): Promise<void> {
  const form = event.target as HTMLFormElement;
  const button = event.submitter as HTMLButtonElement;
  event.preventDefault();
  const fields = [...new FormData(form, button)].map(([name, value]): [string, string] => [name, String(value)]);
  const given = { address: new URL(form.action).pathname, fields, button: button.value };
  const response = kept().length === 0 ? await send(given).catch(() => undefined) : undefined;
  if (!response || response.status >= 500) keep([...kept(), given]);
  else if (response.redirected) location.assign(response.url);
  else document.querySelectorAll<HTMLElement>("[data-refused]").forEach((strip) => (strip.hidden = false));
}

document.querySelectorAll<HTMLFormElement>("form[data-answer]").forEach((form) => form.addEventListener("submit", (event) => void answer(event)));
addEventListener("online", () => void sendKept());
addEventListener("offline", show);
setInterval(() => void sendKept(), RETRY_MS);
show();
void sendKept();
