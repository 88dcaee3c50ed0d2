// order-service, outbox-processor and invoice-service as processes, in a database and a topic of their
// own, on the servers that OUTBOX_TEST_* name.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
const BIN = process.env.OUTBOX_BIN_DIR ?? join(ROOT, "build/dev/bin");
export const OUTPUT = join(ROOT, "build/browser");
export const IMAGES = join(ROOT, "docs/images");
const LOGS = join(OUTPUT, "logs");

// A payload above this is refused by the producer, so that a message dies soon.
const MESSAGE_MAX_BYTES = 4000;

export interface Addresses {
  relay: string;
  orders: string;
  invoices: string;
  database: string;
  operatorToken: string;
  viewerToken: string;
}

type Settings = Record<string, string>;

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by ./dev test browser`);
  return value;
}

export function sql(database: string, text: string): string {
  return execFileSync("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text], {
    encoding: "utf8",
    env: { ...process.env, PGOPTIONS: "" },
  }).trim();
}

function withDatabase(url: string, name: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${name}`;
  return parsed.href;
}

const freePort = (): string =>
  execFileSync("python3", [join(ROOT, "stack/probe.py"), "port"], { encoding: "utf8" }).trim();

// The environment of a program: nothing of the caller's that is a setting.
function environment(settings: Settings): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(OUTBOX_|PG|DATABASE_URL|MONGO_URI|KAFKA_)/.test(name));
  return { ...Object.fromEntries(kept), ...settings };
}

export async function until<T>(what: string, seconds: number, look: () => Promise<T | null | false>): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look().catch(() => null);
    if (found) return found;
    if (Date.now() > end) throw new Error(`after ${seconds} s still not so: ${what}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

class Program {
  private process: ChildProcess;
  constructor(
    private readonly name: string,
    settings: Settings,
    readonly url: string,
    flags: string[] = [],
  ) {
    const log = openSync(join(LOGS, `${name}.log`), "w");
    this.process = spawn(join(BIN, name), flags, { env: environment(settings), stdio: ["ignore", log, log] });
    closeSync(log);
  }

  async ready(): Promise<void> {
    await until(`${this.name} is ready (its log: ${join(LOGS, `${this.name}.log`)})`, 30, async () => {
      if (this.process.exitCode !== null) throw new Error(`${this.name} ended`);
      return (await fetch(`${this.url}/readyz`)).ok;
    });
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill("SIGTERM");
    const killer = setTimeout(() => this.process.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(killer);
  }
}

export interface Running {
  addresses: Addresses;
  stop(): Promise<void>;
}

export async function startSystem(): Promise<Running> {
  const server = required("OUTBOX_TEST_POSTGRES");
  const brokers = required("OUTBOX_TEST_KAFKA");
  const mongo = required("OUTBOX_TEST_MONGO");
  mkdirSync(LOGS, { recursive: true });
  const name = `outbox_browser_${process.pid}_${Date.now()}`;
  sql(server, `create database ${name}`);
  const database = withDatabase(server, name);
  const topic = `order-events-${Date.now()}`;
  const outboxctl = (args: string[], settings: Settings = {}) =>
    execFileSync(join(BIN, "outboxctl"), args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: environment({ DATABASE_URL: database, ...settings }),
    });
  outboxctl(["migrate"]);

  const tokens = join(OUTPUT, "tokens");
  rmSync(tokens, { force: true });
  const token = (who: string, role: string) =>
    outboxctl(["token", "new", "--name", who, "--role", role, "--file", tokens]).trim();
  const operatorToken = token("ada", "operator");
  const viewerToken = token("grace", "viewer");

  const [orders, relay, invoices] = [freePort(), freePort(), freePort()];
  const url = (port: string) => `http://127.0.0.1:${port}`;
  const programs = [
    new Program("order-service", { DATABASE_URL: database, OUTBOX_HTTP__PORT: orders }, url(orders)),
    new Program(
      "outbox-processor",
      {
        DATABASE_URL: database,
        OUTBOX_HTTP__PORT: relay,
        OUTBOX_HTTP__TOKENS_FILE: tokens,
        OUTBOX_SINK__BROKERS: brokers,
        OUTBOX_SINK__ROUTES__ORDER: topic,
        OUTBOX_SINK__CONSUMER_GROUPS: `${topic}-invoices`,
        OUTBOX_RETRY__POLICY: "park",
        OUTBOX_RETRY__MAX_ATTEMPTS: "2",
        OUTBOX_RETRY__INITIAL_DELAY: "50ms",
        OUTBOX_TRACE__CONSUMER_URL: url(invoices),
      },
      url(relay),
      ["--set", `sink.properties.message.max.bytes=${MESSAGE_MAX_BYTES}`],
    ),
    new Program(
      "invoice-service",
      {
        MONGO_URI: mongo,
        OUTBOX_KAFKA__BROKERS: brokers,
        OUTBOX_KAFKA__TOPIC: topic,
        OUTBOX_KAFKA__GROUP: `${topic}-invoices`,
        OUTBOX_HTTP__PORT: invoices,
      },
      url(invoices),
    ),
  ];
  const stop = async () => {
    for (const program of programs) await program.stop();
    sql(server, `drop database if exists ${name} with (force)`);
  };
  try {
    await Promise.all(programs.map((program) => program.ready()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses: {
      relay: url(relay),
      orders: url(orders),
      invoices: url(invoices),
      database,
      operatorToken,
      viewerToken,
    },
    stop,
  };
}

// What the tests find in the environment, as they run in other processes than the setup.
export function addresses(): Addresses {
  return JSON.parse(readFileSync(join(OUTPUT, "addresses.json"), "utf8")) as Addresses;
}
