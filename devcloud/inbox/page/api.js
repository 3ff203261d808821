// Every request is bounded, so that a host that hangs shows as "offline" and not as a page that stands still.
const TIMEOUT_MS = 8000;

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${answer.status} from ${path}`);
  return answer;
}

const json = async (path) => (await ask(path)).json();

export const rows = () => json("/api/inbox");
export const stats = () => json("/api/stats");
export const view = (number) => json(`/api/messages/${number}/view`);
export const source = async (number) => (await ask(`/api/messages/${number}/raw`)).arrayBuffer();
export const dialogue = (number) => json(`/api/messages/${number}/dialogue`);
export const tracesOf = async (messageId) => (await json(`/api/traces?message_id=${encodeURIComponent(messageId)}`)).traces;
export const traceById = (traceId) => json(`/api/traces/${encodeURIComponent(traceId)}`);
export const clear = () => ask("/api/messages", { method: "DELETE" });
