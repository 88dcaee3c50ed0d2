import { beforeEach, describe, expect, it, vi } from "vitest";
import { sampleOverview } from "./overview_sample";

// A server with one session, whose token is another after each sign-in.
class Server {
  csrf: string | null = "one";
  name: string | null = "ada";
  reachable = true;
  asked: string[] = [];

  answer(path: string, init: RequestInit): Response {
    const { method = "GET" } = init;
    this.asked.push(`${method} ${path.replace("/api/v1", "")}`);
    if (!this.reachable) throw new TypeError("no route");
    const shown = new Headers(init.headers).get("X-Outbox-CSRF");
    if (path.endsWith("/session") && method === "GET") {
      const role = this.name ? "operator" : "none";
      return Response.json({ name: this.name, role, csrfToken: this.csrf });
    }
    if (shown !== this.csrf) return Response.json({ title: "Forbidden" }, { status: 403 });
    if (method === "DELETE") {
      this.csrf = null;
      this.name = null;
      return new Response(null, { status: 204 });
    }
    return Response.json({ paused: true, changed: true });
  }
}

// Each test has a page of its own.
async function page() {
  vi.resetModules();
  const session = await import("./session");
  return { ...session, ...(await import("./live")), api: (await import("../api")).api };
}

describe("the session", () => {
  let server: Server;
  beforeEach(() => {
    vi.useFakeTimers();
    server = new Server();
    vi.stubGlobal("document", { hidden: true });
    vi.stubGlobal("fetch", async (path: string, init: RequestInit) => server.answer(path, init));
    return () => {
      vi.useRealTimers();
      vi.unstubAllGlobals();
    };
  });

  it("of another sign-in is taken over when a change is refused, and the change is done", async () => {
    const here = await page();
    await here.loadSession();
    server.csrf = "two"; // in another tab
    expect((await here.api.pause()).changed).toBe(true);
    expect(server.asked).toEqual(["GET /session", "POST /pause", "GET /session", "POST /pause"]);
  });

  it("that does not change leaves the refusal as it is, after one more question", async () => {
    const here = await page();
    server.csrf = null;
    server.name = null;
    await here.loadSession();
    server.asked = [];
    server.csrf = "hidden";
    vi.stubGlobal("fetch", async (path: string, init: RequestInit) =>
      init.method === "GET"
        ? Response.json({ name: null, role: "none", csrfToken: null })
        : server.answer(path, init),
    );
    await expect(here.api.pause()).rejects.toThrow("Forbidden");
    expect(server.asked).toEqual(["POST /pause"]);
  });

  it("is asked for again when the first question had no answer", async () => {
    const here = await page();
    server.reachable = false;
    await here.loadSession();
    expect(here.session.value).toBeNull();
    server.reachable = true;
    await vi.advanceTimersByTimeAsync(5000);
    expect(here.mayChange.value).toBe(true);
  });

  it("is asked for again when the server answers after it did not", async () => {
    const here = await page();
    await here.loadSession();
    server.asked = [];
    here.liveState.value = "failing";
    here.liveState.value = "connecting";
    expect(server.asked).toEqual([]);
    server.name = null;
    here.liveState.value = "streaming";
    await vi.advanceTimersByTimeAsync(0);
    expect(here.mayChange.value).toBe(false);
    here.liveState.value = "polling";
    expect(server.asked).toEqual(["GET /session"]);
  });

  it("that ends takes with it what was shown", async () => {
    const here = await page();
    await here.loadSession();
    const before = here.readers.value;
    here.overview.value = sampleOverview;
    await here.signOut();
    expect(here.overview.value).toBeNull();
    expect(here.readers.value).toBeGreaterThan(before);
    expect(here.session.value?.name).toBeNull();
  });

  it("is nobody's after signing out, also where the next answer does not come", async () => {
    const here = await page();
    await here.loadSession();
    here.overview.value = sampleOverview;
    vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
      if (init.method === "GET") throw new TypeError("no route");
      return server.answer(path, init);
    });
    await here.signOut();
    expect(here.overview.value).toBeNull();
    expect(here.mayChange.value).toBe(false);
  });
});
